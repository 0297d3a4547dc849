//! Machine learning on periodic lattice fields: flows and Monte Carlo that sample exactly.
//!
//! Write an action, train a flow on it, and get numbers with error bars that are exact:
//!
//! ```
//! use lattice_fields::prelude::*;
//!
//! /// `S = Σ_x [ Σ_μ (φ(x+μ) − φ(x))² + m² φ² + λ φ⁴ ]`
//! #[derive(Debug)]
//! struct Mine {
//!     m2: f64,
//!     lambda: f64,
//! }
//!
//! impl Action for Mine {
//!     fn action<'t>(&self, phi: Var<'t, Scalar>) -> Var<'t, PerSample> {
//!         let m2 = phi.trace().coupling("m2", self.m2);
//!         let lambda = phi.trace().coupling("lambda", self.lambda);
//!         (phi.square() * (m2 + 4.0) - phi * phi.neighbours() + phi.powi(4) * lambda).sum_sites()
//!     }
//! }
//!
//! let action = Mine { m2: -4.0, lambda: 8.0 };
//! let lattice = Lattice::periodic([4, 4])?;
//! let device = Device::cpu(2)?;
//!
//! let mut flow = Flow::new(&lattice, Architecture { layers: 4, ..Default::default() })?;
//! let training = Training { steps: 50, ..Default::default() };
//! let mut trainer = Trainer::<f32>::new(&mut flow, &action, training, &device)?;
//! for _ in 0..50 {
//!     trainer.step()?;
//! }
//!
//! let mut sampler = Sampler::<f32>::new(&flow, &action, 1, 256, &device)?;
//! let ensemble = Ensemble::draw(&mut sampler, 10_000, 1, |_| true)?;
//! for (name, estimate) in ensemble.estimates()? {
//!     eprintln!("{name:16} {estimate}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub use lattice_autograd as autograd;
pub use lattice_flows as flows;
pub use lattice_mc as mc;
pub use lattice_tensor as tensor;

/// What a program that trains and measures needs.
pub mod prelude {
    pub use lattice_autograd::{PerSample, Trace, Uniform, Var, Weights};
    pub use lattice_flows::{
        Activation, Architecture, Bijection, Certificate, Chain, Checkpoint, Condition, Coupling, Ensemble, Estimator,
        Flow, LinkAngles, LinkFlow, Memory, OnSphere, Prior, Sampler, SphereFlow, TorusFlow, Trainer, Training,
    };
    pub use lattice_mc::statistics::Estimate;
    pub use lattice_mc::{
        Action, ChainCouplings, Chains, Clusters, ComplexPhi4, Convention, Free, Hmc, Independence, Instantons,
        Integrator, LinkSweeps, LocalMetropolis, Manifold, MarkovRun, Phi4, Phi4Couplings, Proposal, Rectangles, Start,
        Update, VectorPhi4, Wilson,
    };
    pub use lattice_tensor::field::{Channels, Complex, Links, Scalar};
    pub use lattice_tensor::group::{Group, SU2, SU3, U1};
    pub use lattice_tensor::{Bindings, Device, Lattice, Layout, Location, Real, ScalarField};
}
