//! What a training on a GPU is told and returns; the optimiser itself is `gpu/descent.rs` there, and lattice-autograd's on
//! the processor.

/// The constants of Adam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamConstants {
    /// β₁.
    pub beta1: f64,
    /// β₂.
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
    /// λ.
    pub weight_decay: f64,
}

/// The state of a training: parameters, and the running means of the gradient and of its square.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DescentState {
    /// The parameters.
    pub parameters: Vec<f64>,
    /// The mean gradient.
    pub m: Vec<f64>,
    /// The mean squared gradient.
    pub v: Vec<f64>,
    /// The parameters before the last step.
    pub before: Vec<f64>,
    /// The gradient of the last step, not clipped.
    pub gradient: Vec<f64>,
}

/// What varies from step to step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// The learning rate.
    pub lr: f64,
    /// The largest norm of the gradient.
    pub clip: f64,
    /// `1 − β₁ᵗ` and `1 − β₂ᵗ`, `t` the number of this step, counted from 1.
    pub unbias: [f64; 2],
}
