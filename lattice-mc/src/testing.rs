//! What tests of this crate share: short runs and actions of given configurations.

use crate::action::trace_action;
use crate::exact::{self, Effort, Exact};
use crate::statistics::Estimate;
use crate::{Action, Chains, Manifold, MarkovRun, Update};
use lattice_autograd::Trace;
use lattice_tensor::{Bindings, Device, Draws, FieldData, Lattice, Layout, Location, NodeId, Real, Spec};
use std::sync::Arc;

/// Estimates of a run with 200 updates of thermalisation.
pub fn run<R: Real, K: Manifold>(
    action: &dyn Action<K>,
    update: Box<dyn Update<K>>,
    extents: &[usize],
    chains: usize,
    updates: usize,
    seed: u64,
) -> Vec<(String, Estimate)> {
    let plan = MarkovRun { chains, updates, thermalize: 200, seed };
    run_plan::<R, K>(action, update, extents, &plan)
}

/// Estimates of a run.
pub fn run_plan<R: Real, K: Manifold>(
    action: &dyn Action<K>,
    update: Box<dyn Update<K>>,
    extents: &[usize],
    plan: &MarkovRun,
) -> Vec<(String, Estimate)> {
    let (lattice, device) = (Lattice::periodic(extents).unwrap(), Device::cpu(1).unwrap());
    let mut chains = Chains::<R, K>::new(action, update, &lattice, plan.chains, plan.seed, &device).unwrap();
    plan.record(&mut chains, |_| true).unwrap().estimates().unwrap()
}

/// The estimate of a name.
pub fn find(estimates: &[(String, Estimate)], name: &str) -> Estimate {
    estimates.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no {name}")).1
}

/// Demands that a mean is its exact value, to 4.5 standard errors.
#[track_caller]
pub fn demand(estimates: &[(String, Estimate)], name: &str, exact: f64) {
    let found = find(estimates, name);
    assert!(found.pull(exact).abs() < 4.5, "{name}: {found}, exact {exact}");
}

/// The actions, in `f64`, of configurations `[site][component]`.
pub fn actions<K: Manifold>(action: &dyn Action<K>, lattice: &Lattice, configurations: &[Vec<f64>]) -> Vec<f64> {
    let (trace, id) = trace_action(action, lattice).unwrap();
    let layout = Arc::new(Layout::samples(lattice, 8));
    let mut phi = FieldData::<f64>::zeros(&layout, Location::All, action.fibre(lattice), configurations.len()).unwrap();
    configurations.iter().enumerate().for_each(|(i, values)| phi.set_sample(i, values).unwrap());
    let mut found = vec![0.0; configurations.len()];
    let mut bindings = Bindings {
        samples: configurations.len(),
        fields: &[&phi],
        uniforms: &trace.uniform_values(),
        out_per_sample: &mut [&mut found],
        ..Default::default()
    };
    trace.program::<f64>(&[id], &layout).unwrap().run(&Device::cpu(1).unwrap(), &mut bindings).unwrap();
    found
}

/// Exact values to about seven digits.
pub fn exact_phi4(extents: &[usize], mass2: f64, lambda: f64) -> Exact {
    let effort = Effort { comfortable_seconds: 0.1, ..Effort::default() };
    exact::phi4_with(extents, mass2, lambda, &effort).unwrap()
}

/// What a program without arguments returns: `fields[output][sample]` and `numbers[output][sample]`.
pub struct Ran {
    pub fields: Vec<Vec<Vec<f64>>>,
    pub numbers: Vec<Vec<f64>>,
}

/// Runs a program whose only inputs are couplings and random numbers.
pub fn evaluate(trace: &Trace, fields: &[NodeId], numbers: &[NodeId], samples: usize, seed: u64) -> Ran {
    let layout = Arc::new(Layout::samples(&trace.lattice(), 8));
    let mut out: Vec<FieldData<f64>> = fields
        .iter()
        .map(|&id| match trace.graph().spec(id) {
            Spec::Field { location, fibre } => FieldData::zeros(&layout, location, fibre, samples).unwrap(),
            other => panic!("{other:?} is no field"),
        })
        .collect();
    let mut found = vec![vec![0.0; samples]; numbers.len()];
    let outputs = [fields, numbers].concat();
    let mut bindings = Bindings {
        samples,
        draws: Draws { seed, step: 0, first_sample: 0 },
        uniforms: &trace.uniform_values(),
        out_fields: &mut out.iter_mut().collect::<Vec<_>>(),
        out_per_sample: &mut found.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>(),
        ..Default::default()
    };
    trace.program::<f64>(&outputs, &layout).unwrap().run(&Device::cpu(1).unwrap(), &mut bindings).unwrap();
    let fields = out.iter().map(|field| (0..samples).map(|s| field.sample(s).unwrap()).collect()).collect();
    Ran { fields, numbers: found }
}
