//! Local updates of links, in place: heat bath, overrelaxation, Metropolis, of one direction and colour at a time.
//!
//! Each link `U = U_μ(x)` of the colour is updated under the weight `exp(c Re tr(U A))`, where `A` is the sum of its staples,
//! `c₀` times those of plaquettes and `c₁` times those of rectangles. Links of one colour do not meet in any loop, so all of
//! them may be updated at once.
//!
//! * in    `u`: a link for every direction; `c`: a number per sample or for all, `β/N` (not for overrelaxation); `width`: for
//!   Metropolis, whose offers are `exp(i width Σ (2u_a − 1) T_a) U`
//! * out   the links, in the memory of `u` where nothing else reads it
//! * vjp   none: drawn numbers have no gradient
//! * cost  the staples, and about a hundred flops for each subgroup
//! * see   Creutz (1980), Kennedy, Pendleton (1985), Cabibbo, Marinari (1982), Creutz (1987) for overrelaxation; CONVENTIONS.md §10

mod colour;
mod kernel;

pub use colour::Colouring;

use super::matrices::{links, matrices};
use super::{Form, Op, Shader, Site};
use crate::device::cpu::Kernel;
use crate::error::{Error, Result};
use crate::group::with_group;
use crate::lanes::Real;
use crate::lattice::{Lattice, Location};
use crate::spec::{Cost, Spec};

/// How a link is updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A new link from its conditional distribution.
    HeatBath,
    /// The link of equal weight on the other side of the maximum.
    Overrelax,
    /// One offer, accepted or not.
    Metropolis,
}

/// The coefficients of loops in the action, relative to `β`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loops {
    /// Of plaquettes.
    pub c0: f64,
    /// Of rectangles of 1 by 2 links.
    pub c1: f64,
}

impl Loops {
    /// Wilson's action.
    pub const WILSON: Loops = Loops { c0: 1.0, c1: 0.0 };
}

/// The update of all links of one direction and colour.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalUpdate {
    /// How.
    pub rule: Rule,
    /// The direction of the links.
    pub mu: usize,
    /// Their colour, among those of [`Colouring::of`].
    pub colour: usize,
    /// The loops of the action.
    pub loops: Loops,
    /// The name of the random stream, one for each time that links of this colour are visited.
    pub stream: String,
}

impl LocalUpdate {
    fn numbers(&self) -> usize {
        match self.rule {
            Rule::HeatBath => 1,
            Rule::Overrelax => 0,
            Rule::Metropolis => 2,
        }
    }
}

impl Op for LocalUpdate {
    const NAME: &'static str = "local_update";

    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        links(Self::NAME, lattice, inputs.first())?;
        let colouring = Colouring::of(lattice, self.mu, self.loops)?;
        let numbers = &inputs[1..];
        let are_numbers = numbers.iter().all(|n| matches!(n, Spec::PerSample | Spec::Uniform));
        if self.colour < colouring.colours() && numbers.len() == self.numbers() && are_numbers {
            return Ok(inputs[0]);
        }
        let expected = format!("links, {} numbers, and a colour below {}", self.numbers(), colouring.colours());
        Err(Error::op(Self::NAME, expected, (self, inputs)))
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], _output: &Spec) -> Cost {
        let Some((_, group, _)) = matrices(inputs[0]) else { return Cost::default() };
        let colours = Colouring::of(lattice, self.mu, self.loops).map_or(1, |c| c.colours());
        let others = lattice.directions() as f64 - 1.0;
        let products = 4.0 * others + if self.loops.c1 == 0.0 { 0.0 } else { 24.0 * others };
        let links = lattice.volume() as f64 / colours as f64;
        let subgroups = if group.rank() == 3 { 3.0 } else { 1.0 };
        let flops = links * (products * group.product_flops() + 200.0 * subgroups);
        Cost { flops, bytes: 4.0 * links * group.matrix() as f64 * (3.0 + 6.0 * others) }
    }

    fn in_place(&self) -> Option<usize> {
        Some(0)
    }

    fn stream(&self) -> Option<&str> {
        (self.rule != Rule::Overrelax).then_some(&self.stream)
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let Some((_, group, _)) = matrices(at.inputs[0]) else {
            return Err(Error::op(Self::NAME, "links", at.inputs));
        };
        let prepared = kernel::Prepared::new(self, at)?;
        Ok(with_group!(group, G => Box::new(kernel::Sweep::<G>::new(prepared))))
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let Some((_, group, directions)) = matrices(at.inputs[0]) else { return Ok(None) };
        let prepared = kernel::Prepared::new(self, at)?;
        let rows = at.layout.rows(Location::All)?.len();
        let names: &[&str] = match self.rule {
            Rule::HeatBath => &["u", "c"],
            Rule::Overrelax => &["u"],
            Rule::Metropolis => &["u", "c", "width"],
        };
        let name = match self.rule {
            Rule::HeatBath => "heat_bath",
            Rule::Overrelax => "overrelax",
            Rule::Metropolis => "metropolis",
        };
        let shader = Shader::new(name, Form::Items(rows * directions), &[]).of_group(group);
        let shader = Shader { inputs: names.iter().map(|&n| n.into()).collect(), ..shader };
        let shader = Shader { stream: self.stream().map(str::to_string), ..shader };
        let shader = shader.number("ROWS", rows).number("DIRECTIONS", directions).number("MU", self.mu);
        let turns = 40_000.min(prepared.paths.len() * 6 * 5 * group.matrix() + 20_000);
        Ok(Some(shader.number("PATHS", prepared.paths.len()).table("staples", prepared.table(at)?).turns(turns)))
    }
}
