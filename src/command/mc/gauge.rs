//! Chains of gauge fields.

use super::super::args::{ActionName, GaugeArgs, McArgs, StartName, UpdateName};
use super::super::failure::Failure;
use super::super::theory::{GaugeTheory, Subject};
use super::{Begin, CHAINS, Setting, check, hmc, job};
use lattice_fields::mc::exact::gauge::{Plane, Torus};
use lattice_fields::mc::observables::gauge::LONGEST;
use lattice_fields::mc::statistics::{GammaMethod, Theta};
use lattice_fields::mc::{History, ImaginaryTheta, Open, OpenDraws, Stored};
use lattice_fields::prelude::*;
use lattice_fields::tensor::group::GroupName;
use std::collections::BTreeMap;
use std::path::Path;

/// Refuses flags that mean nothing for a scalar theory.
pub fn refuse_flags(args: &McArgs) -> Result<(), Failure> {
    let gauge = &args.gauge;
    let given = [
        ("--action", gauge.action.is_some()),
        ("--overrelax", gauge.overrelax.is_some()),
        ("--start", gauge.start.is_some()),
        ("--open", gauge.open.is_some()),
        ("--theta", gauge.theta.is_some()),
        ("--imaginary-theta", gauge.imaginary_theta.is_some()),
        ("--instantons", gauge.instantons),
    ];
    refuse(&given, "a gauge theory in --theory", args)
}

/// Refuses the first flag that was given.
fn refuse(given: &[(&str, bool)], expected: &str, args: &McArgs) -> Result<(), Failure> {
    match given.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Failure::refused(flag, expected, args.theory.theory.name())),
        None => Ok(()),
    }
}

pub fn run(args: &McArgs, theory: &GaugeTheory) -> Result<(), Failure> {
    let lattice = Lattice::periodic(&theory.extents)?;
    match theory.group {
        GroupName::U1 => of_u1(args, theory, &lattice),
        GroupName::SU2 => of_sun::<SU2>(args, theory, &lattice),
        GroupName::SU3 => of_sun::<SU3>(args, theory, &lattice),
    }
}

fn of_sun<G: Group>(args: &McArgs, theory: &GaugeTheory, lattice: &Lattice) -> Result<(), Failure> {
    let GaugeArgs { theta, imaginary_theta, instantons, .. } = args.gauge;
    let of_charge =
        [("--theta", theta.is_some()), ("--imaginary-theta", imaginary_theta.is_some()), ("--instantons", instantons)];
    refuse(&of_charge, "--theory u1 in two directions", args)?;
    chains::<G>(args, theory, lattice, &*action(args, theory.beta)?, update(args, lattice)?)
}

/// U(1) may have a θ, and jumps from charge to charge.
fn of_u1(args: &McArgs, theory: &GaugeTheory, lattice: &Lattice) -> Result<(), Failure> {
    let GaugeArgs { theta, imaginary_theta, instantons, .. } = args.gauge;
    let directions = lattice.directions();
    for (flag, given) in [("--theta", theta.is_some()), ("--instantons", instantons)] {
        if given && directions != 2 {
            return Err(Failure::refused(flag, "a lattice of two directions", directions));
        }
    }
    if let Some(theta) = theta.filter(|theta| !theta.is_finite()) {
        return Err(Failure::refused("--theta", "a finite number", theta));
    }
    let action: Box<dyn Action<Links<U1>>> = match imaginary_theta {
        None => action(args, theory.beta)?,
        Some(_) if args.gauge.action.is_some_and(|name| name != ActionName::Wilson) || args.gauge.open.is_some() => {
            return Err(Failure::refused("--imaginary-theta", "Wilson's action on a torus", "another"));
        }
        Some(theta) => Box::new(ImaginaryTheta { wilson: Wilson::new(theory.beta), theta }),
    };
    let mut update = update(args, lattice)?;
    if instantons {
        update = Box::new(Instantons { after: update });
    }
    chains::<U1>(args, theory, lattice, &*action, update)
}

