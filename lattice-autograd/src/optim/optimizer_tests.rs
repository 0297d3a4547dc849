//! What every optimiser must do.

use super::{Adam, AdamSettings, OptimError, Optimizer, Sgd, SgdSettings};
use crate::params::{Parameters, TensorFile};
use std::error::Error;

/// The parameters after 1, 5 and 20 steps against the gradient `D x + (k + 1)/10 x³` of step `k`.
pub(super) fn run(optimizer: &mut dyn Optimizer, lr: f64) -> Result<[[f64; 4]; 3], OptimError> {
    let mut x = [1.0, -0.5, 2.0, 0.25];
    let mut seen = Vec::new();
    for k in 0..20 {
        let g = gradient(&x, k);
        optimizer.step(&mut x, &g, lr)?;
        seen.push(x);
    }
    Ok([seen[0], seen[4], seen[19]])
}

/// Agreement up to rounding.
pub(super) fn assert_close(found: [[f64; 4]; 3], expected: [[f64; 4]; 3]) {
    for (x, y) in found.iter().flatten().zip(expected.iter().flatten()) {
        assert!((x - y).abs() < 1e-14, "{x} is not {y}");
    }
}

fn gradient(x: &[f64], k: usize) -> [f64; 4] {
    let stiffness = [1.0, 10.0, 0.1, 3.0];
    std::array::from_fn(|i| stiffness[i] * x[i] + 0.1 * (k + 1) as f64 * x[i].powi(3))
}

type Make = fn() -> Result<Box<dyn Optimizer>, OptimError>;

const ALL: [Make; 5] = [
    || Ok(Box::new(Adam::new(4))),
    || Ok(Box::new(Adam::with(4, AdamSettings { weight_decay: 0.01, ..AdamSettings::default() })?)),
    || Ok(Box::new(Sgd::new(4))),
    || Ok(Box::new(Sgd::with(4, SgdSettings { momentum: 0.9, nesterov: false })?)),
    || Ok(Box::new(Sgd::with(4, SgdSettings { momentum: 0.9, nesterov: true })?)),
];

fn parameters() -> Result<Parameters, Box<dyn Error>> {
    let mut parameters = Parameters::new();
    parameters.add("w", &[3], |i| [1.0, -0.5, 2.0][i])?;
    parameters.add("b", &[], |_| 0.25)?;
    Ok(parameters)
}

#[test]
fn a_quadratic_is_minimised() -> Result<(), Box<dyn Error>> {
    for (i, make) in ALL.iter().enumerate() {
        let mut optimizer = make()?;
        let mut x = [1.0, -0.5, 2.0, 0.25];
        for step in 0..20_000 {
            let gradient = [1.0, 10.0, 0.1, 3.0].iter().zip(&x).map(|(d, x)| d * x).collect::<Vec<_>>();
            optimizer.step(&mut x, &gradient, 0.05 * 0.9995_f64.powi(step))?;
        }
        let left = x.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!(left < 1e-3, "optimiser {i}: {left}");
    }
    Ok(())
}

#[test]
fn a_run_resumed_from_a_file_is_the_unbroken_run_bit_for_bit() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("checkpoint");
    for make in ALL {
        let (mut whole, mut there, mut here) = (make()?, make()?, make()?);
        let (mut unbroken, mut broken) = (parameters()?, parameters()?);
        for k in 0..50 {
            let g = gradient(unbroken.values(), k);
            whole.step(unbroken.values_mut(), &g, 0.01)?;
            if k < 23 {
                let g = gradient(broken.values(), k);
                there.step(broken.values_mut(), &g, 0.01)?;
            }
        }
        let mut file = TensorFile::new();
        broken.store(&mut file)?;
        there.store(&broken, &mut file)?;
        file.write(&path)?;

        let (file, mut resumed) = (TensorFile::read(&path)?, parameters()?);
        resumed.restore(&file)?;
        here.restore(&resumed, &file)?;
        assert_eq!(here.steps(), 23);
        for k in 23..50 {
            let g = gradient(resumed.values(), k);
            here.step(resumed.values_mut(), &g, 0.01)?;
        }
        assert_eq!(resumed, unbroken);
        assert_eq!(here.steps(), whole.steps());
    }
    Ok(())
}

#[test]
fn buffers_of_other_lengths_are_refused_and_change_nothing() -> Result<(), Box<dyn Error>> {
    for make in ALL {
        let mut optimizer = make()?;
        let mut short = [1.0; 3];
        assert!(optimizer.step(&mut short, &[1.0; 4], 0.1).is_err());
        assert!(optimizer.step(&mut [1.0; 4], &[1.0; 5], 0.1).is_err());
        assert_eq!((optimizer.steps(), short), (0, [1.0; 3]));
        let mut more = parameters()?;
        more.add("c", &[1], |_| 0.0)?;
        let mut file = TensorFile::new();
        assert!(optimizer.store(&more, &mut file).is_err());
        assert!(optimizer.restore(&more, &file).is_err());
    }
    Ok(())
}

#[test]
fn a_state_that_does_not_fit_is_refused_and_changes_nothing() -> Result<(), Box<dyn Error>> {
    let parameters = parameters()?;
    let mut adam = Adam::new(4);
    adam.step(&mut [0.0; 4], &[1.0, 2.0, 3.0, 4.0], 0.1)?;
    let mut file = TensorFile::new();
    adam.store(&parameters, &mut file)?;
    let refused = |change: &dyn Fn(&mut TensorFile)| {
        let (mut changed, mut fresh) = (file.clone(), Adam::new(4));
        change(&mut changed);
        let message = fresh.restore(&parameters, &changed).err().map(|e| e.to_string()).unwrap_or_default();
        assert_eq!(fresh, Adam::new(4));
        message
    };
    let negative =
        refused(&|file| file.tensors.values_mut().filter(|t| t.shape.is_empty()).for_each(|t| t.values[0] = -1.0));
    assert_eq!(negative, "tensors in memory: tensor \"adam.v/b\": expected means of squares, found -1");
    let missing = refused(&|file| drop(file.tensors.remove("adam.m/w")));
    assert_eq!(missing, "tensors in memory: tensor \"adam.m/w\": expected shape [3], found no such tensor");
    let steps = refused(&|file| drop(file.metadata.insert("adam.steps".into(), "-3".into())));
    assert_eq!(steps, "tensors in memory: metadata \"adam.steps\": expected a number of steps, found \"-3\"");
    assert!(Sgd::new(4).restore(&parameters, &file).is_err());
    Ok(())
}
