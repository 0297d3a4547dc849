//! Error bars, and tests of whether to believe them.
//!
mod autocorrelation;
mod blocks;
mod bootstrap;
mod combine;
mod derived;
mod display;
mod error;
mod estimate;
mod fluctuations;
mod jackknife;
mod pulls;
#[cfg(test)]
mod synthetic;

pub use autocorrelation::{GammaMethod, autocorrelation_function, estimate};
pub use blocks::{Blocks, Resampled};
pub use bootstrap::bootstrap;
pub use combine::{Combined, weighted_mean};
pub use display::value_with_error;
pub use error::StatisticsError;
pub use estimate::Estimate;
pub use jackknife::jackknife;
pub use pulls::{ChiSquared, chi_squared_of_pulls, normal_two_sided_p_value};