/// The action by the flags.
fn action<G: Group>(args: &McArgs, beta: f64) -> Result<Box<dyn Action<Links<G>>>, Failure> {
    let name = args.gauge.action.unwrap_or(ActionName::Wilson);
    match args.gauge.open {
        Some(direction) if name == ActionName::Wilson => {
            return Ok(Box::new(Open { wilson: Wilson::new(beta), direction }));
        }
        Some(_) => return Err(Failure::refused("--open", "--action wilson", "another")),
        None => {}
    }
    Ok(match name {
        ActionName::Wilson => Box::new(Wilson::new(beta)),
        ActionName::Symanzik => Box::new(Rectangles::symanzik(beta)),
        ActionName::Iwasaki => Box::new(Rectangles::iwasaki(beta)),
        ActionName::Dbw2 => Box::new(Rectangles::dbw2(beta)),
    })
}

/// The update by the flags.
fn update<G: Group>(args: &McArgs, lattice: &Lattice) -> Result<Box<dyn Update<Links<G>>>, Failure> {
    check(args)?;
    let overrelax = args.gauge.overrelax.unwrap_or(0);
    if overrelax > 1000 {
        return Err(Failure::refused("--overrelax", "at most 1000", overrelax));
    }
    match args.update {
        UpdateName::Hmc if overrelax > 0 => {
            Err(Failure::refused("--overrelax", "--update heatbath or metropolis", "hmc"))
        }
        UpdateName::Hmc => Ok(Box::new(hmc(args))),
        UpdateName::Heatbath => Ok(Box::new(LinkSweeps::heat_bath(overrelax))),
        UpdateName::Metropolis => Ok(Box::new(LinkSweeps::metropolis(overrelax))),
        UpdateName::Draws if overrelax > 0 => {
            Err(Failure::refused("--overrelax", "--update heatbath or metropolis", "draws"))
        }
        UpdateName::Draws if args.gauge.open.is_none() => {
            Err(Failure::refused("--update", "an --open boundary for draws", "none"))
        }
        UpdateName::Draws if G::NAME == GroupName::SU3 || lattice.directions() != 2 => {
            let found = format!("{} in {} directions", G::NAME, lattice.directions());
            Err(Failure::refused("--update", "U(1) or SU(2) in two directions for draws", found))
        }
        UpdateName::Draws => Ok(Box::new(OpenDraws)),
        UpdateName::Cluster => {
            Err(Failure::refused("--update", "hmc, heatbath, metropolis or draws for a gauge theory", "cluster"))
        }
    }
}

/// The chains of an action.
fn chains<G: Group>(
    args: &McArgs,
    theory: &GaugeTheory,
    lattice: &Lattice,
    action: &dyn Action<Links<G>>,
    update: Box<dyn Update<Links<G>>>,
) -> Result<(), Failure> {
    action.check().and_then(|()| action.fits(lattice)).map_err(Failure::Refused)?;
    let begin = begin::<G>(args, lattice)?;
    let exact = exact(args, theory);
    let links = (lattice.volume() * lattice.directions()) as f64;
    let chains = args.chains.unwrap_or(if lattice.directions() == 2 { CHAINS } else { 1 });
    let setting = Setting {
        subject: Subject { name: args.theory.theory, target: None, lattice, action },
        chains,
        begin: &begin,
        watched: "plaquette",
        exact: &|name| exact.get(name).copied(),
        work: &|seconds| vec![("links_per_second", links * chains as f64 / seconds)],
        further: &|history| args.gauge.theta.map_or_else(Vec::new, |theta| at_theta(theta, history)),
    };
    job(args, &setting, update)
}

/// The exact values of Wilson's action in two directions by the names of observables, and what is known of any.
fn exact(args: &McArgs, theory: &GaugeTheory) -> BTreeMap<String, f64> {
    let mut known = BTreeMap::from([("exp_minus_dh".to_string(), 1.0), ("schwinger_dyson".into(), 0.0)]);
    let GaugeArgs { action, open, imaginary_theta, .. } = args.gauge;
    let wilson = action.is_none_or(|name| name == ActionName::Wilson);
    let &[space, time] = theory.extents.as_slice() else { return known };
    if let Some(&extent) = open.and_then(|direction| theory.extents.get(direction)) {
        known.extend(between_open_ends(theory, extent, space * time));
        return known;
    }
    let torus = Torus::new(theory.group, theory.beta, space * time).ok().filter(|_| wilson);
    let Some(torus) = torus else { return known };
    known.extend(theory.on_torus([space, time], &torus, imaginary_theta.unwrap_or(0.0)));
    known
}

