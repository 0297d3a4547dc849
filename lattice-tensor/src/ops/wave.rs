//! A plane wave: `y(x) = cos(p·x)` or `sin(p·x)`, `p_μ = 2π k_μ / L_μ` with integers `k_μ`.
//!
//! * in    nothing
//! * out   a scalar field on the sub-lattice `to`, the same in every sample
//! * vjp   none: nothing goes in
//! * cost  writes the field once; the values are computed when the program is planned
//! * see   `observables::structure_factor`, which projects a field on a momentum by it
//!
//! The angle is taken modulo 2π in integers, direction by direction, so large lattices and momenta lose no digit.

use super::{Form, Op, Shader, Site};
use crate::device::cpu::{Args, Kernel};
use crate::error::{Error, Result};
use crate::lanes::Real;
use crate::lattice::{Lattice, Location};
use crate::spec::{Cost, Fibre, Spec};

/// The real or the imaginary part of `e^{ip·x}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wave {
    /// The integers `k_μ`, one a direction.
    pub momentum: Vec<i32>,
    /// Whether it is the sine.
    pub sine: bool,
    /// The sub-lattice of the result.
    pub to: Location,
}

impl Wave {
    /// The value at a site.
    pub fn at(&self, lattice: &Lattice, x: &[usize]) -> f64 {
        let turns = |((&k, &x), &l): ((&i32, &usize), &usize)| {
            let (k, l) = (i128::from(k), l as i128);
            (k * x as i128).rem_euclid(l) as f64 / l as f64
        };
        let angle = std::f64::consts::TAU * self.momentum.iter().zip(x).zip(lattice.extents()).map(turns).sum::<f64>();
        if self.sine { angle.sin() } else { angle.cos() }
    }
}

impl Op for Wave {
    const NAME: &'static str = "wave";

    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        if !inputs.is_empty() {
            return Err(Error::op(Self::NAME, "no operand", inputs));
        }
        if self.momentum.len() != lattice.directions() {
            let expected = format!("a momentum with {} entries", lattice.directions());
            return Err(Error::op(Self::NAME, expected, &self.momentum));
        }
        self.to.check(lattice)?;
        Ok(Spec::Field { location: self.to, fibre: Fibre::Scalar })
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        Cost { flops: 0.0, bytes: 4.0 * output.numbers(lattice) as f64 }
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let (layout, lattice) = (at.layout, at.layout.lattice());
        let nodes = layout.nodes();
        let mut rows = Vec::new();
        for outer in layout.rows(self.to)? {
            let value = |node| R::from_f64(self.at(lattice, &lattice.coordinates(layout.site(outer, node))));
            let parts: Vec<R> = (0..nodes).map(value).collect();
            rows.extend((0..R::WIDTH).map(|lane| parts[lane % nodes]));
        }
        Ok(Box::new(move |args: &mut Args<'_, R>| args.output().copy_from_slice(&rows)))
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let lattice = at.layout.lattice();
        let value = |site| (self.at(lattice, &lattice.coordinates(at.layout.site(site, 0))) as f32).to_bits();
        let waves = at.layout.rows(self.to)?.into_iter().map(value).collect();
        Ok(Some(Shader::new("wave", Form::Element, &[]).table("waves", waves)))
    }
}
