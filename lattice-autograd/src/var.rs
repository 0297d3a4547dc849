//! Typed handles on the nodes of a program: `a * b + c` reads as mathematics.

use crate::Trace;
use lattice_tensor::field::{Algebra, Channels, Complex, Element, Links, Matrix, Momenta, OnSite, Scalar};
use lattice_tensor::group::Group;
use lattice_tensor::ops::{Biases, Channel, Conv, ConvKernel, Neighbours, Pointwise, Shift, Stack, SumSites};
use lattice_tensor::{Error, Fibre, Location, NodeId, Spec};
use std::marker::PhantomData;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// What a handle stands for. Fields are named by what sits on a site.
pub trait Kind: Copy + std::fmt::Debug + 'static {}

/// A number for each sample, in `f64`.
#[derive(Clone, Copy, Debug)]
pub struct PerSample;
/// A number that is the same on all sites, in `f64`: for all samples, or, where a trace asks for it
/// ([`Trace::with_per_sample`]), for each.
#[derive(Clone, Copy, Debug)]
pub struct Uniform;
/// Parameters of a net.
#[derive(Clone, Copy, Debug)]
pub struct Weights;
/// Sums over the batch, one for each parameter.
#[derive(Clone, Copy, Debug)]
pub struct BatchSum;

impl Kind for PerSample {}
impl Kind for Uniform {}
impl Kind for Weights {}
impl Kind for BatchSum {}
impl Kind for Scalar {}
impl Kind for Complex {}
impl Kind for Channels {}
impl<G: Group> Kind for Links<G> {}
impl<G: Group> Kind for Momenta<G> {}
impl<G: Group> Kind for Element<G> {}
impl<G: Group> Kind for Matrix<G> {}
impl<G: Group> Kind for Algebra<G> {}

/// Kinds that are added and multiplied by real numbers, component by component.
pub trait Linear: Kind {}
impl Linear for PerSample {}
impl Linear for Uniform {}
impl Linear for Scalar {}
impl Linear for Complex {}
impl Linear for Channels {}
impl<G: Group> Linear for Momenta<G> {}
impl<G: Group> Linear for Matrix<G> {}
impl<G: Group> Linear for Algebra<G> {}

/// Kinds whose components are real numbers, each for itself: products and functions act on every one of them. Complex
/// numbers are not among these; their product is their own.
pub trait Number: Linear {}
impl Number for PerSample {}
impl Number for Uniform {}
impl Number for Scalar {}
impl Number for Channels {}

/// A handle on a node of a [`Trace`].
#[derive(Debug)]
pub struct Var<'t, K: Kind> {
    trace: &'t Trace,
    id: NodeId,
    kind: PhantomData<K>,
}

impl<K: Kind> Clone for Var<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K: Kind> Copy for Var<'_, K> {}

impl<'t, K: Kind> Var<'t, K> {
    /// A handle on a node that the caller knows to be of this kind.
    pub(crate) fn new(trace: &'t Trace, id: NodeId) -> Self {
        Var { trace, id, kind: PhantomData }
    }

    /// The node.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The program it belongs to.
    pub fn trace(self) -> &'t Trace {
        self.trace
    }

    /// The type of the node.
    pub fn spec(self) -> Spec {
        self.trace.graph().spec(self.id)
    }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $method:ident $kind:ident;)*) => {
        impl<'t, K: Number> Var<'t, K> {
            $($(#[$doc])*
            #[track_caller]
            pub fn $method(self) -> Self { self.trace.apply(Pointwise::$kind, &[self.id]) })*
        }
    };
}
functions! {
    /// `e^x`
    exp Exp;
    /// `ln x`
    ln Ln;
    /// `√x`
    sqrt Sqrt;
    /// `tanh x`
    tanh Tanh;
    /// `sin x`
    sin Sin;
    /// `cos x`
    cos Cos;
    /// `1 / (1 + e^{−x})`
    sigmoid Sigmoid;
    /// `|x|`
    abs Abs;
    /// `1 / x`
    recip Recip;
    /// `x` rounded to the nearest `f16`, at most 65504 in magnitude; its derivative counts as 1
    half Half;
    /// `x`, as a variable of its own: gradients may be taken with respect to it, see [`Trace::pullback`]
    variable Copy;
}

impl<'t, K: Number> Var<'t, K> {
    /// `x²`
    #[track_caller]
    pub fn square(self) -> Self {
        self.trace.apply(Pointwise::Mul, &[self.id, self.id])
    }

    /// `xⁿ` by repeated squaring, `n ≥ 1`.
    #[track_caller]
    pub fn powi(self, n: u32) -> Self {
        match n {
            0 | 1 => self,
            n if n % 2 == 0 => self.powi(n / 2).square(),
            n => self.trace.apply(Pointwise::Mul, &[self.powi(n - 1).id, self.id]),
        }
    }

