//! The shape of the learning rate over a run, as a value: a factor that multiplies the base rate.
//!
//! ```text
//! constant            1
//! cosine:f@n          f + (1 - f) (1 + cos(π s/n))/2 until step n, then f; f = 0 and n = the run unless given
//! exponential:f@n     f^(s/n)
//! step:f@n            f^⌊s/n⌋
//! piecewise:f@n,...   1, then f from step n on, and so on
//! warmup:n+...        (s+1)/(n+1) until step n, then the rest, which counts from there
//! ```
//! Cosine: Loshchilov and Hutter, arXiv:1608.03983, equation 5, without restarts.

use super::OptimError;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// How the learning rate changes over a run. Steps count from 0. Text is parsed and printed in the forms above.
///
/// ```
/// use lattice_autograd::optim::Schedule;
/// let schedule: Schedule = "warmup:9+cosine:0.01".parse()?;
/// assert_eq!(schedule.factor(0, 109), 0.1);
/// assert_eq!(schedule.factor(9, 109), 1.0);
/// assert_eq!(schedule.factor(109, 109), 0.01);
/// assert_eq!(schedule.to_string(), "warmup:9+cosine:0.01");
/// # Ok::<(), lattice_autograd::optim::OptimError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Schedule {
    /// Always the base rate.
    #[default]
    Constant,
    /// Half a period of a cosine from 1 to a fraction, which then stays.
    Cosine {
        /// The fraction at the end, in [0, 1].
        to: f64,
        /// After how many steps; `None`: at the end of the run.
        over: Option<u64>,
    },
    /// Multiplied by a factor over so many steps, smoothly.
    Exponential {
        /// The factor, in (0, 1].
        factor: f64,
        /// How many steps, at least 1.
        every: u64,
    },
    /// Multiplied by a factor at every multiple of so many steps.
    Step {
        /// The factor, in (0, 1].
        factor: f64,
        /// How many steps, at least 1.
        every: u64,
    },
    /// From each step on, a fraction of the base rate; 1 before the first.
    Piecewise(Vec<(u64, f64)>),
    /// A line up to 1 over so many steps, then another schedule, without a warm-up of its own.
    Warmup {
        /// How many steps, at least 1.
        steps: u64,
        /// What follows.
        then: Box<Schedule>,
    },
}

impl Schedule {
    /// The factor at a step of a run of so many steps. The last step of the run is `run - 1`; later ones are allowed.
    pub fn factor(&self, step: u64, run: u64) -> f64 {
        match self {
            Schedule::Constant => 1.0,
            Schedule::Cosine { to, over } => match over.unwrap_or(run) {
                n if step < n => to + (1.0 - to) * (0.5 + 0.5 * libm::cos(PI * (step as f64 / n as f64))),
                _ => *to,
            },
            Schedule::Exponential { factor, every } => libm::pow(*factor, step as f64 / (*every).max(1) as f64),
            Schedule::Step { factor, every } => libm::pow(*factor, (step / (*every).max(1)) as f64),
            Schedule::Piecewise(pieces) => {
                pieces.iter().rev().find(|(start, _)| *start <= step).map_or(1.0, |&(_, factor)| factor)
            }
            Schedule::Warmup { steps, .. } if step < *steps => (step as f64 + 1.0) / (*steps as f64 + 1.0),
            Schedule::Warmup { steps, then } => then.factor(step - steps, run.saturating_sub(*steps)),
        }
    }

