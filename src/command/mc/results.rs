//! What a run of chains amounts to.

use super::super::failure::Failure;
use lattice_fields::mc::History;
use lattice_fields::mc::observables::Quantity;
use lattice_fields::mc::statistics::{GammaMethod, Warning, chain_warnings, sign_warning};
use lattice_fields::prelude::*;

/// Functions of the means: susceptibilities, Binder cumulant, masses; Creutz ratios, potentials. Those that noise makes
/// undefined are left out.
pub fn derived(history: &History, quantities: Vec<Quantity>) -> Vec<(String, Estimate)> {
    let method = GammaMethod::default();
    let estimate = |quantity: Quantity| {
        let found = quantity.estimate(&method, |name| history.chains(name)).ok()?;
        Some((quantity.name, found))
    };
    quantities.into_iter().filter_map(estimate).collect()
}

/// Reasons not to believe the estimates.
pub fn warnings(history: &History, estimates: &[(String, Estimate)], thermalize: usize) -> Vec<String> {
    let mut list = chain_warnings(estimates.iter().map(|(name, e)| (name.as_str(), e)), thermalize);
    list.extend(history.chains("m").and_then(sign_warning));
    let mut texts: Vec<String> = list.iter().map(Warning::to_string).collect();
    let find = |name: &str| estimates.iter().find(|(n, _)| n == name).map(|(_, e)| e);
    if history.chains("acceptance").is_some_and(|chains| chains.iter().flatten().all(|&a| a == 0.0)) {
        texts.push("no update was accepted: the numbers are those of the start; take smaller steps".into());
    }
    if let Some(e) = find("exp_minus_dh").filter(|e| (e.mean - 1.0).abs() > 5.0 * e.error) {
        texts.push(format!(
            "exp_minus_dh: {e} where 1 is exact: some trajectories are unstable, and their weight is not seen; take more steps"
        ));
    }
    texts
}

/// The mean acceptance, and the estimates of all else but the energy violation itself.
pub fn split(history: &History) -> Result<(f64, Vec<(String, Estimate)>), Failure> {
    let estimates = history.estimates()?;
    let acceptance = estimates.iter().find(|(name, _)| name == "acceptance").map_or(f64::NAN, |(_, e)| e.mean);
    let rest = estimates.into_iter().filter(|(name, _)| name != "acceptance" && name != "dh").collect();
    Ok((acceptance, rest))
}
