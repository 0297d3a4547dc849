//! From flags to an action and a lattice, and whether they fit into memory.

use super::args::{TheoryArgs, TheoryName};
use super::failure::Failure;
use lattice_fields::flows::angles::LinkAngles;
use lattice_fields::flows::{Flat, given, two_sided, two_sided_of_links};
use lattice_fields::mc::exact::gauge::GroupName;
use lattice_fields::mc::exact::gauge::Torus;
use lattice_fields::mc::exact::{self, Effort, Exact};
use lattice_fields::mc::observables::gauge::LONGEST;
use lattice_fields::mc::statistics::TwoSided;
use lattice_fields::prelude::*;
use lattice_fields::tensor::field::Channels;
use std::collections::BTreeMap;

/// A theory on a lattice.
pub struct Theory {
    pub name: TheoryName,
    pub lattice: Lattice,
    pub action: Box<dyn Action>,
    pub mass2: f64,
    pub lambda: f64,
}

impl Theory {
    pub fn new(args: &TheoryArgs) -> Result<Theory, Failure> {
        if matches!(args.theory, TheoryName::Torus | TheoryName::Sphere) {
            let expected = "a theory on a lattice here (a torus or sphere has flows and exact values)";
            return Err(Failure::refused("--theory", expected, args.theory.name()));
        }
        args.target.refuse(|_| true, &format!("no such flag for {}", args.theory.name()))?;
        if let Some(beta) = args.beta.filter(|_| args.theory.group().is_none()) {
            return Err(Failure::refused("--beta", &format!("no such flag for {}", args.theory.name()), beta));
        }
        let lattice = Lattice::periodic(&args.lattice.0)?;
        if let Some(lambda) = args.lambda.filter(|&lambda| args.theory == TheoryName::Free && lambda != 0.0) {
            return Err(Failure::refused("--lambda", "0 for the free theory, or none", lambda));
        }
        let mass2 = args.m2.unwrap_or_default();
        let lambda = if args.theory == TheoryName::Free { 0.0 } else { args.lambda.unwrap_or_default() };
        let action: Box<dyn Action> = match args.theory {
            TheoryName::Phi4 => Box::new(Phi4 { mass2, lambda }),
            TheoryName::Free => Box::new(Free { mass2 }),
            _ => return Err(Failure::refused("--theory", "phi4 or free here", args.theory.name())),
        };
        action.check().map_err(Failure::Refused)?;
        Ok(Theory { name: args.theory, lattice, action, mass2, lambda })
    }

    /// The exact values, if they can be had within `seconds`.
    pub fn exact_within(&self, seconds: f64) -> Option<Exact> {
        let effort = Effort::default();
        let extents = self.lattice.extents();
        let cost = exact::phi4_cost(extents, self.mass2, self.lambda, &effort).ok()?;
        if cost.seconds > seconds { None } else { exact::phi4_with(extents, self.mass2, self.lambda, &effort).ok() }
    }
}

/// An action on a lattice, by its name: what reports are about, whatever sits on a site.
#[derive(Clone, Copy)]
pub struct Subject<'a, K: Manifold> {
    pub name: TheoryName,
    /// Which density of a torus or sphere.
    pub target: Option<&'static str>,
    pub lattice: &'a Lattice,
    pub action: &'a dyn Action<K>,
}

impl<K: Manifold> Subject<'_, K> {
    /// The theory as models have it: with the density, if there are several.
    pub fn theory(&self) -> String {
        [Some(self.name.name()), self.target].into_iter().flatten().collect::<Vec<_>>().join("/")
    }

    pub fn couplings(&self) -> BTreeMap<String, f64> {
        self.action.couplings().into_iter().map(|(name, value)| (name.to_string(), value)).collect()
    }

    /// The numbers of one configuration.
    pub fn numbers(&self) -> usize {
        self.lattice.volume() * self.action.fibre(self.lattice).components()
    }
}

/// A gauge theory on a lattice.
pub struct GaugeTheory {
    pub name: TheoryName,
    pub group: GroupName,
    pub beta: f64,
    pub extents: Vec<usize>,
}

