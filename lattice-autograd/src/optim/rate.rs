//! The learning rate of each step of a run.

use super::{OptimError, Schedule};
use serde::{Deserialize, Serialize};

/// A base rate, a schedule, and the length of the run that the schedule refers to.
///
/// ```
/// use lattice_autograd::optim::LearningRate;
/// let rate = LearningRate::new(1e-3, "cosine".parse()?, 20_000)?;
/// assert_eq!(rate.lr(0), 1e-3);
/// assert!((rate.lr(10_000) - 5e-4).abs() < 1e-18);
/// assert_eq!(rate.lr(20_000), 0.0);
/// # Ok::<(), lattice_autograd::optim::OptimError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct LearningRate {
    base: f64,
    schedule: Schedule,
    run: u64,
}

/// What a file may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    base: f64,
    #[serde(default)]
    schedule: Schedule,
    run: u64,
}

impl TryFrom<Unchecked> for LearningRate {
    type Error = OptimError;

    fn try_from(file: Unchecked) -> Result<LearningRate, OptimError> {
        LearningRate::new(file.base, file.schedule, file.run)
    }
}

impl LearningRate {
    /// A positive base rate, changed by the schedule over a run of so many steps.
    pub fn new(base: f64, schedule: Schedule, run: u64) -> Result<LearningRate, OptimError> {
        OptimError::setting("learning rate", base, base > 0.0 && base.is_finite(), "a positive number")?;
        schedule.check()?;
        Ok(LearningRate { base, schedule, run })
    }

    /// The learning rate of a step, the first being step 0.
    pub fn lr(&self, step: u64) -> f64 {
        self.base * self.schedule.factor(step, self.run)
    }

    /// The rate that the schedule multiplies.
    pub fn base(&self) -> f64 {
        self.base
    }

    /// The shape over the run.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The length of the run, in steps.
    pub fn run(&self) -> u64 {
        self.run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_the_base_times_the_factor_and_survives_a_file() -> Result<(), Box<dyn std::error::Error>> {
        let rate = LearningRate::new(3e-4, "warmup:10+exponential:0.1@50".parse()?, 100)?;
        assert!((0..200).all(|s| rate.lr(s) == 3e-4 * rate.schedule().factor(s, 100)));
        assert_eq!(serde_json::from_str::<LearningRate>(&serde_json::to_string(&rate)?)?, rate);
        Ok(())
    }

    #[test]
    fn a_rate_that_is_none_is_refused() {
        for base in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(LearningRate::new(base, Schedule::Constant, 1).is_err(), "{base}");
        }
        assert!(LearningRate::new(1.0, Schedule::Step { factor: 0.5, every: 0 }, 1).is_err());
        assert!(serde_json::from_str::<LearningRate>(r#"{"base": -1.0, "run": 5}"#).is_err());
    }
}
