//! Chains of gauge fields.

use super::super::args::{ActionName, McArgs, StartName, UpdateName};
use super::super::failure::Failure;
use super::super::theory::Subject;
use super::{Begin, CHAINS, Setting, check, hmc, job};
use lattice_fields::mc::action::{Rectangles, Wilson};
use lattice_fields::mc::{LinkSweeps, Start, Stored};
use lattice_fields::prelude::*;
use lattice_fields::tensor::field::Links;
use lattice_fields::tensor::group::{Group, GroupName, SU2, SU3, U1};
use std::path::Path;

/// Refuses flags that mean nothing for a scalar theory.
pub fn refuse_flags(args: &McArgs) -> Result<(), Failure> {
    let given = [
        ("--action", args.action.is_some()),
        ("--overrelax", args.overrelax.is_some()),
        ("--start", args.start.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Failure::refused(flag, "a gauge theory in --theory", args.theory.theory.name())),
        None => Ok(()),
    }
}

pub fn run(args: &McArgs, group: GroupName) -> Result<(), Failure> {
    match group {
        GroupName::U1 => of_group::<U1>(args),
        GroupName::SU2 => of_group::<SU2>(args),
        GroupName::SU3 => of_group::<SU3>(args),
    }
}

fn of_group<G: Group>(args: &McArgs) -> Result<(), Failure> {
    let lattice = Lattice::periodic(&args.theory.lattice.0)?;
    let beta = args.theory.beta.unwrap_or_default();
    let (wilson, rectangles);
    let name = args.action.unwrap_or(ActionName::Wilson);
    let action: &dyn Action<Links<G>> = match name {
        ActionName::Wilson => {
            wilson = Wilson::new(beta);
            &wilson
        }
        _ => {
            rectangles = match name {
                ActionName::Iwasaki => Rectangles::iwasaki(beta),
                ActionName::Dbw2 => Rectangles::dbw2(beta),
                _ => Rectangles::symanzik(beta),
            };
            &rectangles
        }
    };
    action.check().and_then(|()| action.fits(&lattice)).map_err(Failure::Refused)?;
    check(args)?;
    let update = update::<G>(args)?;
    let begin = begin::<G>(args, &lattice)?;
    let links = (lattice.volume() * lattice.directions()) as f64;
    let chains = args.chains.unwrap_or(if lattice.directions() == 2 { CHAINS } else { 1 });
    let setting = Setting {
        subject: Subject { name: args.theory.theory, lattice: &lattice, action },
        chains,
        begin: &begin,
        watched: "plaquette",
        exact: &|_| None,
        work: &|seconds| vec![("links_per_second", links * chains as f64 / seconds)],
    };
    job(args, &setting, update)
}

fn update<G: Group>(args: &McArgs) -> Result<Box<dyn Update<Links<G>>>, Failure> {
    let overrelax = args.overrelax.unwrap_or(0);
    if overrelax > 1000 {
        return Err(Failure::refused("--overrelax", "at most 1000", overrelax));
    }
    match args.update {
        UpdateName::Hmc => match args.overrelax {
            None | Some(0) => Ok(Box::new(hmc(args))),
            Some(k) => Err(Failure::refused("--overrelax", "--update heatbath or metropolis", k)),
        },
        UpdateName::Cluster => {
            Err(Failure::refused("--update", "hmc, heatbath or metropolis for a gauge theory", "cluster"))
        }
        UpdateName::Heatbath => Ok(Box::new(LinkSweeps::heat_bath(overrelax))),
        UpdateName::Metropolis => Ok(Box::new(LinkSweeps::metropolis(overrelax))),
    }
}

/// The configurations that the chains begin with.
fn begin<G: Group>(args: &McArgs, lattice: &Lattice) -> Result<Begin, Failure> {
    match args.start.as_ref().unwrap_or(&StartName::Cold) {
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
        let rows = link.chunks_exact(G::MATRIX / if G::NAME == GroupName::SU3 { 3 } else { 1 });
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
