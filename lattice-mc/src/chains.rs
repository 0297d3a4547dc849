//! Many Markov chains at once, side by side in the lanes.

use crate::observables;
use crate::update::Update;
use crate::{Action, Error};
use lattice_autograd::Trace;
use lattice_tensor::{Bindings, Cpu, Draws, Lattice, Layout, Location, Program, Real, ScalarField};
use std::sync::Arc;

/// The chains of one run: their fields, the planned update and the counter of their random numbers.
pub struct Chains<'a, R: Real> {
    action: &'a dyn Action,
    update: Box<dyn Update>,
    cpu: Cpu,
    layout: Arc<Layout>,
    phi: ScalarField<R>,
    next: ScalarField<R>,
    program: Program<R>,
    uniforms: Vec<f64>,
    names: Vec<String>,
    numbers: Vec<Vec<f64>>,
    seed: u64,
    step: u64,
}

impl<'a, R: Real> Chains<'a, R> {
    /// `chains` chains that start near `φ = 0`, with normal fluctuations of width 0.1.
    ///
    /// Fewer chains than lanes share the lanes with virtual nodes of the lattice, where it can be split.
    ///
    /// # Errors
    /// If the theory, the lattice or the number of chains cannot be, or memory is short.
    pub fn new(
        action: &'a dyn Action,
        update: Box<dyn Update>,
        lattice: &Lattice,
        chains: usize,
        seed: u64,
        cpu: &Cpu,
    ) -> Result<Self, Error> {
        action.check().map_err(Error::Couplings)?;
        if chains == 0 {
            return Err(Error::Count { what: "chains", found: 0 });
        }
        let nodes = R::WIDTH / chains.next_power_of_two().min(R::WIDTH);
        // The two-point function sums over slices of the last direction, which must lie in one virtual node.
        let mut periods = vec![update.period(); lattice.directions()];
        periods[lattice.directions() - 1] = lattice.extents()[lattice.directions() - 1];
        let layout = Arc::new(Layout::virtual_nodes(lattice, nodes, &periods, R::WIDTH));
        let start = Trace::new(lattice);
        let noise = start.normal("start", Location::All) * 0.1;
        let mut phi = ScalarField::zeros(&layout, chains)?;
        let next = ScalarField::zeros(&layout, chains)?;
        start.program::<R>(&[noise.id()], &layout)?.run(
            cpu,
            &mut Bindings {
                samples: chains,
                draws: Draws { seed, step: 0, first_sample: 0 },
                out_fields: &mut [&mut phi],
                ..Default::default()
            },
        )?;
        let (program, uniforms, names) = Self::plan(action, &*update, lattice, &layout)?;
        let numbers = vec![vec![0.0; chains]; names.len()];
        let cpu = cpu.clone();
        Ok(Chains { action, update, cpu, layout, phi, next, program, uniforms, names, numbers, seed, step: 0 })
    }

    fn plan(
        action: &dyn Action,
        update: &dyn Update,
        lattice: &Lattice,
        layout: &Layout,
    ) -> Result<(Program<R>, Vec<f64>, Vec<String>), Error> {
        let trace = Trace::new(lattice);
        let updated = update.trace(action, trace.scalar_field("phi"));
        if updated.numbers.is_empty() {
            return Err(Error::Update(format!("{update:?} does not fit {action:?}")));
        }
        let mut outputs = vec![updated.phi.id()];
        let mut names = Vec::new();
        for (name, value) in updated.numbers.into_iter().chain(observables::standard(action, updated.phi)) {
            names.push(name);
            outputs.push(value.id());
        }
        Ok((trace.program(&outputs, layout)?, trace.uniform_values(), names))
    }

    /// One update of every chain. Returns what was measured, `[name][chain]`, in the order of [`Chains::names`].
    ///
    /// # Errors
    /// If the program cannot be run.
    pub fn advance(&mut self) -> Result<&[Vec<f64>], Error> {
        self.step += 1;
        let mut numbers: Vec<&mut [f64]> = self.numbers.iter_mut().map(Vec::as_mut_slice).collect();
        self.program.run(
            &self.cpu,
            &mut Bindings {
                samples: self.phi.samples(),
                draws: Draws { seed: self.seed, step: self.step, first_sample: 0 },
                fields: &[&self.phi],
                uniforms: &self.uniforms,
                out_fields: &mut [&mut self.next],
                out_per_sample: &mut numbers,
                ..Default::default()
            },
        )?;
        std::mem::swap(&mut self.phi, &mut self.next);
        Ok(&self.numbers)
    }

    /// Lets the update tune itself after updates with this mean acceptance, and plans it anew if it did. Detailed
    /// balance forbids it once measuring has begun.
    ///
    /// # Errors
    /// If the new update cannot be planned.
    pub fn tune(&mut self, acceptance: f64) -> Result<(), Error> {
        if self.update.tune(acceptance) {
            let planned = Self::plan(self.action, &*self.update, self.layout.lattice(), &self.layout)?;
            (self.program, self.uniforms, self.names) = planned;
        }
        Ok(())
    }

    /// The names of the numbers, those of the update first.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The update, as tuned.
    pub fn update(&self) -> &dyn Update {
        &*self.update
    }

    /// The configurations.
    pub fn fields(&self) -> &ScalarField<R> {
        &self.phi
    }

    /// How many updates have been made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Sets the configurations and the counter of updates, as when a run is taken up again.
    pub fn set_state(&mut self, step: u64, set: impl FnOnce(&mut ScalarField<R>) -> lattice_tensor::Result<()>) -> Result<(), Error> {
        set(&mut self.phi)?;
        self.step = step;
        Ok(())
    }
}