/// Plaquettes between open ends are independent, and all is as on the infinite plane.
fn between_open_ends(theory: &GaugeTheory, extent: usize, volume: usize) -> Vec<(String, f64)> {
    let Ok(plane) = Plane::new(theory.group, theory.beta) else { return Vec::new() };
    let plaquettes = volume as f64 * (1.0 - 1.0 / extent as f64);
    let per_site = plaquettes / volume as f64;
    let mut known = vec![
        ("plaquette".to_string(), plane.plaquette()),
        ("action_density".into(), -theory.beta * per_site * plane.plaquette()),
    ];
    for (r, t) in (1..=LONGEST).flat_map(|r| (1..=LONGEST).map(move |t| (r, t))) {
        known.push((format!("wilson_{r}x{t}"), plane.wilson_loop(r * t)));
        known.push((format!("creutz_{r}x{t}"), plane.string_tension()));
    }
    if let Some(chi_q) = plane.chi_q() {
        known.extend(
            [("charge", 0.0), ("charge2", chi_q * plaquettes), ("chi_q", chi_q * per_site)].map(|(n, x)| (n.into(), x)),
        );
    }
    known
}

/// What reweighting to a real θ gives: `Z(θ)/Z(0)`, plaquette and `⟨Q²⟩`.
fn at_theta(theta: f64, history: &History) -> Vec<(String, Estimate)> {
    let reweighting = history.chains("charge").and_then(|q| Theta::new(theta, q, GammaMethod::default()).ok());
    let Some(reweighting) = reweighting else { return Vec::new() };
    let mut list = Vec::new();
    list.extend(reweighting.partition().map(|z| ("z_theta".to_string(), z)));
    for name in ["plaquette", "charge2"] {
        let mean = history.chains(name).and_then(|series| reweighting.mean(series).ok());
        list.extend(mean.map(|mean| (format!("{name}_theta"), mean)));
    }
    list
}

/// The configurations that the chains begin with.
fn begin<G: Group>(args: &McArgs, lattice: &Lattice) -> Result<Begin, Failure> {
    match args.gauge.start.as_ref().unwrap_or(&StartName::Cold) {
        StartName::Cold => Ok(Begin::From(Start::Cold)),
        StartName::Hot => Ok(Begin::From(Start::Hot)),
        // The state that a resumed run begins with is its own.
        StartName::File(_) if args.resume => Ok(Begin::From(Start::Cold)),
        StartName::File(path) => read::<G>(path, lattice),
    }
}

/// Links, `[configuration, L_0, …, direction, number]`.
fn read<G: Group>(path: &Path, lattice: &Lattice) -> Result<Begin, Failure> {
    let stored = Stored::read(path)?;
    let expected = [lattice.extents(), &[lattice.directions(), G::MATRIX]].concat();
    if stored.extents != expected {
        let expected = format!("configurations of shape {expected:?}: extents, directions, numbers of a matrix");
        return Err(Failure::refused(
            &format!("--start {}", path.display()),
            &expected,
            format!("{:?}", stored.extents),
        ));
    }
    let each = expected.iter().product::<usize>();
    for (i, link) in stored.numbers.chunks_exact(G::MATRIX).enumerate() {
        // Rows of unit length; all of a quaternion or complex number.
        let rows = link.chunks_exact(G::MATRIX / if G::N == 3 { 3 } else { 1 });
        let off = rows.map(|row| (row.iter().map(|x| x * x).sum::<f64>() - 1.0).abs()).fold(0.0, f64::max);
        if off.is_nan() || off > 1e-2 {
            let what = format!("--start {}, configuration {}", path.display(), i * G::MATRIX / each);
            return Err(Failure::refused(
                &what,
                &format!("links in {}", G::NAME),
                format!("a row of length² 1 ± {off:.1e}"),
            ));
        }
    }
    Ok(Begin::With(stored.numbers.chunks_exact(each).map(<[f64]>::to_vec).collect()))
}
