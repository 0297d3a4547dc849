//! Many Markov chains at once, side by side in the lanes.

use crate::exchange::Exchange;
use crate::hmc::UNCONDITIONAL;
use crate::manifold::Start;
use crate::observables::measured;
use crate::planned::{ChainCouplings, Planned};
use crate::stage::Staged;
use crate::update::Update;
use crate::{Action, Error, Manifold};
use lattice_autograd::Trace;
use lattice_autograd::params::TensorFile;
use lattice_tensor::field::Scalar;
use lattice_tensor::{
    Bindings, Cost, Device, Draws, Fibre, Field, FieldData, Lattice, Layout, Location, Program, Real, Spec,
};
use std::sync::Arc;

/// The chains of one run: their fields, the planned update and the counter of their random numbers.
pub struct Chains<'a, R: Real, K: Manifold = Scalar> {
    action: &'a dyn Action<K>,
    update: Box<dyn Update<K>>,
    device: Device,
    layout: Arc<Layout>,
    couplings: ChainCouplings,
    phi: Field<K, R>,
    next: Field<K, R>,
    updating: Updating<R>,
    exchange: Option<Exchange<R>>,
    measuring: Planned<R>,
    seed: u64,
    step: u64,
}

/// An update: its program and, if it has one, the stage that follows it.
struct Updating<R: Real> {
    planned: Planned<R>,
    staged: Option<Staged>,
    /// Where the number is that has the first trajectories accepted.
    unconditional: Option<usize>,
}

impl<'a, R: Real, K: Manifold> Chains<'a, R, K> {
    /// `chains` chains from a [cold start](Start::Cold).
    ///
    /// On the processor fewer chains than lanes share the lanes with virtual nodes of the lattice, where it can be split.
    ///
    /// # Errors
    /// If the theory, the lattice or the number of chains cannot be, the device does not take the precision, or memory is
    /// short.
    pub fn new(
        action: &'a dyn Action<K>,
        update: Box<dyn Update<K>>,
        lattice: &Lattice,
        chains: usize,
        seed: u64,
        device: &Device,
    ) -> Result<Self, Error> {
        Self::at_couplings(action, update, lattice, chains, ChainCouplings::default(), seed, device)
    }

    /// As [`Chains::new`], with some couplings different from chain to chain. The values that `action` itself holds
    /// for these are not used. That there is a theory at each value is for the caller to see to.
    ///
    /// # Errors
    /// As [`Chains::new`]; if there is not one finite value for each chain, or no coupling of that name.
    pub fn at_couplings(
        action: &'a dyn Action<K>,
        update: Box<dyn Update<K>>,
        lattice: &Lattice,
        chains: usize,
        couplings: ChainCouplings,
        seed: u64,
        device: &Device,
    ) -> Result<Self, Error> {
        action.check().and_then(|()| action.fits(lattice)).map_err(Error::Couplings)?;
        for (what, found) in [("chains", chains), ("components of the field", action.fibre(lattice).components())] {
            if found == 0 {
                return Err(Error::Count { what, found });
            }
        }
        couplings.check(chains)?;
        device.check_precision::<R>()?;
        let nodes = R::WIDTH / chains.next_power_of_two().min(R::WIDTH);
        let mut periods = update.periods(action, lattice);
        for others in [K::periods(lattice), action.periods(lattice)] {
            periods.iter_mut().zip(others).for_each(|(period, other)| *period = common_multiple(*period, other));
        }
        // Virtual nodes fill the lanes of the processor; a GPU has none.
        let layout = Arc::new(match device.is_gpu() {
            true => Layout::samples(lattice, R::WIDTH),
            false => Layout::virtual_nodes(lattice, nodes, &periods, R::WIDTH),
        });
        let phi = FieldData::zeros(&layout, Location::All, action.fibre(lattice), chains)?;
        let next = phi.clone();
        let updating = Updating::new(action, &*update, &layout, &couplings, chains)?;
        let trace = couplings.trace(lattice);
        let list = measured(action, trace.field("phi", action.fibre(lattice)));
        let measuring = Planned::new(&trace, None, list, &[], &layout, &couplings, chains)?;
        couplings.check_names(&[updating.planned.asked(), measuring.asked()])?;
        let (phi, next, device) = (Field::from_data(phi), Field::from_data(next), device.clone());
        let exchange = None;
        let mut chains = Chains {
            action,
            update,
            device,
            layout,
            couplings,
            phi,
            next,
            updating,
            exchange,
            measuring,
            seed,
            step: 0,
        };
        chains.begin(Start::Cold)?;
        Ok(chains)
    }

