//! Actions: the theories that are sampled.

pub mod compact;
mod convention;
mod free;
pub mod gauge;
mod phi4;
mod quartic;
mod vector;

pub use convention::{Convention, Phi4Couplings};
pub use free::Free;
pub use gauge::{Form, ImaginaryTheta, Open, Rectangles, Wilson};
pub use phi4::Phi4;
pub use vector::{ComplexPhi4, VectorPhi4};

use crate::Manifold;
use crate::observables::Observable;
use lattice_autograd::{PerSample, Trace, Uniform, Var};
use lattice_tensor::field::Scalar;
use lattice_tensor::ops::Loops;
use lattice_tensor::{Fibre, Lattice, Result};
use std::fmt::Debug;

/// A theory with weight `e^{−S[φ]}` of a field with `K` on each site: `dyn Action` is one of a real field,
/// `dyn Action<Links<SU3>>` one of SU(3) links.
///
/// Write `S` once, as ordinary Rust on traced fields; forces, losses and checks follow. Couplings should be
/// [`Trace::coupling`]s, so that they can be changed without tracing anew.
///
/// ```
/// use lattice_autograd::{PerSample, Var};
/// use lattice_mc::Action;
/// use lattice_tensor::field::Scalar;
///
/// /// The sine-Gordon model: `S = Σ_x [½ (∂φ)² − α cos φ]`.
/// #[derive(Clone, Debug)]
/// struct SineGordon {
///     alpha: f64,
/// }
///
/// impl Action for SineGordon {
///     fn action<'t>(&self, phi: Var<'t, Scalar>) -> Var<'t, PerSample> {
///         let alpha = phi.trace().coupling("alpha", self.alpha);
///         let d = phi.trace().lattice().directions() as f64;
///         (phi.square() * d - phi * phi.neighbours() * 0.5 - phi.cos() * alpha).sum_sites()
///     }
/// }
/// ```
pub trait Action<K: Manifold = Scalar>: Debug + Send + Sync {
    /// The action of each sample.
    fn action<'t>(&self, phi: Var<'t, K>) -> Var<'t, PerSample>;

    /// The momenta after a time in the force of the action at a fixed field: `π − time · ∂S/∂φ`, by reverse mode unless
    /// said otherwise.
    ///
    /// HMC is exact for any other force that depends on the field alone. A part of the action whose derivative
    /// vanishes almost everywhere, such as a topological charge, may so be left to the accept step.
    fn kick<'t>(&self, momenta: Var<'t, K::Tangent>, phi: Var<'t, K>, time: Var<'t, PerSample>) -> Var<'t, K::Tangent> {
        momenta - phi.trace().gradient(self.action(phi), phi) * time
    }

    /// The sub-lattice period in each direction that the action needs, for the choice of a layout.
    fn periods(&self, lattice: &Lattice) -> Vec<usize> {
        vec![1; lattice.directions()]
    }

    /// What sits on a site; a theory of several channels says how many.
    fn fibre(&self, lattice: &Lattice) -> Fibre {
        K::fibre(lattice.directions())
    }

    /// All terms of the action that contain the field at a site `x`, with `φ(x)` replaced by `at(x)`, for every site
    /// of `at`'s sub-lattice. No two of those sites may interact. Local Metropolis needs it.
    fn site_terms<'t>(&self, at: Var<'t, K>, phi: Var<'t, K>) -> Option<Var<'t, Scalar>> {
        let _ = (at, phi);
        None
    }

    /// `⟨2 S₂ + 4 S₄⟩ / V` is the number of real components for an action of quadratic terms `S₂` and quartic terms
    /// `S₄`, from `φ → (1 + ε) φ`: the sum `2 S₂ + 4 S₄`.
    fn virial<'t>(&self, phi: Var<'t, K>) -> Option<Var<'t, PerSample>> {
        let _ = phi;
        None
    }

    /// The number `h` of an action of the form `S = −h Σ_x Σ_μ φ(x)·φ(x+μ) + Σ_x V(|φ(x)|)`, if it has that form.
    /// Cluster updates need it.
    fn hopping<'t>(&self, trace: &'t Trace) -> Option<Var<'t, Uniform>> {
        let _ = trace;
        None
    }

    /// `β` and the coefficients `c₀`, `c₁` of an action of links of the form `S = −(β/N) [c₀ Σ_P Re tr P + c₁ Σ_R Re tr R]`, up
    /// to a constant, if it has that form with `β` as the coupling `beta`. Local updates of links need it.
    fn loops(&self) -> Option<(f64, Loops)> {
        None
    }

    /// The action itself, if it is Wilson's with an open boundary.
    fn open(&self) -> Option<Open> {
        None
    }

    /// `Σ_a ∂_a ∂_a S` over all directions in which the field can move. From the invariance of the measure
    /// `⟨Σ_a (∂_a S)²⟩` is its mean: the identities I4 and I5 of gauge fields.
    fn laplacian<'t>(&self, phi: Var<'t, K>) -> Option<Var<'t, PerSample>> {
        let _ = phi;
        None
    }

    /// What is measured on every configuration, where that is not [`Manifold::observables`].
    fn observables<'t>(&self, phi: Var<'t, K>) -> Option<Vec<Observable<'t>>> {
        let _ = phi;
        None
    }

    /// The formula, with its convention, for reports.
    fn formula(&self) -> String {
        format!("{self:?}")
    }

    /// The couplings by name, for reports.
    fn couplings(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// Refuses lattices for which there is no theory.
    ///
    /// # Errors
    /// What is wrong with the lattice.
    fn fits(&self, lattice: &Lattice) -> std::result::Result<(), String> {
        let _ = lattice;
        Ok(())
    }

    /// Refuses couplings for which there is no theory.
    ///
    /// # Errors
    /// What is wrong with them.
    fn check(&self) -> std::result::Result<(), String> {
        Ok(())
    }
}

/// The action of given configurations, traced and run: for checks and for reading stored ensembles.
///
/// # Errors
/// What tracing or planning refuses.
pub fn trace_action<K: Manifold>(action: &dyn Action<K>, lattice: &Lattice) -> Result<(Trace, lattice_tensor::NodeId)> {
    let trace = Trace::new(lattice);
    let id = action.action(trace.field("phi", action.fibre(lattice))).id();
    trace.check()?;
    Ok((trace, id))
}
