//! Handles on gauge fields: links, group elements, matrices, momenta.
//!
//! Which of them may be added, multiplied or shifted is decided by their types: a link and a momentum do not add.

use crate::Trace;
use crate::var::{Kind, PerSample, Var};
use lattice_tensor::field::{Algebra, Channels, Element, Links, Matrix, Momenta, Scalar};
use lattice_tensor::group::Group;
use lattice_tensor::ops::{
    Direction, Directions, Distribution, Eigenphases, Embed, Exp, LinkUpdate, Log, MatrixAdjoint, Moments,
    MomentumUpdate, Multiply, Path, Plaquettes, Random, Reunitarise, Scale, ScaledUnit, Spread, Staples, Step,
    Trace as MatrixTrace,
};
use lattice_tensor::{Error, Fibre, Location, NodeId, Spec};
use std::ops::Mul;

/// Kinds with one matrix of a group on each site.
pub trait OneMatrix<G: Group>: Kind {}
impl<G: Group> OneMatrix<G> for Element<G> {}
impl<G: Group> OneMatrix<G> for Matrix<G> {}

impl<'t, G: Group> Var<'t, Links<G>> {
    /// The links in one direction.
    #[track_caller]
    pub fn link(self, mu: usize) -> Var<'t, Element<G>> {
        if self.trace().lattice().directions() == 1 && mu == 0 {
            return Var::new(self.trace(), self.id());
        }
        self.trace().apply(Direction(mu), &[self.id()])
    }

    /// `Re tr P_μν(x) / N`, one channel for each plane, in the order (0,1), (0,2), …, (1,2), …
    #[track_caller]
    pub fn plaquettes(self) -> Var<'t, Channels> {
        self.trace().apply(Plaquettes, &[self.id()])
    }

    /// The product of the links that a path from `x` passes.
    #[track_caller]
    pub fn path(self, steps: &[Step]) -> Var<'t, Element<G>> {
        self.trace().apply(Path(steps.to_vec()), &[self.id()])
    }

    /// The sum of the staples of every link, `Re tr U_μ(x) S_μ(x)` being its plaquettes.
    #[track_caller]
    pub fn staples(self) -> Vec<Var<'t, Matrix<G>>> {
        let trace = self.trace();
        let directions = trace.lattice().directions();
        let fibre = match directions * (directions - 1) / 2 {
            1 => Fibre::Scalar,
            planes => Fibre::Channels(planes),
        };
        let one = trace.constant(1.0);
        let spec = Spec::Field { location: Location::All, fibre };
        let ones: Var<'t, Channels> = trace.apply(Spread { spec }, &[one.id()]);
        let all: Var<'t, Links<G>> = trace.apply(Staples, &[self.id(), ones.id()]);
        (0..directions).map(|mu| Var::new(trace, all.link(mu).id())).collect()
    }

    /// `exp(i ε p_a T_a) U`, link by link.
    #[track_caller]
    pub fn drift<K: Kind>(self, p: Var<'t, Momenta<G>>, eps: Var<'t, K>) -> Self {
        self.trace().apply(LinkUpdate, &[self.id(), p.id(), eps.id()])
    }

    /// The links, made group elements again where rounding has led them away.
    #[track_caller]
    pub fn reunitarised(self) -> Self {
        self.trace().apply(Reunitarise, &[self.id()])
    }

    /// `Σ_x Σ_μ Re tr U_μ(x)`
    #[track_caller]
    pub fn trace_sum(self) -> Var<'t, PerSample> {
        let traces: Var<'t, Channels> = self.trace().apply(MatrixTrace { imaginary: false }, &[self.id()]);
        traces.sum_sites()
    }
}

/// One field of links from those of each direction.
///
/// # Panics
/// If there is none.
#[track_caller]
pub fn links<'t, G: Group>(parts: &[Var<'t, Element<G>>]) -> Var<'t, Links<G>> {
    match parts {
        [one] => Var::new(one.trace(), one.id()),
        _ => {
            let ids: Vec<NodeId> = parts.iter().map(|part| part.id()).collect();
            parts[0].trace().apply(Directions, &ids)
        }
    }
}

/// One field of momenta from those of each direction.
///
/// # Panics
/// If there is none.
#[track_caller]
pub fn momenta<'t, G: Group>(parts: &[Var<'t, Algebra<G>>]) -> Var<'t, Momenta<G>> {
    match parts {
        [one] => Var::new(one.trace(), one.id()),
        _ => {
            let ids: Vec<NodeId> = parts.iter().map(|part| part.id()).collect();
            parts[0].trace().apply(Directions, &ids)
        }
    }
}

impl<'t, G: Group> Var<'t, Momenta<G>> {
    /// `p_a + c ∂_a Σ_P Re tr P`: the kick of Wilson's action with `c = ε β/N`.
    #[track_caller]
    pub fn kick<K: Kind>(self, u: Var<'t, Links<G>>, c: Var<'t, K>) -> Self {
        self.trace().apply(MomentumUpdate, &[self.id(), u.id(), c.id()])
    }

    /// `exp(i Σ ω_a T_a)`, link by link.
    #[track_caller]
    pub fn exp_links(self) -> Var<'t, Links<G>> {
        self.trace().apply(Exp, &[self.id()])
    }

    /// The momenta of one direction.
    #[track_caller]
    pub fn direction(self, mu: usize) -> Var<'t, Algebra<G>> {
        if self.trace().lattice().directions() == 1 && mu == 0 {
            return Var::new(self.trace(), self.id());
        }
        self.trace().apply(Direction(mu), &[self.id()])
    }
}