    /// Checks the ranges given with each case; a schedule that was parsed satisfies them.
    pub fn check(&self) -> Result<(), OptimError> {
        let decays = |what, factor: f64, every: u64| {
            OptimError::setting(what, factor, factor > 0.0 && factor <= 1.0, "a number in (0, 1]")?;
            OptimError::setting("steps of a decay", every as f64, every > 0, "at least one")
        };
        match self {
            Schedule::Constant => Ok(()),
            Schedule::Cosine { to, over } => {
                OptimError::setting("last fraction of a cosine", *to, (0.0..=1.0).contains(to), "a number in [0, 1]")?;
                OptimError::setting("steps of a cosine", 0.0, *over != Some(0), "at least one")
            }
            Schedule::Exponential { factor, every } => decays("factor of an exponential", *factor, *every),
            Schedule::Step { factor, every } => decays("factor of a step", *factor, *every),
            Schedule::Piecewise(pieces) => {
                let ordered = !pieces.is_empty() && pieces.is_sorted_by(|a, b| a.0 < b.0);
                let count = pieces.len() as f64;
                OptimError::setting("pieces", count, ordered, "at least one, with increasing steps")?;
                pieces.iter().try_for_each(|&(_, x)| {
                    OptimError::setting(
                        "fraction of a piece",
                        x,
                        x >= 0.0 && x.is_finite(),
                        "zero or a positive number",
                    )
                })
            }
            Schedule::Warmup { steps, then } => {
                let alone = *steps > 0 && !matches!(**then, Schedule::Warmup { .. });
                OptimError::setting("steps of a warm-up", *steps as f64, alone, "at least one, and no second warm-up")?;
                then.check()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECREASING: [&str; 7] = [
        "constant",
        "cosine",
        "cosine:0.01",
        "cosine:0.1@300",
        "exponential:0.1@100",
        "step:0.5@64",
        "piecewise:0.5@9,0.1@500",
    ];

    #[test]
    fn schedules_begin_at_one_and_never_grow() -> Result<(), OptimError> {
        for text in DECREASING {
            let schedule: Schedule = text.parse()?;
            let factors: Vec<f64> = (0..1500).map(|s| schedule.factor(s, 1000)).collect();
            assert_eq!(factors[0], 1.0, "{text}");
            assert!(factors.is_sorted_by(|a, b| a >= b && *b >= 0.0), "{text}");
        }
        Ok(())
    }

    #[test]
    fn schedules_end_where_they_say() -> Result<(), OptimError> {
        let ends = [
            ("cosine", 1000, 0.0),
            ("cosine", 500, 0.5),
            ("cosine:0.01", 1000, 0.01),
            ("cosine:0.01", 5000, 0.01),
            ("cosine:0.2@300", 300, 0.2),
            ("cosine:0.2@300", 150, 0.6),
            ("exponential:0.1@1000", 1000, 0.1),
            ("exponential:0.25@1000", 500, 0.5),
            ("step:0.5@10", 9, 1.0),
            ("step:0.5@10", 10, 0.5),
            ("step:0.5@10", 39, 0.125),
            ("piecewise:0.5@3,0.1@7", 6, 0.5),
            ("piecewise:0.5@3,0.1@7", 7, 0.1),
        ];
        for (text, step, expected) in ends {
            let factor = text.parse::<Schedule>()?.factor(step, 1000);
            assert!((factor - expected).abs() < 1e-14, "{text} at {step}: {factor}");
        }
        assert!("cosine".parse::<Schedule>()?.factor(999, 1000) > 0.0);
        Ok(())
    }

    #[test]
    fn a_warm_up_rises_to_the_schedule_which_then_runs_to_the_end() -> Result<(), OptimError> {
        for text in DECREASING {
            let (warm, cold) = (format!("warmup:40+{text}").parse::<Schedule>()?, text.parse::<Schedule>()?);
            let rise: Vec<f64> = (0..=40).map(|s| warm.factor(s, 1000)).collect();
            assert!(rise[0] > 0.0 && rise.is_sorted_by(|a, b| a < b), "{text}");
            assert!((40..1100).all(|s| warm.factor(s, 1000) == cold.factor(s - 40, 960)), "{text}");
        }
        Ok(())
    }

    #[test]
    fn any_value_has_a_factor_even_one_that_check_refuses() {
        let warm = |then| Schedule::Warmup { steps: 0, then: Box::new(then) };
        for schedule in [
            Schedule::Cosine { to: f64::NAN, over: Some(0) },
            Schedule::Cosine { to: -1.0, over: None },
            Schedule::Step { factor: 0.0, every: 0 },
            Schedule::Exponential { factor: 2.0, every: 0 },
            Schedule::Piecewise(vec![]),
            Schedule::Piecewise(vec![(3, 0.5), (3, 0.1)]),
            warm(Schedule::Constant),
            Schedule::Warmup { steps: 1, then: Box::new(warm(Schedule::Constant)) },
        ] {
            for (step, run) in [(0, 0), (u64::MAX, 0), (0, u64::MAX), (u64::MAX, u64::MAX)] {
                schedule.factor(step, run);
            }
            assert!(schedule.check().is_err(), "{schedule:?}");
        }
    }
}
