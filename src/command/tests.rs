//! The command in one process: files that nobody wrote on purpose.

use super::args::Cli;
use super::config;
use clap::CommandFactory;
use lattice_fields::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use std::ffi::OsString;

/// How many mutations are tried; `LATTICE_MUTATIONS` asks for more.
fn mutations() -> usize {
    std::env::var("LATTICE_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(3000)
}

/// A few bytes changed, cut, doubled or made up.
fn mutate(bytes: &[u8], rng: &mut Pcg64Mcg) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..bytes.len().max(1)).min(bytes.len());
        let end = (at + rng.random_range(1..12)).min(bytes.len());
        match rng.random_range(0..6) {
            0 => bytes[at..end].iter_mut().for_each(|b| *b ^= 1 << rng.random_range(0..8)),
            1 => bytes[at..end].iter_mut().for_each(|b| *b = rng.random()),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            _ => {
                let text = ["-1", "1e999", "nan", "\"", "[", "= true", "18446744073709551616", "\n[a]\n", "é"];
                bytes.splice(at..end, text[rng.random_range(0..text.len())].bytes());
            }
        }
    }
    bytes
}

#[test]
fn any_configuration_is_read_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.toml");
    let good = b"lattice = \"4x4\"\nm2 = -4.0\nlambda = 8\nhidden = [8, 8]\nbatch = \"64..256\"\nseed = 5\nlr = 3e-3\n\
                 schedule = \"cosine\"\nprecision = \"f32\"\nnet = \"symmetric\"\njson = true\nsteps = 100\n";
    let mut rng = Pcg64Mcg::seed_from_u64(1);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..mutations() {
        std::fs::write(&path, mutate(good, &mut rng)).expect("written");
        let arguments = ["lattice", "train", "--config"].map(OsString::from).into_iter().chain([path.clone().into()]);
        let parsed = config::expand(arguments.collect()).ok().map(|a| Cli::command().try_get_matches_from(a));
        match parsed {
            Some(Ok(_)) => read += 1,
            _ => refused += 1,
        }
    }
    // One in forty is still a configuration.
    assert!(100 * read > mutations() && refused > read, "{read} read, {refused} refused");
}

#[test]
fn any_model_file_is_read_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let lattice = Lattice::periodic([2, 2]).expect("a lattice");
    let shape = Architecture { layers: 2, hidden: vec![2], kernel: 1, ..Default::default() };
    let mut flow = Flow::new(&lattice, shape).expect("a flow");
    let (action, device) = (Phi4 { mass2: -4.0, lambda: 8.0 }, Device::cpu(1).expect("a thread"));
    let training = Training { steps: 3, ..Default::default() };
    let description = lattice_fields::flows::checkpoint::Description {
        lattice: vec![2, 2],
        theory: "phi4".into(),
        action: action.formula(),
        couplings: [("m2".to_string(), -4.0), ("lambda".into(), 8.0)].into(),
        architecture: flow.architecture.clone(),
        training: training.clone(),
        precision: "f32".into(),
    };
    let mut trainer = Trainer::<f32>::new(&mut flow, &action, training, &device).expect("a trainer");
    (0..3).for_each(|_| assert!(trainer.step().is_ok()));
    let path = folder.path().join("model.safetensors");
    Checkpoint::of(&mut trainer, &description).and_then(|c| c.write(&path)).expect("written");
    let good = std::fs::read(&path).expect("a model");
    assert!(Checkpoint::<Scalar>::read(&path).and_then(|c| c.flow()).is_ok());
    let mut rng = Pcg64Mcg::seed_from_u64(2);
    for _ in 0..mutations() {
        let bad = mutate(&good, &mut rng);
        std::fs::write(&path, &bad).expect("written");
        // With a checksum, nothing but the same contents is read.
        if let Ok(checkpoint) = Checkpoint::<Scalar>::read(&path) {
            let flow = checkpoint.flow().expect("what was written");
            assert_eq!(flow.parameters, trainer.flow().expect("on the host").parameters);
        }
    }
}