impl GaugeTheory {
    /// The theory of the flags, if it is a gauge theory.
    pub fn new(args: &TheoryArgs) -> Result<Option<GaugeTheory>, Failure> {
        let Some(group) = args.theory.group() else { return Ok(None) };
        let name = args.theory.name();
        args.target.refuse(|_| true, &format!("no such flag for {name}"))?;
        for (flag, value) in [("--m2", args.m2), ("--lambda", args.lambda)] {
            if let Some(value) = value {
                return Err(Failure::refused(flag, &format!("no such flag for {name}"), value));
            }
        }
        let Some(beta) = args.beta else {
            return Err(Failure::refused("--beta", &format!("the coupling of {name}"), "none"));
        };
        Ok(Some(GaugeTheory { name: args.theory, group, beta, extents: args.lattice.0.clone() }))
    }

    /// The exact values of Wilson's action on a torus of these extents by the names of observables, charges at imaginary `theta`.
    pub fn on_torus(&self, [space, time]: [usize; 2], torus: &Torus, theta: f64) -> BTreeMap<String, f64> {
        let mut known = BTreeMap::new();
        if let Ok(charge) = torus.charge_at(theta) {
            known.extend(
                [("charge", charge.mean()), ("charge2", charge.charge2()), ("chi_q", charge.chi_q())]
                    .map(|(n, x)| (n.to_string(), x)),
            );
            known.extend((0..=LONGEST as i64).map(|q| (format!("p_q{q}"), 0.5 * (charge.p_q(q) + charge.p_q(-q)))));
        }
        if theta != 0.0 {
            return known;
        }
        let plaquette = torus.plaquette();
        known
            .extend([("plaquette", plaquette), ("action_density", -self.beta * plaquette)].map(|(n, x)| (n.into(), x)));
        for (r, t) in (1..=LONGEST).flat_map(|r| (1..=LONGEST).map(move |t| (r, t))) {
            known.extend(torus.rectangle([space, time], [r, t]).map(|w| (format!("wilson_{r}x{t}"), w)));
            known.extend(torus.creutz_ratio([space, time], [r, t]).map(|x| (format!("creutz_{r}x{t}"), x)));
        }
        known.extend(
            (1..=space / 2).filter_map(|r| Some((format!("polyakov_corr{r}"), torus.polyakov_correlator(r * time)?))),
        );
        known
    }

    /// The bare action.
    pub fn formula(&self) -> &'static str {
        match self.group {
            GroupName::U1 => "S = -beta sum_P cos P",
            GroupName::SU2 => "S = -(beta/2) sum_P Re tr P",
            GroupName::SU3 => "S = -(beta/3) sum_P Re tr P",
        }
    }
}

/// A theory that flows are trained for.
pub trait FlowTheory {
    /// What sits on a site, as flows see it.
    type Field: Flat;

    fn subject(&self) -> Subject<'_, Self::Field>;

    /// What is known exactly, if it can be had within `seconds`.
    fn known_within(&self, seconds: f64) -> Option<Known>;

    /// The weights of configurations that the flow did not draw.
    fn two_sided<R: Real>(
        &self,
        flow: &Flow<Self::Field>,
        own: &[f64],
        plan: &MarkovRun,
        device: &Device,
        go_on: impl Fn() -> bool + Sync,
    ) -> Result<Option<TwoSided>, lattice_fields::flows::Error>;

    /// Configurations as they are kept: the shape behind the extents, and the numbers.
    fn stored(&self, numbers: Vec<f64>) -> (Vec<usize>, Vec<f64>);

    /// Configurations as flows see them, from how they are kept.
    fn seen(&self, stored: Vec<f64>) -> Result<Vec<f64>, lattice_fields::flows::Error>;
}

/// What is known of a theory.
#[derive(Clone, Debug)]
pub enum Known {
    Phi4(Box<Exact>),
    Values { log_z: f64, values: BTreeMap<String, f64> },
}

impl Known {
    pub fn log_z(&self) -> f64 {
        match self {
            Known::Phi4(exact) => exact.log_z,
            Known::Values { log_z, .. } => *log_z,
        }
    }

    /// The error of the numerical solution.
    pub fn truncation_error(&self) -> f64 {
        match self {
            Known::Phi4(exact) => exact.truncation_error,
            Known::Values { .. } => 0.0,
        }
    }

    /// The correlator of a scalar theory.
    pub fn correlator(&self) -> Vec<f64> {
        match self {
            Known::Phi4(exact) => exact.g.clone().unwrap_or_default(),
            Known::Values { .. } => Vec::new(),
        }
    }

