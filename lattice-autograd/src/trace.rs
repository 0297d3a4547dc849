//! Ordinary Rust as a program: every operation on a [`Var`] appends a node.

use crate::reverse::{self, Remembered};
use crate::var::{BatchSum, Kind, OnSites, PerSample, Uniform, Var, Weights};
use lattice_tensor::field::Scalar;
use lattice_tensor::ops::{self, Distribution, Mask, Op, Random, Spread};
use lattice_tensor::{Error, Fibre, Graph, Lattice, Layout, Location, NodeId, Program, Real, Result, Spec};
use std::cell::{Cell, Ref, RefCell};
use std::ops::Range;

/// A program that is being written. Handles borrow it and cannot outlive it.
///
/// Operators cannot fail, so the trace keeps the first error, with the line of the user's program that caused it, and
/// [`Trace::program`] returns it.
///
/// ```
/// use lattice_autograd::Trace;
/// use lattice_tensor::{Bindings, Device, Lattice, Layout, ScalarField};
///
/// let lattice = Lattice::periodic([4, 4])?;
/// let trace = Trace::new(&lattice);
/// let phi = trace.scalar_field("phi");
/// let action = (phi * phi * 0.5 - phi * phi.shift(0, 1)).sum_sites();
/// let force = -trace.gradient(action, phi);
///
/// let layout = std::sync::Arc::new(Layout::samples(&lattice, 8));
/// let mut program = trace.program::<f64>(&[action.id(), force.id()], &layout)?;
/// let mut phi = ScalarField::zeros(&layout, 1)?;
/// phi.set_sample(0, &[1.0; 16])?;
/// let mut force = ScalarField::zeros(&layout, 1)?;
/// let mut action = [0.0];
/// program.run(&Device::cpu(1)?, &mut Bindings {
///     samples: 1,
///     fields: &[&phi],
///     out_fields: &mut [&mut force],
///     out_per_sample: &mut [&mut action],
///     ..Default::default()
/// })?;
/// assert_eq!(action, [-8.0]);
/// assert_eq!(force.sample(0)?, [1.0; 16]);
/// # Ok::<(), lattice_tensor::Error>(())
/// ```
#[derive(Debug)]
pub struct Trace {
    graph: RefCell<Graph>,
    error: RefCell<Option<Error>>,
    remembered: RefCell<Remembered>,
    /// Whether what is written now will be remembered rounded.
    rounding: Cell<bool>,
    couplings: RefCell<Vec<(String, NodeId, f64)>>,
    per_sample: Vec<String>,
}

impl Trace {
    /// An empty program on a lattice.
    pub fn new(lattice: &Lattice) -> Trace {
        Trace {
            graph: RefCell::new(Graph::new(lattice)),
            error: RefCell::new(None),
            remembered: RefCell::default(),
            rounding: Cell::default(),
            couplings: RefCell::default(),
            per_sample: Vec::new(),
        }
    }

    /// An empty program in which the couplings of these names are numbers per sample, bound among the per-sample
    /// arguments at each run: a theory written once then runs at another coupling in every lane.
    pub fn with_per_sample(lattice: &Lattice, couplings: &[&str]) -> Trace {
        Trace { per_sample: couplings.iter().map(|c| c.to_string()).collect(), ..Trace::new(lattice) }
    }

    /// The lattice.
    pub fn lattice(&self) -> Lattice {
        self.graph.borrow().lattice().clone()
    }