    /// `x` where `x > 0`, else `slope · x`, with `slope ≥ 0`: the sign of the output tells the branch.
    #[track_caller]
    pub fn leaky_relu(self, slope: f64) -> Self {
        if slope.is_nan() || slope < 0.0 {
            let error = Error::op("leaky_relu", "a slope of at least 0", slope);
            return self.trace.keep(Err(error.at(std::panic::Location::caller())));
        }
        let slope = self.trace.constant(slope);
        self.trace.apply(Pointwise::LeakyRelu, &[self.id, slope.id])
    }

    /// The smaller of two values.
    #[track_caller]
    pub fn min(self, other: Self) -> Self {
        self.trace.apply(Pointwise::Min, &[self.id, other.id])
    }

    /// The larger of two values.
    #[track_caller]
    pub fn max(self, other: Self) -> Self {
        self.trace.apply(Pointwise::Max, &[self.id, other.id])
    }
}

impl<'t, K: Kind> Var<'t, K> {
    /// `self` where `condition > 0`, else `other`. The condition may be a number per sample.
    #[track_caller]
    pub fn where_positive<C: Number>(self, condition: Var<'t, C>, other: Self) -> Self {
        self.trace.apply(Pointwise::Select, &[condition.id, self.id, other.id])
    }
}

/// Kinds that live on sites.
pub trait OnSites: Kind + OnSite {
    /// The kind of gradients with respect to such a field: for group elements the algebra.
    type Tangent: OnSites;

    /// What sits on a site of a lattice with so many directions, as known at run time; one channel where nobody says
    /// how many.
    fn fibre(directions: usize) -> Fibre;
}
impl OnSites for Scalar {
    type Tangent = Scalar;
    fn fibre(_directions: usize) -> Fibre {
        Fibre::Scalar
    }
}
impl OnSites for Complex {
    type Tangent = Complex;
    fn fibre(_directions: usize) -> Fibre {
        Fibre::Complex
    }
}
impl OnSites for Channels {
    type Tangent = Channels;
    fn fibre(_directions: usize) -> Fibre {
        Fibre::Channels(1)
    }
}
impl<G: Group> OnSites for Links<G> {
    type Tangent = Momenta<G>;
    fn fibre(directions: usize) -> Fibre {
        Fibre::Matrix { group: G::NAME, count: directions }
    }
}
impl<G: Group> OnSites for Momenta<G> {
    type Tangent = Momenta<G>;
    fn fibre(directions: usize) -> Fibre {
        Fibre::Algebra { group: G::NAME, count: directions }
    }
}
impl<G: Group> OnSites for Element<G> {
    type Tangent = Algebra<G>;
    fn fibre(_directions: usize) -> Fibre {
        Fibre::Matrix { group: G::NAME, count: 1 }
    }
}
impl<G: Group> OnSites for Matrix<G> {
    type Tangent = Matrix<G>;
    fn fibre(_directions: usize) -> Fibre {
        Fibre::Matrix { group: G::NAME, count: 1 }
    }
}
impl<G: Group> OnSites for Algebra<G> {
    type Tangent = Algebra<G>;
    fn fibre(_directions: usize) -> Fibre {
        Fibre::Algebra { group: G::NAME, count: 1 }
    }
}

impl<'t, K: OnSites> Var<'t, K> {
    /// The sub-lattice it lives on.
    pub fn location(self) -> Location {
        match self.spec() {
            Spec::Field { location, .. } => location,
            _ => Location::All,
        }
    }

    /// How many real numbers sit on a site.
    pub fn components(self) -> usize {
        match self.spec() {
            Spec::Field { fibre, .. } => fibre.components(),
            _ => 1,
        }
    }

    /// `y(x) = self(x + steps μ)`, periodic up to the boundary phase.
    #[track_caller]
    pub fn shift(self, mu: usize, steps: i32) -> Self {
        let directions = self.trace.lattice().directions();
        if mu >= directions {
            let error = self.trace.lattice().check_direction(mu).err();
            return self.trace.keep(error.map_or(Ok(self.id), Err));
        }
        let mut displacement = vec![0; directions];
        displacement[mu] = steps;
        let from = self.location();
        self.trace.apply(Shift { to: from.shifted(mu, steps), displacement, from }, &[self.id])
    }

    /// The part of the field on a sub-lattice; zero on those of its sites where the field does not live.
    #[track_caller]
    pub fn on(self, to: Location) -> Self {
        let displacement = vec![0; self.trace.lattice().directions()];
        let from = self.location();
        if to == from {
            return self;
        }
        self.trace.apply(Shift { to, displacement, from }, &[self.id])
    }

