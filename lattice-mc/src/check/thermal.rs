//! Chains in equilibrium, for what holds only there.

use crate::chains::Chains;
use crate::update::Update;
use crate::{Action, Hmc, Integrator};
use lattice_autograd::Trace;
use lattice_autograd::check::{Error, Options, Result, Value};
use lattice_tensor::{Bindings, Device, Lattice, NodeId, Program};

/// Markov chains that have been brought to equilibrium by their update, tuned on the way.
pub struct Thermal<'a> {
    /// The chains.
    pub chains: Chains<'a, f64>,
    device: Device,
}

impl<'a> Thermal<'a> {
    /// Chains of any update, [`Options::chains`] of them after [`Options::thermalize`] updates.
    ///
    /// # Errors
    /// If the update does not fit the action or lattice, or cannot be run.
    pub fn new(
        action: &'a dyn Action,
        update: Box<dyn Update>,
        lattice: &Lattice,
        options: &Options,
    ) -> Result<Thermal<'a>> {
        let device = Device::cpu(0)?;
        let chains = Chains::new(action, update, lattice, options.chains, options.seed, &device);
        let mut chains = chains.map_err(Error::while_doing("starting chains"))?;
        let failed = Error::while_doing("thermalising");
        let (mut acceptance, mut window) = (0.0, 0);
        for i in 0..options.thermalize {
            let place = chains.update_names().iter().position(|n| n == "acceptance").unwrap_or(0);
            let accepted = &chains.advance().map_err(&failed)?[place];
            acceptance += accepted.iter().sum::<f64>() / accepted.len() as f64;
            window += 1;
            if window == 5 && i < options.thermalize * 4 / 5 {
                chains.tune(acceptance / 5.0).map_err(&failed)?;
                (acceptance, window) = (0.0, 0);
            }
        }
        Ok(Thermal { chains, device })
    }

    /// Chains of hybrid Monte Carlo.
    ///
    /// # Errors
    /// If there is no theory at these couplings, or it cannot be run.
    pub fn hmc(action: &'a dyn Action, lattice: &Lattice, options: &Options) -> Result<Thermal<'a>> {
        Thermal::new(action, Box::new(Hmc::new(Integrator::Leapfrog, 1.0)), lattice, options)
    }

    /// The configurations as plain numbers.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn fields(&self) -> Result<Value> {
        let fields = self.chains.fields();
        Ok(Value::Field((0..fields.samples()).map(|s| fields.sample(s)).collect::<std::result::Result<_, _>>()?))
    }

    /// A program of one field that measures numbers per sample on the configurations.
    ///
    /// # Errors
    /// If it cannot be planned.
    pub fn plan(&self, trace: &Trace, numbers: &[NodeId]) -> Result<Program<f64>> {
        Ok(trace.program(numbers, self.chains.fields().layout())?)
    }

    /// Measures, `[number][chain]`.
    ///
    /// # Errors
    /// If the program takes something else.
    pub fn measure(
        &self,
        program: &mut Program<f64>,
        uniforms: &[f64],
        weights: &[f64],
        numbers: usize,
    ) -> Result<Vec<Vec<f64>>> {
        let fields = self.chains.fields();
        let mut out = vec![vec![0.0; fields.samples()]; numbers];
        program.run(
            &self.device,
            &mut Bindings {
                samples: fields.samples(),
                fields: &[fields],
                uniforms,
                weights,
                out_per_sample: &mut out.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>(),
                ..Default::default()
            },
        )?;
        Ok(out)
    }
}
