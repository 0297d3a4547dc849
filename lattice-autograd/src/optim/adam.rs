//! Adam, and AdamW if the weight decay is not zero.
//!
//! ```text
//! m ← β₁ m + (1 - β₁) g,   v ← β₂ v + (1 - β₂) g²
//! θ ← θ - lr λ θ - lr (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε)
//! ```
//! Kingma and Ba, arXiv:1412.6980, algorithm 1; the decay is decoupled as by Loshchilov and Hutter, arXiv:1711.05101,
//! and scaled by the learning rate as in PyTorch.

use super::optimizer::{made_for, steps};
use super::{OptimError, Optimizer};
use crate::params::{Parameters, ParamsError, TensorFile, unfit};
use serde::{Deserialize, Serialize};

/// The constants of [`Adam`]; the defaults are those of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamSettings {
    /// β₁: how much of the mean gradient stays at each step; in [0, 1).
    pub beta1: f64,
    /// β₂: how much of the mean squared gradient stays at each step; in [0, 1).
    pub beta2: f64,
    /// ε: added to the root of the mean square, in units of the gradient; positive.
    pub epsilon: f64,
    /// λ: the decay of all parameters, per step and learning rate; zero or more.
    pub weight_decay: f64,
}

impl Default for AdamSettings {
    fn default() -> AdamSettings {
        AdamSettings { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

/// Steps of about the learning rate in each parameter, whatever the scale of its gradient.
///
/// ```
/// use lattice_autograd::optim::{Adam, AdamSettings, Optimizer};
/// let mut adam = Adam::with(1, AdamSettings { weight_decay: 0.01, ..AdamSettings::default() })?;
/// let mut x = [3.0];
/// for _ in 0..2_000 {
///     let gradient = [x[0] - 1.0];
///     adam.step(&mut x, &gradient, 0.01)?;
/// }
/// // Decay shifts the minimum a little towards zero.
/// assert!((x[0] - 1.0).abs() < 0.02);
/// # Ok::<(), lattice_autograd::optim::OptimError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    settings: AdamSettings,
    m: Vec<f64>,
    v: Vec<f64>,
    steps: u64,
}

impl Adam {
    /// For so many parameters, with the paper's settings.
    pub fn new(length: usize) -> Adam {
        Adam { settings: AdamSettings::default(), m: vec![0.0; length], v: vec![0.0; length], steps: 0 }
    }

    /// For so many parameters, with other settings.
    pub fn with(length: usize, settings: AdamSettings) -> Result<Adam, OptimError> {
        let AdamSettings { beta1, beta2, epsilon, weight_decay } = settings;
        for (what, beta) in [("beta1 of Adam", beta1), ("beta2 of Adam", beta2)] {
            OptimError::setting(what, beta, (0.0..1.0).contains(&beta), "a number in [0, 1)")?;
        }
        let positive = epsilon > 0.0 && epsilon.is_finite();
        OptimError::setting("epsilon of Adam", epsilon, positive, "a positive number")?;
        let decays = weight_decay >= 0.0 && weight_decay.is_finite();
        OptimError::setting("weight decay of Adam", weight_decay, decays, "zero or a positive number")?;
        Ok(Adam { settings, ..Adam::new(length) })
    }

    /// The constants.
    pub fn settings(&self) -> AdamSettings {
        self.settings
    }

    /// The running mean of the gradient, biased towards its start at zero.
    pub fn m(&self) -> &[f64] {
        &self.m
    }

    /// The running mean of the squared gradient, biased towards its start at zero.
    pub fn v(&self) -> &[f64] {
        &self.v
    }

    /// Counts a step that is made elsewhere, and returns what both means are biased by: `1 − β₁ᵗ` and `1 − β₂ᵗ`.
    pub fn count_step(&mut self) -> [f64; 2] {
        self.steps += 1;
        self.bias()
    }

    /// Takes back a step that was counted but not made.
    pub fn take_back_step(&mut self) {
        self.steps = self.steps.saturating_sub(1);
    }

    /// The means after steps that were made elsewhere.
    ///
    /// # Errors
    /// If there are not as many as parameters.
    pub fn set_moments(&mut self, m: &[f64], v: &[f64]) -> Result<(), OptimError> {
        OptimError::length("means of the gradient", self.m.len(), m.len())?;
        OptimError::length("means of its square", self.v.len(), v.len())?;
        self.m.copy_from_slice(m);
        self.v.copy_from_slice(v);
        Ok(())
    }

    fn bias(&self) -> [f64; 2] {
        [self.settings.beta1, self.settings.beta2].map(|beta| 1.0 - power(beta, self.steps))
    }
}

impl Optimizer for Adam {
    fn step(&mut self, parameters: &mut [f64], gradient: &[f64], lr: f64) -> Result<(), OptimError> {
        OptimError::length("parameters", self.m.len(), parameters.len())?;
        OptimError::length("gradient", self.m.len(), gradient.len())?;
        let AdamSettings { beta1, beta2, epsilon, weight_decay } = self.settings;
        let [unbias1, unbias2] = self.count_step();
        let keep = 1.0 - lr * weight_decay;
        let moments = self.m.iter_mut().zip(&mut self.v);
        for ((x, g), (m, v)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * (g * g);
            *x = keep * *x - lr * (*m / unbias1) / ((*v / unbias2).sqrt() + epsilon);
        }
        Ok(())
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn store(&self, parameters: &Parameters, file: &mut TensorFile) -> Result<(), ParamsError> {
        parameters.store_buffer("adam.m", &self.m, file)?;
        parameters.store_buffer("adam.v", &self.v, file)?;
        file.metadata.insert("adam.steps".to_string(), self.steps.to_string());
        Ok(())
    }

    fn restore(&mut self, parameters: &Parameters, file: &TensorFile) -> Result<(), ParamsError> {
        made_for(self.m.len(), parameters)?;
        let (m, v) = (parameters.restore_buffer("adam.m", file)?, parameters.restore_buffer("adam.v", file)?);
        for entry in parameters {
            if let Some(x) = v[entry.range.clone()].iter().find(|&&x| x < 0.0) {
                let name = format!("adam.v/{}", entry.name);
                return Err(unfit(&file.place(), &name, "means of squares", &x.to_string()));
            }
        }
        self.steps = steps(file, "adam.steps")?;
        (self.m, self.v) = (m, v);
        Ok(())
    }
}

/// `xⁿ` by squaring: the same bits on every machine, which `powi` does not promise.
fn power(x: f64, n: u64) -> f64 {
    let (mut result, mut square, mut left) = (1.0, x, n);
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        square *= square;
        left >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::super::optimizer_tests::{assert_close, run};
    use super::*;

    #[test]
    fn steps_are_those_worked_out_by_hand() -> Result<(), OptimError> {
        let mut adam = Adam::with(1, AdamSettings { beta1: 0.5, beta2: 0.75, epsilon: 1e-300, weight_decay: 0.0 })?;
        let mut x = [0.0];
        // t = 1: m̂ = g, v̂ = g².
        adam.step(&mut x, &[2.0], 0.5)?;
        assert_eq!((adam.m(), adam.v(), x), (&[1.0][..], &[1.0][..], [-0.5]));
        // t = 2: m = 1/2 + 1/2 · 4 over 1 - 1/4, v = 3/4 + 1/4 · 16 over 1 - 9/16.
        adam.step(&mut x, &[4.0], 0.5)?;
        let expected = -0.5 - 0.5 * (2.5 / 0.75) / (4.75_f64 / 0.4375).sqrt();
        assert!((x[0] - expected).abs() < 1e-15);
        assert_eq!(adam.steps(), 2);
        Ok(())
    }

    #[test]
    fn twenty_steps_agree_with_pytorch() -> Result<(), OptimError> {
        let adam = run(&mut Adam::new(4), 0.05)?;
        assert_close(
            adam,
            [
                [0.9500000004545455, -0.4500000000997506, 1.9500000005, 0.20000000066528067],
                [0.7500917734492961, -0.2539479776755913, 1.7530512958776712, 0.013914830227633311],
                [0.1065495052209853, 0.13561067233255678, 0.9868586776439452, 0.02665655152140682],
            ],
        );
        let settings = AdamSettings { beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weight_decay: 0.1 };
        let adamw = run(&mut Adam::with(4, settings)?, 0.05)?;
        assert_close(
            adamw,
            [
                [0.9450000454545041, -0.44750000997506034, 1.94000004999995, 0.198750066527978],
                [0.7281984754198813, -0.24601011075680002, 1.7018446384113426, 0.014769061305920338],
                [0.112102931306544, 0.05077848400630375, 0.8562291550981715, 0.022854417296581993],
            ],
        );
        Ok(())
    }

    #[test]
    fn the_first_step_is_the_learning_rate_whatever_the_gradient() -> Result<(), OptimError> {
        for g in [1e-3, -1.0, 1e6, -1e100] {
            let mut x = [0.0];
            Adam::new(1).step(&mut x, &[g], 0.01)?;
            assert!((x[0] + 0.01 * g.signum()).abs() < 1e-6, "{g}: {x:?}");
        }
        Ok(())
    }

    #[test]
    fn powers_are_powers() {
        assert_eq!((power(0.5, 0), power(0.5, 10), power(0.0, 3)), (1.0, 0.5_f64.powi(10), 0.0));
        assert!((power(0.999, 100_003) / 0.999_f64.powf(100_003.0) - 1.0).abs() < 1e-10);
        assert_eq!(power(0.9, u64::MAX), 0.0);
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let good = AdamSettings::default();
        for settings in [
            AdamSettings { beta1: 1.0, ..good },
            AdamSettings { beta2: -0.1, ..good },
            AdamSettings { beta1: f64::NAN, ..good },
            AdamSettings { epsilon: 0.0, ..good },
            AdamSettings { weight_decay: f64::INFINITY, ..good },
        ] {
            assert!(Adam::with(1, settings).is_err(), "{settings:?}");
        }
    }
}
