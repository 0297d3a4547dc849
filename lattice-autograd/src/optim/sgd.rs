//! Steepest descent with momentum.
//!
//! ```text
//! u ← μ u + g,   θ ← θ - lr u              heavy ball
//! u ← μ u + g,   θ ← θ - lr (g + μ u)      Nesterov
//! ```
//! Polyak, USSR Comput. Math. Math. Phys. 4 (1964) 1; Nesterov's in the form of Sutskever et al., ICML 2013, as in
//! PyTorch: the learning rate multiplies the velocity, so that it may change between steps.

use super::optimizer::{made_for, steps};
use super::{OptimError, Optimizer};
use crate::params::{Parameters, ParamsError, TensorFile};
use serde::{Deserialize, Serialize};

/// The constants of [`Sgd`]; the defaults are plain steepest descent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgdSettings {
    /// μ: how much of the velocity stays at each step; in [0, 1).
    pub momentum: f64,
    /// Whether to look ahead along the velocity.
    pub nesterov: bool,
}

/// Steps along the gradient, or along a sum of past gradients.
///
/// ```
/// use lattice_autograd::optim::{Optimizer, Sgd, SgdSettings};
/// let mut sgd = Sgd::with(2, SgdSettings { momentum: 0.9, nesterov: true })?;
/// let mut x = [1.0, -2.0];
/// for _ in 0..300 {
///     let gradient = [x[0], 10.0 * x[1]];
///     sgd.step(&mut x, &gradient, 0.05)?;
/// }
/// assert!(x[0].abs() + x[1].abs() < 1e-6);
/// # Ok::<(), lattice_autograd::optim::OptimError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sgd {
    settings: SgdSettings,
    velocity: Vec<f64>,
    steps: u64,
}

impl Sgd {
    /// For so many parameters, without momentum.
    pub fn new(length: usize) -> Sgd {
        Sgd { settings: SgdSettings::default(), velocity: vec![0.0; length], steps: 0 }
    }

    /// For so many parameters, with momentum.
    pub fn with(length: usize, settings: SgdSettings) -> Result<Sgd, OptimError> {
        let momentum = settings.momentum;
        OptimError::setting("momentum", momentum, (0.0..1.0).contains(&momentum), "a number in [0, 1)")?;
        Ok(Sgd { settings, ..Sgd::new(length) })
    }

    /// The constants.
    pub fn settings(&self) -> SgdSettings {
        self.settings
    }

    /// The sum of past gradients.
    pub fn velocity(&self) -> &[f64] {
        &self.velocity
    }
}

impl Optimizer for Sgd {
    fn step(&mut self, parameters: &mut [f64], gradient: &[f64], lr: f64) -> Result<(), OptimError> {
        OptimError::length("parameters", self.velocity.len(), parameters.len())?;
        OptimError::length("gradient", self.velocity.len(), gradient.len())?;
        let SgdSettings { momentum, nesterov } = self.settings;
        self.steps += 1;
        for ((x, g), u) in parameters.iter_mut().zip(gradient).zip(&mut self.velocity) {
            *u = momentum * *u + g;
            *x -= lr * if nesterov { g + momentum * *u } else { *u };
        }
        Ok(())
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn store(&self, parameters: &Parameters, file: &mut TensorFile) -> Result<(), ParamsError> {
        parameters.store_buffer("sgd.velocity", &self.velocity, file)?;
        file.metadata.insert("sgd.steps".to_string(), self.steps.to_string());
        Ok(())
    }

    fn restore(&mut self, parameters: &Parameters, file: &TensorFile) -> Result<(), ParamsError> {
        made_for(self.velocity.len(), parameters)?;
        let velocity = parameters.restore_buffer("sgd.velocity", file)?;
        self.steps = steps(file, "sgd.steps")?;
        self.velocity = velocity;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::optimizer_tests::{assert_close, run};
    use super::*;

    #[test]
    fn twenty_steps_agree_with_pytorch() -> Result<(), OptimError> {
        assert_close(
            run(&mut Sgd::new(4), 0.05)?,
            [
                [0.945, -0.24937499999999999, 1.95, 0.212421875],
                [0.7300101302184115, -0.01555614628410196, 1.5227905155779038, 0.11064651049081753],
                [0.27478162239779735, -4.7472620844339514e-07, 0.6004725102989502, 0.00964437142886713],
            ],
        );
        let heavy = SgdSettings { momentum: 0.9, nesterov: false };
        assert_close(
            run(&mut Sgd::with(4, heavy)?, 0.05)?,
            [
                [0.945, -0.24937499999999999, 1.95, 0.212421875],
                [0.3370649960540482, 0.25729062367473965, 0.999891837810572, -0.08954989810806067],
                [0.05623655784664762, 0.15693441105868633, -0.2725523444542734, -0.014678363750786435],
            ],
        );
        let ahead = SgdSettings { momentum: 0.9, nesterov: true };
        assert_close(
            run(&mut Sgd::with(4, ahead)?, 0.05)?,
            [
                [0.8955, -0.023812499999999986, 1.905, 0.1786015625],
                [0.24518625260289953, 0.0051287978208481326, 0.88099160878621, -0.08259403215171054],
                [-0.0051267553300810625, 0.00017314012506865166, -0.45250231487745296, -0.005386614329318546],
            ],
        );
        Ok(())
    }

    #[test]
    fn a_step_without_momentum_is_linear_in_the_gradient() -> Result<(), OptimError> {
        let mut x = [1.0, 2.0];
        Sgd::new(2).step(&mut x, &[4.0, -8.0], 0.25)?;
        assert_eq!(x, [0.0, 4.0]);
        Ok(())
    }

    #[test]
    fn momentum_out_of_range_is_refused() {
        for momentum in [-0.1, 1.0, f64::NAN] {
            assert!(Sgd::with(1, SgdSettings { momentum, nesterov: false }).is_err(), "{momentum}");
        }
    }
}
