//! The gradient flow of Wilson's action, and the scales read off from it.

use super::{clover_charge, clover_energy};
use crate::Error;
use crate::manifold::at_rest;
use crate::observables::Observable;
use crate::planned::{ChainCouplings, Planned};
use crate::statistics::{Estimate, GammaMethod, StatisticsError};
use lattice_autograd::{Trace, Var};
use lattice_tensor::field::{Field, Links, Momenta};
use lattice_tensor::group::Group;
use lattice_tensor::{Device, Draws, Real};

/// The flow `V̇ = i z_a T_a V`, `z_a = −∂_a (g₀² S_W)`, with `g₀² S_W = 2 Σ_P Re tr (1 − P)`, for U(1) `Σ_P (1 − cos P)`
/// (Lüscher, arXiv:1006.4518): smooth fields follow the heat equation, over the distance `√8t`.
///
/// Integrated in steps of third order (Lüscher's appendix C), the error of a step `O(ε⁴)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WilsonFlow {
    /// The size `ε` of a step.
    pub step: f64,
    /// Steps from one measurement to the next.
    pub every: usize,
    /// The last flow time that is measured, at least.
    pub until: f64,
}

impl WilsonFlow {
    /// One step.
    ///
    /// With `Z_i = ε Z(W_i)`: `W₁ = e^{¼Z₀} W₀`, `W₂ = e^{(8/9)Z₁ − (17/36)Z₀} W₁`, `W₃ = e^{¾Z₂ − (8/9)Z₁ + (17/36)Z₀} W₂`.
    /// Each exponent is made from the one before.
    pub fn flowed<'t, G: Group>(&self, u: Var<'t, Links<G>>) -> Var<'t, Links<G>> {
        let one = u.trace().mask() * 0.0 + 1.0;
        let mut p: Var<'t, Momenta<G>> = at_rest(u);
        [(0.0, 0.25), (-17.0 / 9.0, 8.0 / 9.0), (-1.0, 0.75)].into_iter().fold(u, |w, (kept, new)| {
            p = (p * kept).kick(w, one * (new * self.step * strength::<G>()));
            w.drift(p, one)
        })
    }

    /// Flow times that are measured, from 0.
    pub fn times(&self) -> Vec<f64> {
        let between = self.step * self.every as f64;
        let count = (self.until / between - 1e-9).ceil().max(0.0) as usize;
        (0..=count).map(|i| i as f64 * between).collect()
    }

    fn check(&self) -> Result<(), Error> {
        if self.every == 0 {
            return Err(Error::Count { what: "steps of the flow between measurements", found: 0 });
        }
        let positive = |x: f64| x > 0.0 && x.is_finite();
        if positive(self.step) && positive(self.until) && self.until / self.step < 1e7 {
            return Ok(());
        }
        let WilsonFlow { step, until, .. } = self;
        Err(Error::Couplings(format!(
            "gradient flow: expected a positive step and time, fewer than 10^7 steps, found step {step} to time {until}"
        )))
    }
}

/// `ż_a = strength · ∂_a Σ_P Re tr P`.
fn strength<G: Group>() -> f64 {
    1.0 / G::NAME.generator_norm()
}

/// A step of Euler's.
pub(super) fn euler<'t, G: Group>(u: Var<'t, Links<G>>, step: f64) -> Var<'t, Links<G>> {
    let one = u.trace().mask() * 0.0 + 1.0;
    u.drift(at_rest(u).kick(u, one * (step * strength::<G>())), one)
}

/// What is measured at one flow time on each configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlowPoint {
    /// The flow time.
    pub time: f64,
    /// `t²E` by the clover, see [`clover_energy`].
    pub clover: Vec<f64>,
    /// `t²E` by `E = 2 Σ_P Re tr (1 − P)/V`; for U(1) without the 2.
    pub plaquette: Vec<f64>,
    /// The charge by the clover, in four directions.
    pub charge: Vec<f64>,
}

/// Flows configurations and measures them on the way.
///
/// ```
/// use lattice_mc::{Chains, Hmc, Integrator, Wilson, observables::gauge::{GradientFlow, WilsonFlow}};
/// use lattice_tensor::{Device, Lattice, field::Links, group::SU2};
/// let (lattice, device) = (Lattice::periodic([4, 4])?, Device::cpu(1)?);
/// let (wilson, hmc) = (Wilson::new(2.2), Hmc::fixed(Integrator::Omelyan, 1.0, 5));
/// let mut chains = Chains::<f64, Links<SU2>>::new(&wilson, Box::new(hmc), &lattice, 2, 1, &device)?;
/// for _ in 0..10 { chains.advance()?; }
/// let mut flow = GradientFlow::new(WilsonFlow { step: 0.05, every: 4, until: 0.4 }, chains.fields(), &device)?;
/// let points = flow.run(chains.fields())?;
/// assert_eq!(points.len(), 3);
/// # Ok::<(), lattice_mc::Error>(())
/// ```
pub struct GradientFlow<R: Real, G: Group> {
    flow: WilsonFlow,
    device: Device,
    steps: Planned<R>,
    measuring: Planned<R>,
    fields: [Field<Links<G>, R>; 2],
}