    /// Begins anew, from another start.
    ///
    /// # Errors
    /// If the program that makes it cannot be run.
    pub fn begin(&mut self, start: Start) -> Result<(), Error> {
        let lattice = self.layout.lattice();
        let trace = Trace::new(lattice);
        let spec = Spec::Field { location: Location::All, fibre: self.action.fibre(lattice) };
        let phi = K::start(&trace, spec, start);
        self.step = 0;
        let mut bindings = Bindings {
            samples: self.phi.samples(),
            draws: Draws { seed: self.seed, step: 0, first_sample: 0 },
            out_fields: &mut [&mut self.phi],
            ..Default::default()
        };
        Ok(trace.program::<R>(&[phi.id()], &self.layout)?.run(&self.device, &mut bindings)?)
    }

    /// Begins anew, each chain from a configuration, `[site][component]`, that is there already: chain `c` from number
    /// `c` modulo their number.
    ///
    /// # Errors
    /// If there is no configuration, or one is not of this lattice and theory.
    pub fn begin_from(&mut self, configurations: &[Vec<f64>]) -> Result<(), Error> {
        if configurations.is_empty() {
            return Err(Error::Count { what: "configurations to begin with", found: 0 });
        }
        self.step = 0;
        for chain in 0..self.phi.samples() {
            let values = &configurations[chain % configurations.len()];
            self.phi.set_sample(chain, &values.iter().map(|&x| R::from_f64(x)).collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// Lets the chains, whose couplings form ladders of `rungs` values one after the other, exchange configurations
    /// after every `every`-th update; see [`Exchange`].
    ///
    /// # Errors
    /// If the chains are no whole number of ladders, or no coupling of the action differs between them.
    pub fn with_exchange(mut self, rungs: usize, every: u64) -> Result<Self, Error> {
        let chains = self.phi.samples();
        self.exchange = Some(Exchange::new(self.action, &self.layout, &self.couplings, chains, rungs, every)?);
        Ok(self)
    }

    /// One update of every chain. Returns what the update has to say, `[name][chain]`, in the order of
    /// [`Chains::update_names`].
    ///
    /// # Errors
    /// If the program cannot be run.
    pub fn advance(&mut self) -> Result<&[Vec<f64>], Error> {
        self.step += 1;
        let draws = Draws { seed: self.seed, step: self.step, first_sample: 0 };
        let Updating { planned, staged, unconditional } = &mut self.updating;
        planned.set(*unconditional, if self.step <= K::UNCONDITIONAL { 1.0 } else { 0.0 });
        planned.run(&self.device, draws, &self.phi, Some(&mut self.next))?;
        std::mem::swap(&mut self.phi, &mut self.next);
        if let Some(staged) = staged {
            let first = planned.names.len() - staged.stage.names().len();
            let processor = self.device.processor();
            staged.run(&mut self.phi, processor, draws, &planned.inputs, &mut planned.numbers[first..])?;
        }
        if let Some(exchange) = &mut self.exchange {
            exchange.run(&self.device, draws, &mut self.phi)?;
        }
        Ok(&planned.numbers)
    }

    /// What the last update had to say, as [`Chains::advance`] returned it.
    pub fn told(&self) -> &[Vec<f64>] {
        &self.updating.planned.numbers
    }

    /// Measures the standard observables on the configurations, `[name][chain]`, in the order of
    /// [`Chains::observable_names`].
    ///
    /// # Errors
    /// If the program cannot be run.
    pub fn measure(&mut self) -> Result<&[Vec<f64>], Error> {
        self.measuring.run(&self.device, Draws::default(), &self.phi, None)?;
        Ok(&self.measuring.numbers)
    }

    /// Lets the update tune itself after updates with this mean acceptance, and plans it anew if it did. Detailed
    /// balance forbids it once measuring has begun.
    ///
    /// # Errors
    /// If the new update cannot be planned.
    pub fn tune(&mut self, acceptance: f64) -> Result<(), Error> {
        if self.update.tune(acceptance) {
            let chains = self.phi.samples();
            self.updating = Updating::new(self.action, &*self.update, &self.layout, &self.couplings, chains)?;
        }
        Ok(())
    }

    /// The names of what [`Chains::advance`] returns.
    pub fn update_names(&self) -> &[String] {
        &self.updating.planned.names
    }

    /// The names of what [`Chains::measure`] returns.
    pub fn observable_names(&self) -> &[String] {
        &self.measuring.names
    }

    /// The update, as tuned.
    pub fn update(&self) -> &dyn Update<K> {
        &*self.update
    }

    /// The couplings that differ from chain to chain.
    pub fn couplings(&self) -> &ChainCouplings {
        &self.couplings
    }

    /// How the exchange of configurations goes, if there is any.
    pub fn exchange(&self) -> Option<&Exchange<R>> {
        self.exchange.as_ref()
    }

    /// Arithmetic and traffic of an update and a measurement of one chain; stages not counted.
    pub fn cost(&self) -> Cost {
        let mut cost = self.updating.planned.cost();
        cost += self.measuring.cost();
        cost
    }

    /// The program of an update, for reports.
    pub fn program(&self) -> &Program<R> {
        self.updating.planned.program()
    }

    /// The configurations.
    pub fn fields(&self) -> &Field<K, R> {
        &self.phi
    }

    /// How many updates have been made.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Adds configurations, the tuning of the update and the counter of updates to a file.
    ///
    /// # Errors
    /// If the file has tensors of the same names.
    pub fn store(&self, file: &mut TensorFile) -> Result<(), Error> {
        let mut numbers = Vec::with_capacity(self.shape().iter().product());
        for chain in 0..self.phi.samples() {
            numbers.extend(self.phi.sample(chain)?.into_iter().map(Real::to_f64));
        }
        file.insert(FIELDS, &self.shape(), numbers)?;
        let tuned = self.update.tuned();
        file.insert(TUNED, &[tuned.len()], tuned)?;
        if let Some(exchange) = &self.exchange {
            exchange.store(file)?;
        }
        Ok(file.insert(STEP, &[1], vec![self.step as f64])?)
    }

    /// Takes up what [`Chains::store`] has written.
    ///
    /// # Errors
    /// If the file holds other chains.
    pub fn restore(&mut self, file: &TensorFile) -> Result<(), Error> {
        let numbers = file.values(FIELDS, &self.shape())?;
        let tuned = file.values(TUNED, &[self.update.tuned().len()])?;
        let step = file.values(STEP, &[1])?;
        if let Some(exchange) = &mut self.exchange {
            exchange.restore(file)?;
        }
        let chains = self.phi.samples();
        for (chain, values) in numbers.chunks_exact(numbers.len() / chains).enumerate() {
            self.phi.set_sample(chain, &values.iter().map(|&x| R::from_f64(x)).collect::<Vec<_>>())?;
        }
        self.step = step.first().map_or(0, |&step| step as u64);
        self.update.set_tuned(tuned);
        self.updating = Updating::new(self.action, &*self.update, &self.layout, &self.couplings, chains)?;
        Ok(())
    }

    /// The shape of what sits on a site: nothing for one number, `[direction, number of the matrix]` for links.
    pub fn shape_on_site(&self) -> Vec<usize> {
        match self.action.fibre(self.layout.lattice()) {
            Fibre::Scalar => Vec::new(),
            Fibre::Matrix { group, count } => vec![count, group.matrix()],
            fibre => vec![fibre.components()],
        }
    }

    /// `[chain, site, component]`.
    fn shape(&self) -> [usize; 3] {
        [self.phi.samples(), self.layout.lattice().volume(), self.action.fibre(self.layout.lattice()).components()]
    }
}

/// The tensors of a file that hold the state of chains.
const FIELDS: &str = "chains/fields";
const TUNED: &str = "chains/tuned";
const STEP: &str = "chains/step";

fn common_multiple(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    a / x.max(1) * b
}

impl<R: Real> Updating<R> {
    fn new<K: Manifold>(
        action: &dyn Action<K>,
        update: &dyn Update<K>,
        layout: &Layout,
        couplings: &ChainCouplings,
        chains: usize,
    ) -> Result<Self, Error> {
        let trace = couplings.trace(layout.lattice());
        let updated = update.trace(action, trace.field("phi", action.fibre(layout.lattice())));
        if !updated.numbers.iter().any(|(name, _)| name == "acceptance") {
            return Err(Error::Update(format!("{update:?} does not fit {action:?}")));
        }
        let (phi, then) = (Some(updated.phi.id()), updated.then);
        let inputs = then.as_ref().map_or(&[][..], |then| &then.inputs);
        let asked = K::UNCONDITIONAL > 0;
        let unconditional = asked.then(|| trace.uniform_index(trace.coupling(UNCONDITIONAL, 0.0))).flatten();
        let mut planned = Planned::new(&trace, phi, updated.numbers, inputs, layout, couplings, chains)?;
        let staged =
            then.map(|then| Staged::new(then.stage, layout, action.fibre(layout.lattice()).components(), chains));
        if let Some(staged) = &staged {
            let names = staged.stage.names();
            planned.names.extend(names.iter().map(|name| name.to_string()));
            planned.numbers.resize(planned.names.len(), vec![0.0; chains]);
        }
        Ok(Updating { planned, staged, unconditional })
    }
}
