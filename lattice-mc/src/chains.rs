//! Many Markov chains at once, side by side in the lanes.

use crate::observables::{self, Observable};
use crate::update::Update;
use crate::{Action, Error};
use lattice_autograd::{Trace, Var};
use lattice_tensor::field::Scalar;
use lattice_tensor::{Bindings, Cpu, Draws, Lattice, Layout, Location, NodeId, Program, Real, ScalarField};
use std::sync::Arc;

/// The chains of one run: their fields, the planned update and the counter of their random numbers.
pub struct Chains<'a, R: Real> {
    action: &'a dyn Action,
    update: Box<dyn Update>,
    cpu: Cpu,
    layout: Arc<Layout>,
    phi: ScalarField<R>,
    next: ScalarField<R>,
    updating: Planned<R>,
    measuring: Planned<R>,
    seed: u64,
    step: u64,
}

/// A program with what it needs besides fields.
struct Planned<R: Real> {
    program: Program<R>,
    uniforms: Vec<f64>,
    names: Vec<String>,
    /// What it returned last, `[name][chain]`.
    numbers: Vec<Vec<f64>>,
}

impl<R: Real> Planned<R> {
    fn new<'t>(
        trace: &'t Trace,
        phi: Option<Var<'t, Scalar>>,
        numbers: Vec<Observable<'t>>,
        layout: &Layout,
        chains: usize,
    ) -> Result<Self, Error> {
        let mut outputs: Vec<NodeId> = phi.iter().map(|phi| phi.id()).collect();
        outputs.extend(numbers.iter().map(|(_, value)| value.id()));
        Ok(Planned {
            program: trace.program(&outputs, layout)?,
            uniforms: trace.uniform_values(),
            numbers: vec![vec![0.0; chains]; numbers.len()],
            names: numbers.into_iter().map(|(name, _)| name).collect(),
        })
    }
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
        let mut periods = vec![update.period(); lattice.directions()];
        // The correlator is taken on a line across direction 0, which must lie in one virtual node.
        if lattice.directions() > 1 {
            periods[0] = lattice.extents()[0];
        }
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
        let updating = Self::plan(action, &*update, &layout, chains)?;
        let trace = Trace::new(lattice);
        let list = observables::standard(action, trace.scalar_field("phi"));
        let measuring = Planned::new(&trace, None, list, &layout, chains)?;
        let cpu = cpu.clone();
        Ok(Chains { action, update, cpu, layout, phi, next, updating, measuring, seed, step: 0 })
    }

    fn plan(action: &dyn Action, update: &dyn Update, layout: &Layout, chains: usize) -> Result<Planned<R>, Error> {
        let trace = Trace::new(layout.lattice());
        let updated = update.trace(action, trace.scalar_field("phi"));
        if !updated.numbers.iter().any(|(name, _)| name == "acceptance") {
            return Err(Error::Update(format!("{update:?} does not fit {action:?}")));
        }
        Planned::new(&trace, Some(updated.phi), updated.numbers, layout, chains)
    }

    /// One update of every chain. Returns what the update has to say, `[name][chain]`, in the order of
    /// [`Chains::update_names`].
    ///
    /// # Errors
    /// If the program cannot be run.
    pub fn advance(&mut self) -> Result<&[Vec<f64>], Error> {
        self.step += 1;
        let Planned { program, uniforms, numbers, .. } = &mut self.updating;
        let mut views: [&mut [f64]; 16] = Default::default();
        let views = views_of(&mut views, numbers);
        program.run(
            &self.cpu,
            &mut Bindings {
                samples: self.phi.samples(),
                draws: Draws { seed: self.seed, step: self.step, first_sample: 0 },
                fields: &[&self.phi],
                uniforms,
                out_fields: &mut [&mut self.next],
                out_per_sample: views,
                ..Default::default()
            },
        )?;
        std::mem::swap(&mut self.phi, &mut self.next);
        Ok(&self.updating.numbers)
    }

    /// Measures the standard observables on the configurations, `[name][chain]`, in the order of
    /// [`Chains::observable_names`].
    ///
    /// # Errors
    /// If the program cannot be run.
    pub fn measure(&mut self) -> Result<&[Vec<f64>], Error> {
        let Planned { program, uniforms, numbers, .. } = &mut self.measuring;
        let mut views: Vec<&mut [f64]> = numbers.iter_mut().map(Vec::as_mut_slice).collect();
        program.run(
            &self.cpu,
            &mut Bindings {
                samples: self.phi.samples(),
                fields: &[&self.phi],
                uniforms,
                out_per_sample: &mut views,
                ..Default::default()
            },
        )?;
        Ok(&self.measuring.numbers)
    }

    /// Lets the update tune itself after updates with this mean acceptance, and plans it anew if it did. Detailed
    /// balance forbids it once measuring has begun.
    ///
    /// # Errors
    /// If the new update cannot be planned.
    pub fn tune(&mut self, acceptance: f64) -> Result<(), Error> {
        if self.update.tune(acceptance) {
            self.updating = Self::plan(self.action, &*self.update, &self.layout, self.phi.samples())?;
        }
        Ok(())
    }

    /// The names of what [`Chains::advance`] returns.
    pub fn update_names(&self) -> &[String] {
        &self.updating.names
    }

    /// The names of what [`Chains::measure`] returns.
    pub fn observable_names(&self) -> &[String] {
        &self.measuring.names
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
    pub fn set_state(
        &mut self,
        step: u64,
        set: impl FnOnce(&mut ScalarField<R>) -> lattice_tensor::Result<()>,
    ) -> Result<(), Error> {
        set(&mut self.phi)?;
        self.step = step;
        Ok(())
    }
}

/// Slices of the first vectors, in memory that is already there: an update allocates nothing.
fn views_of<'v, 'n>(views: &'v mut [&'n mut [f64]; 16], numbers: &'n mut [Vec<f64>]) -> &'v mut [&'n mut [f64]] {
    let count = numbers.len().min(views.len());
    views.iter_mut().zip(numbers).for_each(|(view, numbers)| *view = numbers.as_mut_slice());
    &mut views[..count]
}