    /// The sum over both neighbours in every direction: `Σ_μ [f(x+μ) + f(x−μ)]`.
    #[track_caller]
    pub fn neighbours(self) -> Self {
        let from = self.location();
        let to = if let Location::Parity(p) = from { Location::Parity(1 - p) } else { from };
        self.trace.apply(Neighbours { to, from }, &[self.id])
    }

    /// Periodic convolution into `outputs` channels on the sub-lattice `to`; `extents` are odd. The weights hold
    /// `[d][in][out]`, then one bias for each output, or none at all: the convolution is then linear.
    #[track_caller]
    pub fn conv(self, extents: &[usize], to: Location, outputs: usize, weights: Var<'t, Weights>) -> Var<'t, Channels> {
        let taps: usize = extents.iter().product();
        let linear = taps.checked_mul(self.components()).and_then(|n| n.checked_mul(outputs));
        let absent = matches!(weights.spec(), Spec::Weights { len, .. } if Some(len) == linear);
        let kernel = ConvKernel {
            extents: extents.to_vec(),
            from: self.location(),
            to,
            inputs: self.components(),
            outputs,
            biases: if absent { Biases::Absent } else { Biases::Added },
        };
        self.trace.apply(Conv(kernel), &[self.id, weights.id])
    }
}

impl<'t, K: OnSites + Number> Var<'t, K> {
    /// The sum over all sites and components, in `f64`.
    #[track_caller]
    pub fn sum_sites(self) -> Var<'t, PerSample> {
        self.trace.apply(SumSites, &[self.id])
    }
}

impl<'t> Var<'t, Channels> {
    /// Channel number `i`.
    #[track_caller]
    pub fn channel(self, i: usize) -> Var<'t, Scalar> {
        self.trace.apply(Channel(i), &[self.id])
    }
}

/// Real fields as the channels of one field.
///
/// # Panics
/// If there is none.
#[track_caller]
pub fn stack<'t>(fields: &[Var<'t, Scalar>]) -> Var<'t, Channels> {
    let ids: Vec<NodeId> = fields.iter().map(|f| f.id).collect();
    fields[0].trace.apply(Stack { fibre: Fibre::Channels(fields.len()) }, &ids)
}

impl<K: Linear> Neg for Var<'_, K> {
    type Output = Self;
    #[track_caller]
    fn neg(self) -> Self {
        self.trace.apply(Pointwise::Neg, &[self.id])
    }
}

// Each line names the kinds whose values combine with each other, and those that a number may stand to the right and
// to the left of. Products of complex fields are in `complex`.
macro_rules! operators {
    ($($trait:ident $method:ident $kind:ident: $same:ident, $right:ident, $left:ident;)*) => {$(
        impl<'t, K: $right> $trait<f64> for Var<'t, K> {
            type Output = Var<'t, K>;
            #[track_caller]
            fn $method(self, other: f64) -> Var<'t, K> {
                let other = self.trace.constant(other);
                self.trace.apply(Pointwise::$kind, &[self.id, other.id])
            }
        }
        impl<'t, K: $left> $trait<Var<'t, K>> for f64 {
            type Output = Var<'t, K>;
            #[track_caller]
            fn $method(self, other: Var<'t, K>) -> Var<'t, K> {
                let number = other.trace.constant(self);
                other.trace.apply(Pointwise::$kind, &[number.id, other.id])
            }
        }
        operators!(@pair $trait $method $kind [K: $same] K, K => K);
        operators!(@pair $trait $method $kind [K: $right + OnSites] K, PerSample => K);
        operators!(@pair $trait $method $kind [K: $right + OnSites] K, Uniform => K);
        operators!(@pair $trait $method $kind [K: $left + OnSites] PerSample, K => K);
        operators!(@pair $trait $method $kind [K: $left + OnSites] Uniform, K => K);
        operators!(@pair $trait $method $kind [] PerSample, Uniform => PerSample);
        operators!(@pair $trait $method $kind [] Uniform, PerSample => PerSample);
    )*};
    (@pair $trait:ident $method:ident $kind:ident [$($generic:tt)*] $a:ty, $b:ty => $c:ty) => {
        impl<'t, $($generic)*> $trait<Var<'t, $b>> for Var<'t, $a> {
            type Output = Var<'t, $c>;
            #[track_caller]
            fn $method(self, other: Var<'t, $b>) -> Var<'t, $c> {
                self.trace.apply(Pointwise::$kind, &[self.id, other.id])
            }
        }
    };
}
operators! {
    Add add Add: Linear, Number, Number;
    Sub sub Sub: Linear, Number, Number;
    Mul mul Mul: Number, Linear, Linear;
    Div div Div: Number, Linear, Number;
}
