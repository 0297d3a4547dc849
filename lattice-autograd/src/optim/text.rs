//! Schedules as text, for the command line and for files: `warmup:100+cosine:0.01`, `64..256`.

use super::{BatchSchedule, OptimError, Schedule};
use std::fmt;
use std::str::FromStr;

const SCHEDULE: &str = "constant, cosine[:fraction[@steps]], exponential:factor@steps, step:factor@steps or \
     piecewise:factor@step,..., each perhaps after warmup:steps+";
const BATCH: &str = "size, from..to or from..to/stages";

impl FromStr for Schedule {
    type Err = OptimError;

    fn from_str(text: &str) -> Result<Schedule, OptimError> {
        let schedule = match text.split_once('+') {
            Some((warmup, rest)) => warmup
                .strip_prefix("warmup:")
                .and_then(|n| Some(Schedule::Warmup { steps: n.parse().ok()?, then: Box::new(plain(rest)?) })),
            None => plain(text),
        };
        let schedule = schedule.ok_or_else(|| OptimError::Text { text: text.to_string(), expected: SCHEDULE })?;
        schedule.check()?;
        Ok(schedule)
    }
}

/// A schedule without warm-up.
fn plain(text: &str) -> Option<Schedule> {
    let (name, settings) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
    Some(match (name, settings) {
        ("constant", None) => Schedule::Constant,
        ("cosine", None) => Schedule::Cosine { to: 0.0, over: None },
        ("cosine", Some(settings)) => match at(settings) {
            Some((to, n)) => Schedule::Cosine { to, over: Some(n) },
            None => Schedule::Cosine { to: settings.parse().ok()?, over: None },
        },
        ("exponential", Some(settings)) => {
            let (factor, every) = at(settings)?;
            Schedule::Exponential { factor, every }
        }
        ("step", Some(settings)) => {
            let (factor, every) = at(settings)?;
            Schedule::Step { factor, every }
        }
        ("piecewise", Some(settings)) => {
            let pieces = settings.split(',').map(|piece| at(piece).map(|(factor, n)| (n, factor)));
            Schedule::Piecewise(pieces.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// `factor@steps`.
fn at(text: &str) -> Option<(f64, u64)> {
    let (factor, steps) = text.split_once('@')?;
    Some((factor.parse().ok()?, steps.parse().ok()?))
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Schedule::Constant => write!(f, "constant"),
            Schedule::Cosine { to: 0.0, over: None } => write!(f, "cosine"),
            Schedule::Cosine { to, over: None } => write!(f, "cosine:{to}"),
            Schedule::Cosine { to, over: Some(n) } => write!(f, "cosine:{to}@{n}"),
            Schedule::Exponential { factor, every } => write!(f, "exponential:{factor}@{every}"),
            Schedule::Step { factor, every } => write!(f, "step:{factor}@{every}"),
            Schedule::Piecewise(pieces) => {
                for (i, (start, factor)) in pieces.iter().enumerate() {
                    write!(f, "{}{factor}@{start}", if i == 0 { "piecewise:" } else { "," })?;
                }
                Ok(())
            }
            Schedule::Warmup { steps, then } => write!(f, "warmup:{steps}+{then}"),
        }
    }
}

impl FromStr for BatchSchedule {
    type Err = OptimError;

    fn from_str(text: &str) -> Result<BatchSchedule, OptimError> {
        let parsed = || {
            let Some((from, rest)) = text.split_once("..") else {
                let size = text.parse().ok()?;
                return Some((size, size, None));
            };
            let (to, stages) = rest.split_once('/').map_or((rest, None), |(to, stages)| (to, Some(stages)));
            let stages = match stages {
                Some(stages) => Some(stages.parse().ok()?),
                None => None,
            };
            Some((from.parse().ok()?, to.parse().ok()?, stages))
        };
        match parsed() {
            Some((from, to, Some(stages))) => BatchSchedule::new(from, to, stages),
            Some((from, to, None)) => BatchSchedule::doubling(from, to),
            None => Err(OptimError::Text { text: text.to_string(), expected: BATCH }),
        }
    }
}

impl fmt::Display for BatchSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to, stages) = (self.first(), self.last(), self.stages());
        match BatchSchedule::doubling(from, to).is_ok_and(|doubling| doubling == *self) {
            true if from == to => write!(f, "{from}"),
            true => write!(f, "{from}..{to}"),
            false => write!(f, "{from}..{to}/{stages}"),
        }
    }
}

impl TryFrom<String> for Schedule {
    type Error = OptimError;

    fn try_from(text: String) -> Result<Schedule, OptimError> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> String {
        schedule.to_string()
    }
}

impl TryFrom<String> for BatchSchedule {
    type Error = OptimError;

    fn try_from(text: String) -> Result<BatchSchedule, OptimError> {
        text.parse()
    }
}

impl From<BatchSchedule> for String {
    fn from(schedule: BatchSchedule) -> String {
        schedule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_parsed() -> Result<(), Box<dyn std::error::Error>> {
        for text in [
            "constant",
            "cosine",
            "cosine:0.01",
            "cosine:0@50",
            "cosine:0.3333333333333333@7",
            "exponential:0.1@1000",
            "step:0.5@18446744073709551615",
            "piecewise:0.3@1000,0.1@2000,0@3000",
            "warmup:100+piecewise:2@5",
            "warmup:1+constant",
        ] {
            let schedule: Schedule = text.parse()?;
            assert_eq!(schedule.to_string(), text);
            let json = serde_json::to_string(&schedule)?;
            assert_eq!((&json, serde_json::from_str::<Schedule>(&json)?), (&format!("{text:?}"), schedule));
        }
        for text in ["64", "64..256", "16..4096", "64..256/2", "64..256/9", "64..80", "64..64/3"] {
            let schedule: BatchSchedule = text.parse()?;
            assert_eq!(schedule.to_string(), text);
            let json = serde_json::to_string(&schedule)?;
            assert_eq!((&json, serde_json::from_str::<BatchSchedule>(&json)?), (&format!("{text:?}"), schedule));
        }
        assert_eq!("cosine:1e-2".parse::<Schedule>()?, "cosine:0.01".parse()?);
        assert_eq!("64..256/3".parse::<BatchSchedule>()?, "64..256".parse()?);
        Ok(())
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in [
            "",
            "Constant",
            "constant:1",
            "cosine:",
            "cosine:1.5",
            "cosine:-0.1",
            "cosine:nan",
            "cosine:0.1@0",
            "cosine:0.1@",
            "cosine:0.1@-5",
            "exponential",
            "exponential:0.1",
            "exponential:0@10",
            "exponential:2@10",
            "step:0.5@0",
            "step:inf@3",
            "piecewise:",
            "piecewise:1@5,0.5@5",
            "piecewise:1@5,",
            "piecewise:-1@5",
            "warmup:10",
            "warmup:0+cosine",
            "warmup:5+warmup:5+cosine",
            "warmup:x+cosine",
            "cosine+constant",
            "cosine ",
        ] {
            assert!(text.parse::<Schedule>().is_err(), "{text:?}");
            assert!(serde_json::from_str::<Schedule>(&format!("{text:?}")).is_err(), "{text:?}");
        }
        for text in [
            "",
            "0",
            "-16",
            "64..",
            "..64",
            "256..64",
            "64..256/0",
            "64..256/1",
            "64..256/",
            "0..64",
            "64...256",
            "99999999999999999999",
            "64..256/99999999999",
        ] {
            assert!(text.parse::<BatchSchedule>().is_err(), "{text:?}");
        }
    }
}
