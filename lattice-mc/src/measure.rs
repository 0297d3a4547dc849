//! The standard observables of configurations that are there already: stored ensembles, other codes' fields.

use crate::observables;
use crate::{Action, Error};
use lattice_autograd::Trace;
use lattice_tensor::{Bindings, Device, Lattice, Layout, NodeId, Program, Real, ScalarField};
use std::sync::Arc;

/// Samples measured at a time.
const CHUNK: usize = 256;

/// Measures real fields on one lattice in the theory of one action.
pub struct Measurement<R: Real> {
    program: Program<R>,
    layout: Arc<Layout>,
    uniforms: Vec<f64>,
    names: Vec<String>,
    device: Device,
}

impl<R: Real> Measurement<R> {
    /// Plans the measurement of all standard observables.
    ///
    /// # Errors
    /// If the theory cannot be, the device does not take the precision, or the program cannot be planned.
    pub fn new(action: &dyn Action, lattice: &Lattice, device: &Device) -> Result<Self, Error> {
        action.check().map_err(Error::Couplings)?;
        device.check_precision::<R>()?;
        let trace = Trace::new(lattice);
        let list = observables::standard(action, trace.scalar_field("phi"));
        let (names, ids): (Vec<String>, Vec<NodeId>) = list.into_iter().map(|(name, x)| (name, x.id())).unzip();
        let layout = Arc::new(Layout::samples(lattice, R::WIDTH));
        let program = trace.program(&ids, &layout)?;
        Ok(Measurement { program, layout, uniforms: trace.uniform_values(), names, device: device.clone() })
    }

    /// The names of the observables.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The values of all observables, `[name][configuration]`, for configurations one after the other, each with its
    /// sites in the order of their numbers.
    ///
    /// # Errors
    /// If the numbers are no whole number of configurations, one is not finite, or memory is short.
    pub fn of(&mut self, configurations: &[f64]) -> Result<Vec<Vec<f64>>, Error> {
        let volume = self.layout.lattice().volume();
        if !configurations.len().is_multiple_of(volume) {
            let (what, found) = ("configurations".into(), configurations.len().to_string());
            let expected = format!("a multiple of {volume} numbers");
            return Err(lattice_tensor::Error::Binding { what, expected, found }.into());
        }
        if let Some(at) = configurations.iter().position(|x| !x.is_finite()) {
            let what = format!("configuration {}, site {}", at / volume, at % volume);
            let (expected, found) = ("a finite number".into(), configurations[at].to_string());
            return Err(lattice_tensor::Error::Binding { what, expected, found }.into());
        }
        let mut values = vec![Vec::with_capacity(configurations.len() / volume); self.names.len()];
        for chunk in configurations.chunks(CHUNK * volume) {
            let samples = chunk.len() / volume;
            let mut phi = ScalarField::<R>::zeros(&self.layout, samples)?;
            for (sample, sites) in chunk.chunks_exact(volume).enumerate() {
                phi.set_sample(sample, &sites.iter().map(|&x| R::from_f64(x)).collect::<Vec<_>>())?;
            }
            let mut numbers = vec![vec![0.0; samples]; self.names.len()];
            let mut views: Vec<&mut [f64]> = numbers.iter_mut().map(Vec::as_mut_slice).collect();
            let uniforms = &self.uniforms;
            let fields = &[&*phi];
            let mut bindings = Bindings { samples, fields, uniforms, out_per_sample: &mut views, ..Default::default() };
            self.program.run(&self.device, &mut bindings)?;
            if let Some(sample) = (0..samples).find(|&s| numbers.iter().any(|numbers| !numbers[s].is_finite())) {
                let what = format!("configuration {}", values[0].len() + sample);
                let (expected, found) = ("finite observables".into(), "numbers so large that they overflow".into());
                return Err(lattice_tensor::Error::Binding { what, expected, found }.into());
            }
            values.iter_mut().zip(&numbers).for_each(|(values, numbers)| values.extend(numbers));
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phi4;

    #[test]
    fn a_constant_field_is_known_by_hand() {
        let action = Phi4 { mass2: -4.0, lambda: 8.0 };
        let lattice = Lattice::periodic([4, 6]).unwrap();
        let mut measurement = Measurement::<f64>::new(&action, &lattice, &Device::cpu(1).unwrap()).unwrap();
        let fields: Vec<f64> = (0..300).flat_map(|n| [0.01 * f64::from(n); 24]).collect();
        let values = measurement.of(&fields).unwrap();
        let value = |name: &str, n: usize| values[measurement.names.iter().position(|x| x == name).unwrap()][n];
        for n in [0, 17, 255, 256, 299] {
            let phi = 0.01 * n as f64;
            for (name, expected) in [
                ("phi2", phi * phi),
                ("chi2", 24.0 * phi * phi),
                ("ising_energy", phi * phi),
                ("action_density", -4.0 * phi * phi + 8.0 * phi.powi(4)),
                ("g2", 4.0 * phi * phi),
            ] {
                assert!((value(name, n) - expected).abs() < 1e-12, "{name} {n}: {} not {expected}", value(name, n));
            }
        }
        assert!(measurement.of(&fields[1..]).is_err());
        let text = measurement.of(&[f64::NAN; 24]).unwrap_err().to_string();
        assert_eq!(text, "configuration 0, site 0: expected a finite number, found NaN");
    }
}
