//! Spheres in cylindrical coordinates.

use super::conditional::{Coordinate, radius2};
use crate::prior::Prior;
use lattice_autograd::var::stack;
use lattice_autograd::{PerSample, Trace, Var};
use lattice_mc::Action;
use lattice_mc::observables::{self, Observable};
use lattice_tensor::field::{Channels, Scalar};
use lattice_tensor::{Fibre, Lattice, Location, Spec};
use std::f64::consts::TAU;

/// The coordinates of a point of `S^D`, `D ≥ 1`: heights `r_D, …, r_2`, then an angle. `S^D` is `S^{D−1}` at each height:
/// `x = (√(1 − r²) s, r)`, `s ∈ S^{D−1}`, with the area `(1 − r²)^{D/2−1} dr ds` (Rezende et al. 2002.02428, §2.3).
pub(super) fn coordinates(dimension: usize) -> Vec<Coordinate> {
    (1..=dimension).rev().map(|k| if k == 1 { Coordinate::Angle } else { Coordinate::Height }).collect()
}

/// The unit vectors at these coordinates.
pub fn embedded(coordinates: Var<'_, Channels>) -> Var<'_, Channels> {
    let parts = coordinates.parts();
    let (angle, heights) = (parts[parts.len() - 1], &parts[..parts.len() - 1]);
    let mut x = vec![angle.cos(), angle.sin()];
    for &height in heights.iter().rev() {
        let radius = radius2(height).sqrt();
        x.iter_mut().for_each(|x| *x = *x * radius);
        x.push(height);
    }
    stack(&x)
}

/// The unit vector at the coordinates of one point, as [`embedded`] has it.
pub fn unit_vector(coordinates: &[f64]) -> Vec<f64> {
    let Some((angle, heights)) = coordinates.split_last() else { return Vec::new() };
    let mut x = vec![angle.cos(), angle.sin()];
    for height in heights.iter().rev() {
        let radius = ((1.0 - height) * (1.0 + height)).max(0.0).sqrt();
        x.iter_mut().for_each(|x| *x *= radius);
        x.push(*height);
    }
    x
}

/// The coordinates of a vector's direction, two numbers at least: what [`unit_vector`] undoes.
pub fn coordinates_of(x: &[f64]) -> Vec<f64> {
    let height = |k: usize| {
        let radius = x[..=k].iter().map(|x| x * x).sum::<f64>().sqrt();
        if radius > 0.0 { (x[k] / radius).clamp(-1.0, 1.0) } else { 0.0 }
    };
    (2..x.len()).rev().map(height).chain([x[1].atan2(x[0])]).collect()
}

/// `Σ_k (k/2 − 1) ln(1 − r_k²)`: the logarithm of the area that belongs to the coordinates.
fn log_area<'t>(coordinates: Var<'t, Channels>) -> Var<'t, PerSample> {
    let parts = coordinates.parts();
    let dimension = parts.len();
    let factor = |(i, &height): (usize, &Var<'t, Scalar>)| {
        let k = dimension - i;
        (k > 2).then(|| radius2(height).ln() * (0.5 * k as f64 - 1.0))
    };
    let sum = parts.iter().enumerate().filter_map(factor).reduce(|a, b| a + b);
    sum.map_or(coordinates.trace().mask() * 0.0, Var::sum_sites)
}

/// An action of unit vectors as one of their coordinates. `e^{−S}` has the area of the sphere as its measure; what stands here has
/// that of the coordinates, so that `S' = S − Σ_k (k/2 − 1) ln(1 − r_k²)` of heights `r_k` on `S^k`.
#[derive(Clone, Debug)]
pub struct OnSphere<A>(pub A);

impl<A: Action<Channels>> OnSphere<A> {
    /// `D`: one less than the numbers of a unit vector.
    fn dimension(&self, lattice: &Lattice) -> usize {
        self.0.fibre(lattice).components() - 1
    }
}

impl<A: Action<Channels>> Action<Channels> for OnSphere<A> {
    fn action<'t>(&self, coordinates: Var<'t, Channels>) -> Var<'t, PerSample> {
        self.0.action(embedded(coordinates)) - log_area(coordinates)
    }

    fn fibre(&self, lattice: &Lattice) -> Fibre {
        Fibre::Channels(self.dimension(lattice))
    }

    fn observables<'t>(&self, coordinates: Var<'t, Channels>) -> Option<Vec<Observable<'t>>> {
        Some(observables::measured(&self.0, embedded(coordinates)))
    }

    fn formula(&self) -> String {
        self.0.formula()
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        self.0.couplings()
    }

    fn fits(&self, lattice: &Lattice) -> Result<(), String> {
        match self.0.fibre(lattice) {
            Fibre::Channels(n) if n >= 2 => self.0.fits(lattice),
            other => {
                Err(format!("an action on a sphere: expected unit vectors of at least 2 channels, found {other:?}"))
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        self.0.check()
    }
}

/// Independent points, uniform on `S^D`, one on every site, by their coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UniformSphere {
    /// `D ≥ 1`.
    pub dimension: usize,
}

impl UniformSphere {
    /// `ln |S^D|`, the area `2 π^{(D+1)/2} / Γ((D+1)/2)`: products of `|S^k|/|S^{k−2}| = 2π/(k−1)` from `|S¹| = 2π`, `|S⁰| = 2`.
    fn log_whole_area(self) -> f64 {
        let first = if self.dimension % 2 == 1 { TAU } else { 2.0 };
        let steps = (2..=self.dimension).filter(|k| k % 2 == self.dimension % 2);
        steps.map(|k| (TAU / (k as f64 - 1.0)).ln()).sum::<f64>() + first.ln()
    }
}

impl Prior<Channels> for UniformSphere {
    /// The angle is uniform; heights are those of a normal vector in `D + 1` dimensions.
    fn sample<'t>(&self, trace: &'t Trace, stream: &str) -> Var<'t, Channels> {
        let spec = |channels| Spec::Field { location: Location::All, fibre: Fibre::Channels(channels) };
        let angle = (trace.uniform_as::<Channels>(&format!("{stream}.angle"), spec(1)).channel(0) - 0.5) * TAU;
        if self.dimension == 1 {
            return stack(&[angle]);
        }
        let normal = trace.normal_as::<Channels>(&format!("{stream}.heights"), spec(self.dimension + 1)).parts();
        let mut norm2 = normal[0].square() + normal[1].square();
        let mut coordinates = vec![angle];
        for &x in &normal[2..] {
            norm2 = norm2 + x.square();
            coordinates.push(x / norm2.sqrt());
        }
        coordinates.reverse();
        stack(&coordinates)
    }

    fn log_density<'t>(&self, z: Var<'t, Channels>) -> Var<'t, PerSample> {
        log_area(z) - self.log_whole_area() * z.trace().lattice().volume() as f64
    }
}
