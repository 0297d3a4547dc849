//! Theory, couplings, lattice.

use super::TargetArgs;
use clap::{Args, ValueEnum};
use lattice_fields::flows::Flat;
use lattice_fields::flows::checkpoint::Description;
use lattice_fields::mc::exact::gauge::GroupName;
use serde::{Serialize, Serializer};
use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TheoryName {
    /// S = sum_x [ sum_mu (phi(x+mu) - phi(x))^2 + m2 phi^2 + lambda phi^4 ]
    Phi4,
    /// The same with lambda = 0, m2 > 0.
    Free,
    /// Compact U(1): S = -beta sum_P cos P
    U1,
    /// SU(2): S = -beta/2 sum_P Re tr P
    Su2,
    /// SU(3): S = -beta/3 sum_P Re tr P
    Su3,
    /// A density of angles, see --target.
    Torus,
    /// A density of unit vectors, see --target.
    Sphere,
}

impl TheoryName {
    /// Puts the defaults of a scalar theory where no coupling was given. The coupling of a gauge theory must be said.
    pub fn complete(self, m2: &mut Option<f64>, lambda: &mut Option<f64>) {
        let (default_m2, default_lambda) = match self {
            TheoryName::Phi4 => (-4.0, 8.0),
            TheoryName::Free => (1.0, 0.0),
            _ => return,
        };
        m2.get_or_insert(default_m2);
        lambda.get_or_insert(default_lambda);
    }

    pub fn name(self) -> &'static str {
        match self {
            TheoryName::Phi4 => "phi4",
            TheoryName::Free => "free",
            TheoryName::U1 | TheoryName::Su2 | TheoryName::Su3 => self.group().map_or("", GroupName::name),
            TheoryName::Torus => "torus",
            TheoryName::Sphere => "sphere",
        }
    }

    /// The group of a gauge theory.
    pub fn group(self) -> Option<GroupName> {
        match self {
            TheoryName::Phi4 | TheoryName::Free | TheoryName::Torus | TheoryName::Sphere => None,
            TheoryName::U1 => Some(GroupName::U1),
            TheoryName::Su2 => Some(GroupName::SU2),
            TheoryName::Su3 => Some(GroupName::SU3),
        }
    }
}

/// Extents such as 8x8 or 16x4x4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extents(pub Vec<usize>);

impl FromStr for Extents {
    type Err = String;
    fn from_str(text: &str) -> Result<Extents, String> {
        let extent = |part: &str| match part.trim().parse::<usize>() {
            Ok(0) => Err(format!("every extent must be at least 1, found 0 in {text:?}")),
            Ok(extent) => Ok(extent),
            Err(_) => Err(format!("expected extents such as 8x8, found {text:?}")),
        };
        let extents = text.split('x').map(extent).collect::<Result<Vec<_>, _>>()?;
        if extents.len() > 8 {
            Err(format!("expected at most 8 extents, found {}", extents.len()))
        } else {
            Ok(Extents(extents))
        }
    }
}

impl std::fmt::Display for Extents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.iter().map(usize::to_string).collect::<Vec<_>>().join("x"))
    }
}

impl Serialize for Extents {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// The theory and its lattice.
#[derive(Clone, Debug, Args, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TheoryArgs {
    /// The theory.
    #[arg(long, value_enum, default_value = "phi4")]
    pub theory: TheoryName,
    /// The extents; a torus or a sphere has one point [default: 8x8]
    #[arg(long, hide_default_value = true, default_value = "8x8", default_value_ifs = [("theory", "torus", "1"), ("theory", "sphere", "1")])]
    pub lattice: Extents,
    /// The coupling m2, which may be negative [default: -4, for the free theory 1]
    #[arg(long, allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub m2: Option<f64>,
    /// The coupling lambda [default: 8, for the free theory 0]
    #[arg(long, allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lambda: Option<f64>,
    /// The coupling beta of a gauge theory.
    #[arg(long, allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beta: Option<f64>,
    #[command(flatten)]
    #[serde(flatten)]
    pub target: TargetArgs,
}

impl TheoryArgs {
    /// What a model was trained for, its target aside.
    pub fn of_model<K: Flat>(theory: TheoryName, model: &Description<K>) -> TheoryArgs {
        let coupling = |name: &str| model.couplings.get(name).copied();
        let mut args = TheoryArgs {
            theory,
            lattice: Extents(model.lattice.clone()),
            m2: coupling("m2"),
            lambda: coupling("lambda"),
            beta: coupling("beta"),
            target: TargetArgs::default(),
        };
        args.complete();
        args
    }

    /// Puts the defaults of the theory where no coupling was given.
    pub fn complete(&mut self) {
        self.theory.complete(&mut self.m2, &mut self.lambda);
    }
}