    /// What has been written so far.
    pub fn graph(&self) -> Ref<'_, Graph> {
        self.graph.borrow()
    }

    /// A handle on a node; what it is at run time is taken on trust.
    pub fn var<K: Kind>(&self, id: NodeId) -> Var<'_, K> {
        Var::new(self, id)
    }

    /// A real field argument on every site.
    #[track_caller]
    pub fn scalar_field(&self, name: &str) -> Var<'_, Scalar> {
        self.scalar_field_on(name, Location::All)
    }

    /// A real field argument on a sub-lattice.
    #[track_caller]
    pub fn scalar_field_on(&self, name: &str, location: Location) -> Var<'_, Scalar> {
        self.argument(name, Spec::Field { location, fibre: Fibre::Scalar })
    }

    /// A field argument on every site, with any fibre of the kind.
    #[track_caller]
    pub fn field<K: OnSites>(&self, name: &str, fibre: Fibre) -> Var<'_, K> {
        self.argument(name, Spec::Field { location: Location::All, fibre })
    }

    /// A number for all samples, given at each run.
    #[track_caller]
    pub fn uniform(&self, name: &str) -> Var<'_, Uniform> {
        self.argument(name, Spec::Uniform)
    }

    /// A number for all samples with a name and a value that holds unless another is given at a run. Asking for the
    /// same name again gives the same number. In a trace made by [`Trace::with_per_sample`] for this name, it is a
    /// number for each sample.
    #[track_caller]
    pub fn coupling(&self, name: &str, value: f64) -> Var<'_, Uniform> {
        let known = self.couplings.borrow().iter().find(|(n, _, _)| n == name).map(|(_, id, _)| *id);
        if let Some(id) = known {
            return Var::new(self, id);
        }
        let spec = if self.per_sample.iter().any(|p| p == name) { Spec::PerSample } else { Spec::Uniform };
        let var: Var<'_, Uniform> = self.argument(name, spec);
        self.couplings.borrow_mut().push((name.into(), var.id(), value));
        var
    }

    /// Says what a coupling is, before it is asked for: a number of each sample that the program computes or draws.
    pub fn define(&self, coupling: &str, value: Var<'_, PerSample>) {
        self.couplings.borrow_mut().push((coupling.into(), value.id(), f64::NAN));
    }

    /// What to bind to the uniform arguments: the values of the couplings; 0 for the others, which the caller fills
    /// in by [`Trace::uniform_index`].
    pub fn uniform_values(&self) -> Vec<f64> {
        let couplings = self.couplings.borrow();
        let value = |id: NodeId| couplings.iter().find(|(_, c, _)| *c == id).map_or(0.0, |(_, _, value)| *value);
        self.uniform_arguments().into_iter().map(value).collect()
    }

    /// The names and values of the couplings that are numbers per sample, in the order in which they are bound if the
    /// program has no other per-sample arguments.
    pub fn per_sample_couplings(&self) -> Vec<(String, f64)> {
        let couplings = self.couplings.borrow();
        let graph = self.graph.borrow();
        let bound = |id: &NodeId| graph.arguments().contains(id) && graph.spec(*id) == Spec::PerSample;
        let own = couplings.iter().filter(|(_, id, _)| bound(id));
        own.map(|(name, _, value)| (name.clone(), *value)).collect()
    }

    /// The position of a uniform argument among the numbers that are bound at a run.
    pub fn uniform_index(&self, argument: Var<'_, Uniform>) -> Option<usize> {
        self.uniform_arguments().into_iter().position(|id| id == argument.id())
    }

    fn uniform_arguments(&self) -> Vec<NodeId> {
        let graph = self.graph.borrow();
        graph.arguments().iter().copied().filter(|&id| graph.spec(id) == Spec::Uniform).collect()
    }

    /// A random field from a named stream: standard normal numbers on a sub-lattice.
    #[track_caller]
    pub fn normal(&self, stream: &str, location: Location) -> Var<'_, Scalar> {
        self.random(stream, Distribution::Normal, Spec::Field { location, fibre: Fibre::Scalar })
    }

    /// A random field from a named stream: uniform numbers in [0, 1) on a sub-lattice.
    #[track_caller]
    pub fn uniform_noise(&self, stream: &str, location: Location) -> Var<'_, Scalar> {
        self.random(stream, Distribution::Uniform, Spec::Field { location, fibre: Fibre::Scalar })
    }

    /// Standard normal numbers from a named stream, one for each component of a field of this type.
    #[track_caller]
    pub fn normal_as<K: OnSites>(&self, stream: &str, spec: Spec) -> Var<'_, K> {
        self.random(stream, Distribution::Normal, spec)
    }

    /// Uniform numbers in [0, 1) from a named stream, one for each component of a field of this type.
    #[track_caller]
    pub fn uniform_as<K: OnSites>(&self, stream: &str, spec: Spec) -> Var<'_, K> {
        self.random(stream, Distribution::Uniform, spec)
    }

    /// A uniform random number in [0, 1) for each sample, in `f64`, from a named stream.
    #[track_caller]
    pub fn uniform_draw(&self, stream: &str) -> Var<'_, PerSample> {
        self.random(stream, Distribution::Uniform, Spec::PerSample)
    }

    #[track_caller]
    fn random<K: Kind>(&self, stream: &str, distribution: Distribution, spec: Spec) -> Var<'_, K> {
        self.apply(Random { stream: stream.into(), distribution, spec }, &[])
    }

    /// A number for each sample, given at each run.
    #[track_caller]
    pub fn per_sample(&self, name: &str) -> Var<'_, PerSample> {
        self.argument(name, Spec::PerSample)
    }

    /// A range of the flat parameter buffer.
    #[track_caller]
    pub fn weights(&self, name: &str, range: Range<usize>) -> Var<'_, Weights> {
        let spec = Spec::Weights { offset: range.start, len: range.len() };
        let known = self.weight_nodes().into_iter().find(|&id| self.graph.borrow().spec(id) == spec);
        if let Some(id) = known {
            return Var::new(self, id);
        }
        self.argument(name, spec)
    }

    /// All weights declared so far, in the order of the parameter buffer.
    pub fn weight_nodes(&self) -> Vec<NodeId> {
        let graph = self.graph.borrow();
        let mut found: Vec<(usize, NodeId)> = Vec::new();
        for &id in graph.arguments() {
            if let Spec::Weights { offset, .. } = graph.spec(id) {
                found.push((offset, id));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// An argument of any type.
    #[track_caller]
    pub fn argument<K: Kind>(&self, name: &str, spec: Spec) -> Var<'_, K> {
        let result = self.graph.borrow_mut().argument(name, spec);
        self.keep(result)
    }

    /// A number that never changes.
    #[track_caller]
    pub fn constant(&self, value: f64) -> Var<'_, Uniform> {
        let id = self.graph.borrow_mut().constant(value);
        Var::new(self, id)
    }

    /// Per sample, 1 for a sample of the batch and 0 for the padding of its last block. Gradients that are summed
    /// over the batch must start from it.
    #[track_caller]
    pub fn mask(&self) -> Var<'_, PerSample> {
        self.apply(Mask, &[])
    }

    /// A field that is the same number on every site.
    #[track_caller]
    pub fn spread<'t, K: Kind>(&'t self, value: Var<'t, K>, location: Location) -> Var<'t, Scalar> {
        self.apply(Spread { spec: Spec::Field { location, fibre: Fibre::Scalar } }, &[value.id()])
    }

    /// Applies any op, also a user's own.
    #[track_caller]
    pub fn apply<K: Kind>(&self, op: impl Op, inputs: &[NodeId]) -> Var<'_, K> {
        let mut graph = self.graph.borrow_mut();
        let start = graph.nodes().len();
        let mut result = graph.push(op, inputs);
        if self.rounding.get() {
            // At once, so that the rounded value may take the place of the exact one. What nobody reads is not computed.
            let ids: Vec<NodeId> = (start..graph.nodes().len()).map(|index| graph.id(index)).collect();
            let rounded = ids.into_iter().try_for_each(|id| reverse::round(&mut graph, id).map(drop));
            result = rounded.and(result);
        }
        drop(graph);
        self.keep(result)
    }

    /// Writes a part of the program whose activations, the fields with channels, the backward half remembers rounded to
    /// `f16`: its values are exact, the derivatives in gradients taken later are those at the rounded activations
    /// ([`Remembered::rounded`]). Gradients taken inside the part belong to it, and are exact.
    pub fn remember_half<T>(&self, part: impl FnOnce() -> T) -> T {
        let (start, before) = (self.graph.borrow().nodes().len(), self.rounding.replace(true));
        let result = part();
        self.rounding.set(before);
        let end = self.graph.borrow().nodes().len();
        self.remembered.borrow_mut().rounded.push(start..end);
        result
    }

    /// Writes a part of the program whose inner values are not remembered for the backward half but computed again:
    /// less memory for more arithmetic. The policy changes neither values nor gradients.
    pub fn recompute<T>(&self, part: impl FnOnce() -> T) -> T {
        let start = self.graph.borrow().nodes().len();
        let result = part();
        let end = self.graph.borrow().nodes().len();
        self.remembered.borrow_mut().recomputed.push(start..end);
        result
    }

    /// Writes a part of the program that shares no value with what stands before it: what both compute is computed
    /// twice and need not be remembered in between.
    pub fn apart<T>(&self, part: impl FnOnce() -> T) -> T {
        let outside = self.graph.borrow_mut().next_generation();
        let result = part();
        self.graph.borrow_mut().return_to(outside);
        result
    }

    /// The gradient of a number per sample with respect to a field, sample by sample: in each component the derivative
    /// with respect to that component. For a complex field `φ = a + ib` that is `∂/∂a + i ∂/∂b = 2 ∂/∂φ*`. For group
    /// elements it lies in the algebra: `∂_a f = d/ds f(e^{i s T_a} U)`.
    #[track_caller]
    pub fn gradient<'t, K: OnSites>(
        &'t self,
        of: Var<'t, PerSample>,
        with_respect_to: Var<'t, K>,
    ) -> Var<'t, K::Tangent> {
        let seed = self.constant(1.0);
        let tangent = match with_respect_to.spec() {
            Spec::Field { location, fibre: Fibre::Matrix { .. } } => {
                Spec::Field { location, fibre: K::Tangent::fibre(self.lattice().directions()) }
            }
            spec => spec,
        };
        match self.vjp(of.id(), seed.id(), &[with_respect_to.id()]).pop().flatten() {
            Some(id) if tangent != with_respect_to.spec() => {
                let projected = ops::left_derivative(&mut self.graph.borrow_mut(), with_respect_to.id(), id);
                self.keep(projected)
            }
            Some(id) => Var::new(self, id),
            None => {
                let zero = self.constant(0.0);
                self.apply(Spread { spec: tangent }, &[zero.id()])
            }
        }
    }

    /// The derivative of a number per sample with respect to a number for all samples, sample by sample.
    #[track_caller]
    pub fn derivative<'t>(&'t self, of: Var<'t, PerSample>, with_respect_to: Var<'t, Uniform>) -> Var<'t, PerSample> {
        let seed = self.constant(1.0);
        match self.vjp(of.id(), seed.id(), &[with_respect_to.id()]).pop().flatten() {
            Some(id) => Var::new(self, id),
            None => self.mask() * 0.0,
        }
    }

    /// The gradient of `Σ_s weight_s · of_s`, summed over the samples of the batch, with respect to weights.
    #[track_caller]
    pub fn batch_gradient<'t>(
        &'t self,
        of: Var<'t, PerSample>,
        weight: Var<'t, Uniform>,
        with_respect_to: &[Var<'t, Weights>],
    ) -> Vec<Option<Var<'t, BatchSum>>> {
        let seed = self.mask() * weight;
        let wanted: Vec<NodeId> = with_respect_to.iter().map(|w| w.id()).collect();
        let found = self.vjp(of.id(), seed.id(), &wanted);
        found.into_iter().map(|id| id.map(|id| Var::new(self, id))).collect()
    }

    /// Pushes the gradient of `output · seed` with respect to each of `wanted`.
    #[track_caller]
    pub fn vjp(&self, output: NodeId, seed: NodeId, wanted: &[NodeId]) -> Vec<Option<NodeId>> {
        self.pullback(&[(output, seed)], wanted)
    }

    /// Pushes the gradient of `Σ ⟨cotangent, output⟩` over pairs of an output and its cotangent with respect to each of
    /// `wanted`, the cotangents held fixed and the wanted nodes taken as independent variables.
    #[track_caller]
    pub fn pullback(&self, outputs: &[(NodeId, NodeId)], wanted: &[NodeId]) -> Vec<Option<NodeId>> {
        let remembered = self.remembered.borrow();
        match reverse::pullback(&mut self.graph.borrow_mut(), outputs, wanted, &remembered) {
            Ok(found) => found,
            Err(error) => {
                self.error.borrow_mut().get_or_insert(error);
                vec![None; wanted.len()]
            }
        }
    }

    /// Plans the computation of `outputs` for fields of one precision and layout.
    ///
    /// # Errors
    /// The first error made while the program was written, or what the planner refuses.
    pub fn program<R: Real>(&self, outputs: &[NodeId], layout: &Layout) -> Result<Program<R>> {
        self.check()?;
        Program::new(&self.graph.borrow(), outputs, layout)
    }

    /// The first error made while the program was written.
    ///
    /// # Errors
    /// That error.
    pub fn check(&self) -> Result<()> {
        self.error.borrow().clone().map_or(Ok(()), Err)
    }

    /// Keeps an error for later and goes on with a number in the place of the value.
    #[track_caller]
    pub(crate) fn keep<K: Kind>(&self, result: Result<NodeId>) -> Var<'_, K> {
        let id = result.unwrap_or_else(|error| {
            self.error.borrow_mut().get_or_insert(error);
            self.graph.borrow_mut().constant(f64::NAN)
        });
        Var::new(self, id)
    }
}
