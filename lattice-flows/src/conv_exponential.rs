//! The exponential of a convolution: a linear map of any spectrum, whose log-determinant is one number.

use crate::bijection::Bijection;
use crate::condition::{self, Condition};
use crate::error::Error;
use lattice_autograd::params::Parameters;
use lattice_autograd::{PerSample, Trace, Var, Weights};
use lattice_tensor::field::Scalar;
use lattice_tensor::{Lattice, Location};
use std::ops::Range;

/// `y = e^K x` with a periodic convolution `K` whose kernel `w` is learnt; `log |det| = tr K = V w(0)` (Hoogeboom et
/// al., "The Convolution Exponential", 2006.01910).
///
/// Applied to the normal prior it gives Gaussian fields of the two-point function `e^{K(p)} e^{K(p)*}`, the free field
/// among them. Checkerboard couplings need that: a linear one has the same determinant at every pair of momenta `p`,
/// `p + π`, and the two-point function of a lattice field has not.
///
/// Training keeps `w(−d) = w(d)`: the exponential of the rest is a rotation that leaves the prior as it is, and would
/// wander.
///
/// `w(0)` is split off exactly; of the rest `K'` the exponential series is taken to `K'^n/n!`, `n = TERMS`. Its
/// remainder is below `‖w'‖₁^{n+1}/(n+1)!`, which [`Bijection::restrict`] keeps below the
/// rounding of `f32`.
/// Given conditions `c`, the kernel is `w + Σ_i c_i w_i`.
#[derive(Clone, Debug)]
pub struct ConvExponential {
    name: String,
    extents: Vec<usize>,
    kernels: Vec<Range<usize>>,
    conditions: Vec<Condition>,
}

impl ConvExponential {
    /// Terms of the series.
    pub const TERMS: usize = 20;

    /// The largest `‖w'‖₁`: the remainder is then below 6·10⁻⁹, and 2·10⁻⁷ of the smallest `|e^{K'(p)}|`.
    pub const NORM: f64 = 3.5;

    /// The identity, its kernel of extent `extent` in every direction, under `name`.
    ///
    /// # Errors
    /// If the kernel would wind around the lattice, or the name is taken.
    pub fn new(
        parameters: &mut Parameters,
        name: &str,
        lattice: &Lattice,
        extent: usize,
        conditions: &[Condition],
    ) -> Result<ConvExponential, Error> {
        if extent.is_multiple_of(2) || lattice.extents().iter().any(|&l| extent / 2 >= l) {
            let expected = format!("an odd extent below twice those of the lattice, {:?}", lattice.extents());
            return Err(Error::Architecture { what: "spectrum", expected, found: extent.to_string() });
        }
        let extents = vec![extent; lattice.directions()];
        let mut kernels = Vec::new();
        for i in 0..=conditions.len() {
            kernels.push(parameters.add(&format!("{name}.kernel.{i}"), &extents, |_| 0.0)?);
        }
        Ok(ConvExponential { name: name.into(), extents, kernels, conditions: conditions.to_vec() })
    }

    /// The largest `‖w'‖₁` for conditions in their range, where they are at most 1 in size.
    fn norm(&self, parameters: &Parameters) -> f64 {
        let norm = |kernel: &Range<usize>| {
            let w = &parameters.values()[kernel.clone()];
            w.iter().map(|w| w.abs()).sum::<f64>() - w[w.len() / 2].abs()
        };
        self.kernels.iter().map(norm).sum()
    }

    /// `e^{±K} x` and `±V w(0)`.
    fn apply<'t>(&self, x: Var<'t, Scalar>, sign: f64) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        let trace = x.trace();
        let conditions = condition::values(&self.conditions, trace);
        let weights = |kernel: &Range<usize>| trace.weights(&self.name, kernel.clone());
        // Σ_i c_i part_i with c_0 = 1, in both.
        let told = || self.kernels[1..].iter().zip(&conditions);
        let center_of = |kernel| self.center(trace, weights(kernel));
        let center = told().fold(center_of(&self.kernels[0]), |sum, (kernel, &c)| sum + center_of(kernel) * c);
        let rest = |x: Var<'t, Scalar>| {
            let part = |kernel| x.conv(&self.extents, Location::All, 1, weights(kernel)).channel(0);
            told().fold(part(&self.kernels[0]), |sum, (kernel, &c)| sum + part(kernel) * c) - x * center
        };
        let (mut sum, mut term) = (x, x);
        for n in 1..=Self::TERMS {
            term = rest(term) * (sign / n as f64);
            sum = sum + term;
        }
        (sum * (center * sign).exp(), center * (sign * trace.lattice().volume() as f64))
    }

    /// `w(0)` as a number: all of `w` as a kernel of one site from one channel to `len(w)`, applied to 1 on a line of
    /// sites; then the channel of the center.
    fn center<'t>(&self, trace: &'t Trace, w: Var<'t, Weights>) -> Var<'t, PerSample> {
        let len: usize = self.extents.iter().product();
        let lattice = trace.lattice();
        let period = u16::try_from(lattice.extents()[0]).unwrap_or(1);
        let line = Location::Stripe { mu: 0, period, offset: 0 };
        let one: Var<'t, Scalar> = trace.spread(trace.constant(1.0), line);
        let all = one.conv(&vec![1; self.extents.len()], line, len, w);
        all.channel(len / 2).sum_sites() * (f64::from(period) / lattice.volume() as f64)
    }
}

impl Bijection for ConvExponential {
    fn forward<'t>(&self, x: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        self.apply(x, 1.0)
    }

    fn inverse<'t>(&self, y: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        self.apply(y, -1.0)
    }

    fn restrict(&self, parameters: &mut Parameters) -> bool {
        for kernel in &self.kernels {
            let w = &mut parameters.values_mut()[kernel.clone()];
            let last = w.len() - 1;
            for i in 0..w.len() / 2 {
                let mean = 0.5 * (w[i] + w[last - i]);
                (w[i], w[last - i]) = (mean, mean);
            }
        }
        let norm = self.norm(parameters);
        if norm > Self::NORM {
            for kernel in &self.kernels {
                let center = kernel.start + kernel.len() / 2;
                let w = parameters.values_mut();
                kernel.clone().filter(|&i| i != center).for_each(|i| w[i] *= Self::NORM / norm);
            }
        }
        true
    }

    fn check(&self, parameters: &Parameters) -> Result<(), Error> {
        let norm = self.norm(parameters);
        // Rescaling rounds.
        match norm <= Self::NORM * (1.0 + 1e-9) {
            true => Ok(()),
            false => Err(Error::Layer {
                layer: self.name.clone(),
                expected: format!("a kernel with Σ_(x≠0) |w(x)| of at most {}, as its series needs", Self::NORM),
                found: norm.to_string(),
            }),
        }
    }
}
