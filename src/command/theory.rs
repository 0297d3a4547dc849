//! From flags to an action and a lattice, and whether they fit into memory.

use super::args::{TheoryArgs, TheoryName};
use super::failure::Failure;
use lattice_fields::mc::exact::gauge::GroupName;
use lattice_fields::mc::exact::{self, Effort, Exact};
use lattice_fields::prelude::*;
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
            TheoryName::U1 | TheoryName::Su2 | TheoryName::Su3 => {
                let expected = "phi4 or free here (a gauge theory has `lattice mc` and `lattice exact`)";
                return Err(Failure::refused("--theory", expected, args.theory.name()));
            }
        };
        action.check().map_err(Failure::Refused)?;
        Ok(Theory { name: args.theory, lattice, action, mass2, lambda })
    }

    pub fn couplings(&self) -> BTreeMap<String, f64> {
        self.subject().couplings()
    }

    /// What is sampled.
    pub fn subject(&self) -> Subject<'_, Scalar> {
        Subject { name: self.name, lattice: &self.lattice, action: &*self.action }
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
    pub lattice: &'a Lattice,
    pub action: &'a dyn Action<K>,
}

impl<K: Manifold> Subject<'_, K> {
    pub fn couplings(&self) -> BTreeMap<String, f64> {
        self.action.couplings().into_iter().map(|(name, value)| (name.to_string(), value)).collect()
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

    /// The bare action.
    pub fn formula(&self) -> &'static str {
        match self.group {
            GroupName::U1 => "S = -beta sum_P cos P",
            GroupName::SU2 => "S = -(beta/2) sum_P Re tr P",
            GroupName::SU3 => "S = -(beta/3) sum_P Re tr P",
        }
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