    pub fn observable(&self, name: &str) -> Option<f64> {
        match self {
            Known::Phi4(exact) => exact.observable(name),
            Known::Values { values, .. } => values.get(name).copied(),
        }
    }
}

impl FlowTheory for Theory {
    type Field = Scalar;

    fn subject(&self) -> Subject<'_, Scalar> {
        Subject { name: self.name, target: None, lattice: &self.lattice, action: &*self.action }
    }

    fn known_within(&self, seconds: f64) -> Option<Known> {
        self.exact_within(seconds).map(|exact| Known::Phi4(Box::new(exact)))
    }

    fn two_sided<R: Real>(
        &self,
        flow: &Flow,
        own: &[f64],
        plan: &MarkovRun,
        device: &Device,
        go_on: impl Fn() -> bool + Sync,
    ) -> Result<Option<TwoSided>, lattice_fields::flows::Error> {
        two_sided::<R>(flow, &*self.action, own, plan, device, go_on)
    }

    fn stored(&self, numbers: Vec<f64>) -> (Vec<usize>, Vec<f64>) {
        (Vec::new(), numbers)
    }

    fn seen(&self, stored: Vec<f64>) -> Result<Vec<f64>, lattice_fields::flows::Error> {
        Ok(stored)
    }
}

/// U(1) links with Wilson's action, as flows see them: by their angles.
pub struct LinkTheory {
    theory: GaugeTheory,
    pub lattice: Lattice,
    action: LinkAngles<Wilson>,
}

impl LinkTheory {
    pub fn new(theory: GaugeTheory) -> Result<LinkTheory, Failure> {
        if theory.group != GroupName::U1 {
            let expected = "phi4, free or u1 for flows (other gauge theories have `lattice mc` and `lattice exact`)";
            return Err(Failure::refused("--theory", expected, theory.name.name()));
        }
        let lattice = Lattice::periodic(&theory.extents)?;
        let action = LinkAngles(Wilson::new(theory.beta));
        action.check().and_then(|()| action.fits(&lattice)).map_err(Failure::Refused)?;
        Ok(LinkTheory { theory, lattice, action })
    }
}

impl FlowTheory for LinkTheory {
    type Field = Channels;

    fn subject(&self) -> Subject<'_, Channels> {
        Subject { name: self.theory.name, target: None, lattice: &self.lattice, action: &self.action }
    }

    fn known_within(&self, _seconds: f64) -> Option<Known> {
        let &[space, time] = self.lattice.extents() else { return None };
        let torus = Torus::new(GroupName::U1, self.theory.beta, space * time).ok()?;
        Some(Known::Values { log_z: torus.log_z(), values: self.theory.on_torus([space, time], &torus, 0.0) })
    }

    fn two_sided<R: Real>(
        &self,
        flow: &Flow<Channels>,
        own: &[f64],
        plan: &MarkovRun,
        device: &Device,
        go_on: impl Fn() -> bool + Sync,
    ) -> Result<Option<TwoSided>, lattice_fields::flows::Error> {
        two_sided_of_links::<R>(flow, &self.action.0, own, plan, device, go_on)
    }

    /// As links, which `mc --start` takes.
    fn stored(&self, angles: Vec<f64>) -> (Vec<usize>, Vec<f64>) {
        let links = angles.into_iter().flat_map(|theta| [theta.cos(), theta.sin()]).collect();
        (vec![self.lattice.directions(), 2], links)
    }

    fn seen(&self, links: Vec<f64>) -> Result<Vec<f64>, lattice_fields::flows::Error> {
        given::angles(&links)
    }
}

/// Refuses what needs more memory than the machine has.
pub fn check_memory(what: &str, bytes: f64) -> Result<(), Failure> {
    let gib = |bytes: f64| bytes / (1u64 << 30) as f64;
    match machine_memory() {
        Some(has) if bytes > has => Err(Failure::Refused(format!(
            "{what}: needs about {:.1} GiB of memory, and this machine has {:.1} GiB",
            gib(bytes),
            gib(has)
        ))),
        _ => Ok(()),
    }
}

/// The machine's memory in bytes, where the system tells.
fn machine_memory() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|l| l.starts_with("MemTotal:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(1024.0 * kib)
}
