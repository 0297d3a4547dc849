//! What an optimiser is: a step on flat buffers, and a state that a checkpoint keeps.

use super::OptimError;
use crate::params::{Parameters, ParamsError, TensorFile};

/// Changes parameters along their gradient, remembering what it needs.
///
/// ```
/// use lattice_autograd::optim::{Adam, Optimizer};
/// use lattice_autograd::params::{Parameters, TensorFile};
/// let mut parameters = Parameters::new();
/// parameters.add("w", &[2], |_| 1.0)?;
/// let mut adam = Adam::new(parameters.len());
/// adam.step(parameters.values_mut(), &[0.3, -5.0], 0.01)?;
/// assert!((parameters.values()[1] - 1.01).abs() < 1e-10);
///
/// let mut checkpoint = TensorFile::new();
/// parameters.store(&mut checkpoint)?;
/// adam.store(&parameters, &mut checkpoint)?;
///
/// let mut resumed = Adam::new(parameters.len());
/// resumed.restore(&parameters, &checkpoint)?;
/// assert_eq!(resumed, adam);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Optimizer {
    /// One step at learning rate `lr`, downhill for positive `lr`. Allocates nothing.
    ///
    /// The gradient is taken as it is: one that is not finite spoils the state, so check it first, as
    /// [`clip::by_norm`](super::clip::by_norm) does. On an error nothing is changed.
    fn step(&mut self, parameters: &mut [f64], gradient: &[f64], lr: f64) -> Result<(), OptimError>;

    /// How many steps were made.
    fn steps(&self) -> u64;

    /// Adds the state to a checkpoint: buffers under the parameters' names, the number of steps as metadata.
    fn store(&self, parameters: &Parameters, file: &mut TensorFile) -> Result<(), ParamsError>;

    /// Takes the state from a checkpoint; the steps that follow are the same to the last bit as without the pause.
    ///
    /// On an error nothing is changed. The settings are not part of the state.
    fn restore(&mut self, parameters: &Parameters, file: &TensorFile) -> Result<(), ParamsError>;
}

/// The number of steps that a checkpoint's metadata has under `key`.
pub(super) fn steps(file: &TensorFile, key: &str) -> Result<u64, ParamsError> {
    let text = file.metadata.get(key);
    text.and_then(|text| text.parse().ok()).ok_or_else(|| ParamsError::Metadata {
        path: file.place(),
        key: key.to_string(),
        expected: "a number of steps".to_string(),
        found: text.map_or("no such entry".to_string(), |text| format!("{text:?}")),
    })
}

/// Checks that the optimiser was made for as many numbers as there are parameters.
pub(super) fn made_for(length: usize, parameters: &Parameters) -> Result<(), ParamsError> {
    match length == parameters.len() {
        true => Ok(()),
        false => Err(ParamsError::Length {
            what: "an optimiser's buffer".to_string(),
            expected: parameters.len(),
            found: length,
        }),
    }
}