impl<R: Real, G: Group> GradientFlow<R, G> {
    /// Plans the flow of fields that lie as `like` does.
    ///
    /// # Errors
    /// If step or time are not positive, or memory is short.
    pub fn new(flow: WilsonFlow, like: &Field<Links<G>, R>, device: &Device) -> Result<Self, Error> {
        flow.check()?;
        let (layout, chains, none) = (like.layout(), like.samples(), ChainCouplings::default());
        let trace = Trace::new(layout.lattice());
        let flowed = (0..flow.every).fold(trace.links::<G>("u"), |u, _| flow.flowed(u));
        let steps = Planned::new(&trace, Some(flowed.id()), Vec::new(), &[], layout, &none, chains)?;
        let trace = Trace::new(layout.lattice());
        let list = observables(trace.links::<G>("u"));
        let measuring = Planned::new(&trace, None, list, &[], layout, &none, chains)?;
        Ok(GradientFlow { flow, device: device.clone(), steps, measuring, fields: [like.clone(), like.clone()] })
    }

    /// The points of the flow that starts at these configurations, from time 0 on.
    ///
    /// # Errors
    /// If a program fails.
    pub fn run(&mut self, links: &Field<Links<G>, R>) -> Result<Vec<FlowPoint>, Error> {
        let GradientFlow { flow, device, steps, measuring, fields: [now, next] } = self;
        *now = links.clone();
        let mut points = Vec::new();
        for (i, time) in flow.times().into_iter().enumerate() {
            if i > 0 {
                steps.run(device, Draws::default(), now, Some(next))?;
                std::mem::swap(now, next);
            }
            measuring.run(device, Draws::default(), now, None)?;
            let numbers = |name: &str, scale: f64| {
                let place = measuring.names.iter().position(|n| n == name);
                let values = place.map_or(&[][..], |place| &measuring.numbers[place]);
                values.iter().map(|x| x * scale).collect()
            };
            let (clover, plaquette) = (numbers("clover", time * time), numbers("plaquette", time * time));
            points.push(FlowPoint { time, clover, plaquette, charge: numbers("charge", 1.0) });
        }
        Ok(points)
    }

    /// The configurations at the end of the last flow.
    pub fn fields(&self) -> &Field<Links<G>, R> {
        &self.fields[0]
    }
}

fn observables<'t, G: Group>(u: Var<'t, Links<G>>) -> Vec<Observable<'t>> {
    let lattice = u.trace().lattice();
    let per_site = 1.0 / lattice.volume() as f64;
    // Σ_P Re tr (1 − P) / tr T_a²
    let energy = (1.0 - u.plaquettes()).sum_sites() * (per_site * G::N as f64 * strength::<G>());
    let mut list = vec![("clover".into(), clover_energy(u)), ("plaquette".into(), energy)];
    if lattice.directions() == 4 {
        list.push(("charge".into(), clover_charge(u, None)));
    }
    list
}

/// A scale of the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// `t₀`: where `t²⟨E⟩` is the level (Lüscher, arXiv:1006.4518).
    T0,
    /// `w₀`, the root of the time where `t d/dt t²⟨E⟩` is the level (Borsányi et al., arXiv:1203.4469).
    W0,
}

/// The usual level of both scales.
pub const LEVEL: f64 = 0.3;

/// A scale from the series of `t²E` at equidistant flow times, `[time][chain][update]`, with its error by the Γ-method;
/// `None` where the level is not reached. Interpolated linearly, derivatives taken between neighbouring times.
///
/// # Errors
/// Series that are empty, not finite, or unlike each other.
pub fn scale<C: AsRef<[f64]>>(
    method: &GammaMethod,
    scale: Scale,
    times: &[f64],
    t2e: &[&[C]],
    level: f64,
) -> Result<Option<Estimate>, StatisticsError> {
    let means =
        t2e.iter().map(|series| Ok(method.estimate_any(series)?.mean)).collect::<Result<Vec<_>, StatisticsError>>()?;
    let crossing = |curve: &[f64]| curve.windows(2).position(|pair| pair[0] < level && level <= pair[1]);
    match scale {
        Scale::T0 => crossing(&means).map(|k| {
            let (t, dt) = (times[k], times[k + 1] - times[k]);
            method.derived_traced(&t2e[k..k + 2], |y| (level - y[0]) / (y[1] - y[0]) * dt + t)
        }),
        Scale::W0 => {
            let middle = |k: usize| 0.5 * (times[k] + times[k + 1]);
            let slopes: Vec<f64> = (0..times.len().saturating_sub(1))
                .map(|k| middle(k) * (means[k + 1] - means[k]) / (times[k + 1] - times[k]))
                .collect();
            crossing(&slopes).map(|k| {
                let (t, dt) = ([middle(k), middle(k + 1)], times[k + 1] - times[k]);
                method.derived_traced(&t2e[k..k + 3], |y| {
                    let (a, b) = ((y[1] - y[0]) * (t[0] / dt), (y[2] - y[1]) * (t[1] / dt));
                    ((level - a) / (b - a) * dt + t[0]).sqrt()
                })
            })
        }
    }
    .transpose()
}
