//! Error bars, and tests of whether to believe them.
//!
//! | question | file |
//! |---|---|
//! | the mean of a Markov chain, with its error | [`GammaMethod`], [`estimate`] |
//! | a function of several such means | [`GammaMethod::derived_traced`], [`jackknife`], [`bootstrap`] |
//! | a model of many such means, with all their correlations | [`Covariance`], [`GammaMethod::fit`] |
//! | the weights of a flow: ESS, log Z, KL, reweighting | [`ess`], [`log_z`], [`kl`], [`reweighted_mean`] |
//! | a chain read at other couplings; derivatives in couplings | [`Reweighting`], [`GammaMethod::derivative`] |
//! | a gauge theory at real θ from chains at θ = 0 | [`Theta`] |
//! | a flow judged by samples of the theory too | [`TwoSided`] |
//! | what speaks against believing a run | [`chain_warnings`], [`sign_warning`], [`weight_warnings`], [`repeat_warning`] |
//! | many runs: do they agree, and what do they say together | [`chi_squared_of_pulls`], [`weighted_mean`] |
//! | the series for pyerrors or a table program | [`write_pyerrors`], [`write_csv`] |
//! | printing 0.7441(12) | [`value_with_error`] |
mod autocorrelation;
mod blocks;
mod bootstrap;
mod combine;
mod covariance;
mod derived;
mod display;
mod error;
mod estimate;
mod export;
mod fit;
mod fluctuations;
mod function;
mod jackknife;
mod pulls;
mod reweighting;
#[cfg(test)]
mod synthetic;
mod theta;
mod two_sided;
mod warnings;
mod weights;

pub use autocorrelation::{GammaMethod, autocorrelation_function, estimate};
pub use blocks::{Blocks, Resampled};
pub use bootstrap::bootstrap;
pub use combine::{Combined, weighted_mean};
pub use covariance::Covariance;
pub use display::value_with_error;
pub use error::StatisticsError;
pub use estimate::Estimate;
pub use export::{ExportError, write_csv, write_pyerrors};
pub use fit::{Fit, fit_values};
pub use function::Function;
pub use jackknife::jackknife;
pub use pulls::{ChiSquared, chi_squared_of_pulls, normal_two_sided_p_value};
pub use reweighting::{Overlap, Reweighting};
pub use theta::Theta;
pub use two_sided::TwoSided;
pub use warnings::{
    ENOUGH_THERMALISATION, ENOUGH_TIMES, LEVEL, Warning, chain_warnings, repeat_warning, sign_warning,
    two_sided_warning, weight_warnings,
};
pub use weights::{ess, free_energy, kl, kl_given_log_z, log_mean_exp, log_z, reweighted_mean};
