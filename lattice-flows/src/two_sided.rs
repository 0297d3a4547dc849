//! A flow seen from the theory: the weights of configurations that it did not draw itself.
//!
//! A flow's own samples cannot show what it never reaches. Configurations of the theory, sent backwards through the
//! flow, do: `⟨q / e^{−S}⟩_p = 1/Z` (identity I9), the only test of mode collapse where `Z` is not known.

use crate::angles::angles_of;
use crate::bijection::Bijection;
use crate::error::Error;
use crate::flow::Flow;
use lattice_autograd::Trace;
use lattice_mc::statistics::{GammaMethod, TwoSided};
use lattice_mc::{Action, Chains, Clusters, Hmc, Instantons, Integrator, Manifold, MarkovRun, Update};
use lattice_tensor::field::{Channels, Links};
use lattice_tensor::group::U1;
use lattice_tensor::{Bindings, Device, Field, FieldData, Layout, Program, Real};

/// Updates between two configurations that are weighed.
const SPACING: usize = 4;

/// Weighs configurations by a flow, through its inverse.
pub struct Weigher<R: Real> {
    program: Program<R>,
    uniforms: Vec<f64>,
    weights: Vec<R>,
    device: Device,
}

impl<R: Real> Weigher<R> {
    /// Plans `log w = −S(φ) − log q(φ)` for fields in this layout.
    ///
    /// # Errors
    /// If the flow does not fit the action, or the program cannot be planned.
    pub fn new(flow: &Flow, action: &dyn Action, layout: &Layout, device: &Device) -> Result<Self, Error> {
        action.check().map_err(lattice_mc::Error::Couplings)?;
        device.check_precision::<R>()?;
        flow.check(&flow.parameters)?;
        let trace = Trace::new(&flow.lattice);
        flow.tell_conditions(&trace, action)?;
        let phi = trace.scalar_field("phi");
        let (z, log_det) = flow.inverse(phi);
        let log_weight = -(flow.prior().log_density(z) + log_det + action.action(phi));
        let program = trace.program(&[log_weight.id()], layout)?;
        let mut weights = vec![R::default(); flow.parameters.len()];
        flow.parameters.copy_to(&mut weights)?;
        Ok(Weigher { program, uniforms: trace.uniform_values(), weights, device: device.clone() })
    }

    /// The log-weights of the samples of a field.
    ///
    /// # Errors
    /// If the field is of another layout.
    pub fn weigh(&mut self, phi: &FieldData<R>) -> Result<Vec<f64>, Error> {
        let mut log_weights = vec![0.0; phi.samples()];
        let mut bindings = Bindings {
            samples: phi.samples(),
            fields: &[phi],
            uniforms: &self.uniforms,
            weights: &self.weights,
            out_per_sample: &mut [&mut log_weights],
            ..Default::default()
        };
        self.program.run(&self.device, &mut bindings)?;
        Ok(log_weights)
    }
}

/// Compares `own`, the log-weights of a flow's own samples, with those of configurations of the theory from chains of
/// their own: HMC, with sign-flip clusters where the action allows them, so that both signs are there. `go_on` is asked
/// between updates; where it says no, there is no result.
///
/// # Errors
/// If the flow does not fit the action, the chains cannot be run, or a weight is not finite.
pub fn two_sided<R: Real>(
    flow: &Flow,
    action: &dyn Action,
    own: &[f64],
    plan: &MarkovRun,
    device: &Device,
    go_on: impl Fn() -> bool + Sync,
) -> Result<Option<TwoSided>, Error> {
    let hmc = Box::new(Hmc::new(Integrator::Omelyan, 1.0));
    let update: Box<dyn Update> = match action.hopping(&Trace::new(&flow.lattice)) {
        Some(_) => Box::new(Clusters { after: hmc }),
        None => hmc,
    };
    let chains = Chains::<R>::new(action, update, &flow.lattice, plan.chains, plan.seed, device)?;
    let mut weigher = Weigher::<R>::new(flow, action, chains.fields().layout(), device)?;
    compare(chains, own, plan, go_on, |field| weigher.weigh(field))
}

/// [`two_sided`] for a flow of the angles of U(1) links: HMC, in two dimensions with jumps from charge to charge, so that all
/// sectors are there.
///
/// # Errors
/// As [`two_sided`].
pub fn two_sided_of_links<R: Real>(
    flow: &Flow<Channels>,
    action: &dyn Action<Links<U1>>,
    own: &[f64],
    plan: &MarkovRun,
    device: &Device,
    go_on: impl Fn() -> bool + Sync,
) -> Result<Option<TwoSided>, Error> {
    let hmc = Box::new(Hmc::new(Integrator::Omelyan, 1.0));
    let update: Box<dyn Update<Links<U1>>> =
        if flow.lattice.directions() == 2 { Box::new(Instantons { after: hmc }) } else { hmc };
    let chains = Chains::<R, Links<U1>>::new(action, update, &flow.lattice, plan.chains, plan.seed, device)?;
    flow.check(&flow.parameters)?;
    let trace = Trace::new(&flow.lattice);
    let links = trace.links::<U1>("links");
    let (z, log_det) = flow.inverse(angles_of(links));
    let log_weight = -(flow.prior().log_density(z) + log_det + action.action(links));
    let program = trace.program::<R>(&[log_weight.id()], chains.fields().layout())?;
    let mut weights = vec![R::default(); flow.parameters.len()];
    flow.parameters.copy_to(&mut weights)?;
    let mut weigher = Weigher { program, uniforms: trace.uniform_values(), weights, device: device.clone() };
    compare(chains, own, plan, go_on, |field| weigher.weigh(field))
}

/// Weighs what chains come by.
fn compare<R: Real, K: Manifold>(
    mut chains: Chains<'_, R, K>,
    own: &[f64],
    plan: &MarkovRun,
    go_on: impl Fn() -> bool,
    mut weigh: impl FnMut(&Field<K, R>) -> Result<Vec<f64>, Error>,
) -> Result<Option<TwoSided>, Error> {
    // The steps of HMC settle first; nothing of this is weighed.
    let settle = MarkovRun { updates: 1, ..plan.clone() };
    settle.record(&mut chains, |_| go_on())?;
    let mut theory = vec![Vec::with_capacity(plan.updates); plan.chains];
    for _ in 0..plan.updates {
        if !go_on() {
            return Ok(None);
        }
        for _ in 0..SPACING {
            chains.advance()?;
        }
        let log_weights = weigh(chains.fields())?;
        theory.iter_mut().zip(log_weights).for_each(|(chain, w)| chain.push(w));
    }
    Ok(Some(TwoSided::new(own, &theory, &GammaMethod::default())?))
}
