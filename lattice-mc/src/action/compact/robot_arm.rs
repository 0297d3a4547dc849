//! The posterior of a robot arm.

use super::{MOST, combination, harmonics, mean};
use crate::Action;
use crate::observables::Observable;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::{Channels, Scalar};
use lattice_tensor::{Fibre, Lattice};

/// Where the joints of an arm are, given where its tip is seen: `S = |r − c|²/2σ²` with the tip
/// `r = Σ_i l_i (cos θ_i, sin θ_i)`, with the measure `Π dθ_i`.
///
/// `θ_i` is the direction of link `i` against the `x` axis; the angles of the joints are their differences, a map of the torus
/// with determinant 1, so that both have the same density (2002.02428, §4).
#[derive(Clone, Debug, PartialEq)]
pub struct RobotArm {
    /// Lengths of the links, from the fixed end.
    pub links: Vec<f64>,
    /// `c`, where the tip is seen.
    pub centre: [f64; 2],
    /// `σ > 0`, the error of that.
    pub sigma: f64,
}

impl Default for RobotArm {
    /// Six links of 0.2, the tip at (0.6, 0.3) to 0.1.
    fn default() -> Self {
        RobotArm { links: vec![0.2; 6], centre: [0.6, 0.3], sigma: 0.1 }
    }
}

/// The lengths as couplings.
const LINKS: [&str; MOST] = [
    "link_1", "link_2", "link_3", "link_4", "link_5", "link_6", "link_7", "link_8", "link_9", "link_10", "link_11",
    "link_12", "link_13", "link_14", "link_15", "link_16",
];

impl RobotArm {
    /// `r`
    fn tip<'t>(&self, angles: Var<'t, Channels>) -> Option<[Var<'t, Scalar>; 2]> {
        let parts = angles.parts();
        let along = |f: fn(Var<'t, Scalar>) -> Var<'t, Scalar>| {
            combination(&self.links, &parts.iter().map(|&theta| f(theta)).collect::<Vec<_>>())
        };
        Some([along(Var::cos)?, along(Var::sin)?])
    }

    /// `|r − c|²`
    fn distance2<'t>(&self, [x, y]: [Var<'t, Scalar>; 2]) -> Var<'t, Scalar> {
        (x - self.centre[0]).square() + (y - self.centre[1]).square()
    }
}

impl Action<Channels> for RobotArm {
    fn action<'t>(&self, angles: Var<'t, Channels>) -> Var<'t, PerSample> {
        let distance2 = self.tip(angles).map(|tip| self.distance2(tip).sum_sites());
        distance2.unwrap_or(angles.trace().mask() * 0.0) * (0.5 / (self.sigma * self.sigma))
    }

    fn fibre(&self, _lattice: &Lattice) -> Fibre {
        Fibre::Channels(self.links.len())
    }

    fn observables<'t>(&self, angles: Var<'t, Channels>) -> Option<Vec<Observable<'t>>> {
        let tip = self.tip(angles)?;
        let mut list = harmonics(angles);
        let own = [("tip_x", tip[0]), ("tip_y", tip[1]), ("distance2", self.distance2(tip))];
        list.extend(own.map(|(name, field)| (name.into(), mean(field))));
        Some(list)
    }

    fn formula(&self) -> String {
        "S = |sum_i l_i (cos theta_i, sin theta_i) - c|^2 / (2 sigma^2)".into()
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        let links = LINKS.into_iter().zip(self.links.iter().copied());
        [("center_x", self.centre[0]), ("center_y", self.centre[1]), ("sigma", self.sigma)]
            .into_iter()
            .chain(links)
            .collect()
    }

    fn check(&self) -> Result<(), String> {
        if !(1..=MOST).contains(&self.links.len()) || self.links.iter().any(|l| !(*l > 0.0 && l.is_finite())) {
            return Err(format!("links: expected 1 to {MOST} positive lengths, found {:?}", self.links));
        }
        if !self.centre.iter().all(|x| x.is_finite()) {
            return Err(format!("center: expected two numbers, found {:?}", self.centre));
        }
        if !(self.sigma > 0.0 && self.sigma.is_finite()) {
            return Err(format!("sigma: expected a positive number, found {}", self.sigma));
        }
        Ok(())
    }
}