impl<'t, G: Group> Var<'t, Algebra<G>> {
    /// `exp(i Σ ω_a T_a)`
    #[track_caller]
    pub fn exp(self) -> Var<'t, Element<G>> {
        self.trace().apply(Exp, &[self.id()])
    }

    /// The matrix `i Σ ω_a T_a`.
    #[track_caller]
    pub fn embed(self) -> Var<'t, Matrix<G>> {
        self.trace().apply(Embed, &[self.id()])
    }
}

/// What group elements and matrices have in common.
macro_rules! one_matrix {
    ($($kind:ident),*) => {$(
        impl<'t, G: Group> Var<'t, $kind<G>> {
            /// `a†`
            #[track_caller]
            pub fn adjoint(self) -> Self {
                self.trace().apply(MatrixAdjoint, &[self.id()])
            }

            /// `Re tr a`
            #[track_caller]
            pub fn re_trace(self) -> Var<'t, Scalar> {
                self.trace().apply(MatrixTrace { imaginary: false }, &[self.id()])
            }

            /// `Im tr a`
            #[track_caller]
            pub fn im_trace(self) -> Var<'t, Scalar> {
                self.trace().apply(MatrixTrace { imaginary: true }, &[self.id()])
            }

            /// `Im tr T_a m`, the coefficients of the projection to the algebra times `tr T_a²`.
            #[track_caller]
            pub fn moments(self) -> Var<'t, Algebra<G>> {
                self.trace().apply(Moments, &[self.id()])
            }

            /// `a b†`
            #[track_caller]
            pub fn times_adjoint(self, other: Self) -> Self {
                self.trace().apply(Multiply { adjoint_a: false, adjoint_b: true }, &[self.id(), other.id()])
            }

            /// `a† b`
            #[track_caller]
            pub fn adjoint_times(self, other: Self) -> Self {
                self.trace().apply(Multiply { adjoint_a: true, adjoint_b: false }, &[self.id(), other.id()])
            }

            /// The group element beside which the matrix lies, by normalisation of its rows.
            #[track_caller]
            pub fn reunitarised(self) -> Var<'t, Element<G>> {
                self.trace().apply(Reunitarise, &[self.id()])
            }
        }

        impl<G: Group> Mul for Var<'_, $kind<G>> {
            type Output = Self;
            #[track_caller]
            fn mul(self, other: Self) -> Self {
                self.trace().apply(Multiply::PLAIN, &[self.id(), other.id()])
            }
        }
    )*};
}
one_matrix!(Element, Matrix);

impl<'t, G: Group> Var<'t, Element<G>> {
    /// The element as a matrix, to be added to others.
    pub fn matrix(self) -> Var<'t, Matrix<G>> {
        Var::new(self.trace(), self.id())
    }

    /// The shortest `ω` with `exp(i Σ ω_a T_a)` this element; see [`Group::log`].
    #[track_caller]
    pub fn log(self) -> Var<'t, Algebra<G>> {
        self.trace().apply(Log, &[self.id()])
    }

    /// The phases of the eigenvalues, the largest first; see [`Group::eigenphases`].
    #[track_caller]
    pub fn eigenphases(self) -> Vec<Var<'t, Scalar>> {
        self.trace().apply::<Channels>(Eigenphases, &[self.id()]).parts()
    }
}

impl<'t, G: Group> Var<'t, Matrix<G>> {
    /// The matrix times a real number of its site.
    #[track_caller]
    pub fn scale(self, by: Var<'t, Scalar>) -> Self {
        self.trace().apply(Scale, &[self.id(), by.id()])
    }
}

impl Trace {
    /// Links, given at each run.
    #[track_caller]
    pub fn links<G: Group>(&self, name: &str) -> Var<'_, Links<G>> {
        let fibre = Fibre::Matrix { group: G::NAME, count: self.lattice().directions() };
        self.argument(name, Spec::Field { location: Location::All, fibre })
    }

    /// Links that are the unit matrix.
    #[track_caller]
    pub fn unit_links<G: Group>(&self) -> Var<'_, Links<G>> {
        let directions = self.lattice().directions();
        let one = self.constant(1.0 / G::NAME.trace_scale());
        let shape = Spec::Field {
            location: Location::All,
            fibre: if directions == 1 { Fibre::Scalar } else { Fibre::Channels(directions) },
        };
        let ones: Var<'_, Channels> = self.apply(Spread { spec: shape }, &[one.id()]);
        let op = ScaledUnit { imaginary: false, group: G::NAME, count: directions, location: Location::All };
        self.apply(op, &[ones.id()])
    }

    /// Links drawn independently from the Haar measure.
    #[track_caller]
    pub fn haar_links<G: Group>(&self, stream: &str) -> Var<'_, Links<G>> {
        let fibre = Fibre::Matrix { group: G::NAME, count: self.lattice().directions() };
        let spec = Spec::Field { location: Location::All, fibre };
        let normals = Random { stream: stream.into(), distribution: Distribution::Normal, spec };
        let normals: Var<'_, Matrix<G>> = self.apply(normals, &[]);
        self.apply(Reunitarise, &[normals.id()])
    }

    /// Refuses with an error that belongs to the caller's line.
    #[track_caller]
    pub fn refuse<K: Kind>(&self, op: &'static str, expected: &str, found: impl std::fmt::Debug) -> Var<'_, K> {
        self.keep(Err(Error::op(op, expected, found).at(std::panic::Location::caller())))
    }
}
