//! Normalising flows on lattice fields: invertible maps with a log-determinant, trained on themselves by reverse KL,
//! made exact by Metropolis.
#![forbid(unsafe_code)]

pub mod angles;
pub mod bijection;
pub mod check;
pub mod checkpoint;
pub mod condition;
pub mod conv_exponential;
pub mod coupling;
pub mod error;
pub mod flow;
pub mod given;
pub mod gradient;
mod held;
pub mod history;
pub mod nets;
pub mod noise;
pub mod prior;
pub mod sample;
mod score;
pub mod train;
pub mod two_sided;

pub use angles::{LinkAngles, LinkFlow, OnSphere, SphereFlow, TorusFlow};
pub use bijection::{Bijection, Chain, Flat, Followed};
pub use checkpoint::Checkpoint;
pub use condition::Condition;
pub use conv_exponential::ConvExponential;
pub use coupling::{Affine, SinhArcsinh};
pub use error::Error;
pub use flow::{Architecture, Coupling, Flow, Shape};
pub use gradient::{Estimator, Memory};
pub use history::History;
pub use nets::{Activation, ConvNet, OddNet, OddShape};
pub use noise::{GradientNoise, NoiseReport};
pub use prior::{Normal, Prior, UniformAngles};
pub use sample::{Certificate, Ensemble, Sampler};
pub use train::{StepReport, Trainer, Training};
pub use two_sided::{Weigher, two_sided, two_sided_of_links};
