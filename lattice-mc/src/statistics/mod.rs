//! Error bars, and tests of whether to believe them.
//!
mod error;
mod pulls;

pub use error::StatisticsError;
pub use pulls::{ChiSquared, chi_squared_of_pulls, normal_two_sided_p_value};
