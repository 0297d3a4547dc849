//! A net that respects the symmetry `φ → −φ`: some outputs change sign with the field, the others do not.

use super::layer::{Layer, Start, cube};
use crate::condition::{self, Condition};
use lattice_autograd::Var;
use lattice_autograd::params::{Parameters, ParamsError};
use lattice_autograd::var::stack;
use lattice_tensor::field::{Channels, Scalar};
use lattice_tensor::{Lattice, Location};

/// Convolutions without biases with `tanh` between them, so that every hidden field `h` is odd; odd outputs are a
/// convolution of `h`, even ones a convolution of `h²` with biases (Del Debbio, Marsh Rossney, Wilson 2105.12481 use
/// odd nets of this kind).
///
/// Conditions `c` (couplings, scaled to `[−1, 1]`) enter where the symmetry lets them: the first convolution sees
/// `φ, c₁ φ, c₂ φ, …`, its kernel being thus linear in them; the biases of the even outputs are, too.
#[derive(Clone, Debug)]
pub struct OddNet {
    hidden: Vec<Layer>,
    odd: Layer,
    even: Layer,
    /// What conditions add to the even outputs.
    shifts: Option<Layer>,
    conditions: Vec<Condition>,
}

/// The shape of an [`OddNet`].
#[derive(Clone, Debug)]
pub struct OddShape<'a> {
    /// Extent of the kernels.
    pub kernel: usize,
    /// Widths of the hidden layers.
    pub hidden: &'a [usize],
    /// Odd outputs.
    pub odd: usize,
    /// Even outputs: the values that they start near.
    pub even: &'a [f64],
    /// Couplings that the net is told.
    pub conditions: &'a [Condition],
    /// Seed of the initial parameters.
    pub seed: u64,
}

impl OddNet {
    /// The last convolutions start small, so that a fresh net changes little.
    const LAST: f64 = 0.3;

    /// A net whose parameters are added under `name`.
    ///
    /// # Errors
    /// If the names are taken.
    pub fn new(
        parameters: &mut Parameters,
        name: &str,
        lattice: &Lattice,
        shape: &OddShape<'_>,
    ) -> Result<OddNet, ParamsError> {
        let &OddShape { kernel, hidden, odd, even, conditions, seed } = shape;
        let extents = cube(lattice, kernel);
        let mut inputs = 1 + conditions.len();
        let mut layers = Vec::new();
        for (i, &width) in hidden.iter().enumerate() {
            let name = format!("{name}.{i}");
            layers.push(Layer::new(parameters, &name, &extents, [inputs, width], 1.0, Start::Absent, seed)?);
            inputs = width;
        }
        let mut last = |part: &str, extents: &[usize], channels, scale, biases| {
            Layer::new(parameters, &format!("{name}.{part}"), extents, channels, scale, biases, seed)
        };
        let odd = last("odd", &extents, [inputs, odd], Self::LAST, Start::Absent)?;
        let shifts = match conditions.len() {
            0 => None,
            n => Some(last("shifts", &cube(lattice, 1), [n, even.len()], 0.0, Start::Absent)?),
        };
        let even = last("even", &extents, [inputs, even.len()], Self::LAST, Start::At(even))?;
        Ok(OddNet { hidden: layers, odd, even, shifts, conditions: conditions.to_vec() })
    }

    /// The odd and the even outputs, on `to`.
    pub fn forward<'t>(&self, x: Var<'t, Scalar>, to: Location) -> [Var<'t, Channels>; 2] {
        let conditions = condition::values(&self.conditions, x.trace());
        let seen = |x| stack(&[vec![x], conditions.iter().map(|&c| x * c).collect()].concat());
        let mut h = match self.hidden.first() {
            None => seen(x),
            Some(first) if conditions.is_empty() => first.apply(x, Location::All).tanh(),
            Some(first) => first.apply(seen(x), Location::All).tanh(),
        };
        for layer in self.hidden.iter().skip(1) {
            h = layer.apply(h, Location::All).tanh();
        }
        let even = self.even.apply(h.square(), to);
        let even = match &self.shifts {
            None => even,
            Some(shifts) => {
                let fields: Vec<_> = conditions.iter().map(|&c| x.trace().spread(c, to)).collect();
                even + shifts.apply(stack(&fields), to)
            }
        };
        [self.odd.apply(h, to), even]
    }
}
