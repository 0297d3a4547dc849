//! Ensembles that are given: configurations of a theory, from chains or files, that a flow learns from by
//! [`crate::Estimator::Forward`].

use crate::angles::coordinates_of;
use crate::bijection::Flat;
use crate::error::Error;
use lattice_autograd::params::TensorFile;
use lattice_mc::Action;
use lattice_tensor::{Field, FieldData, Lattice, Layout, Location, Real};
use std::sync::Arc;

/// Configurations of a theory as a field that trainings take, one sample each. `numbers` are those of the configurations one
/// after the other, each `[site][component]` as flows see the field: a real number, or the angles of the links
/// ([`angles`]).
///
/// ```
/// use lattice_flows::given;
/// use lattice_mc::Phi4;
/// use lattice_tensor::Lattice;
///
/// let (lattice, action) = (Lattice::periodic([2, 4])?, Phi4 { mass2: -4.0, lambda: 8.0 });
/// let ensemble = given::field::<f32, _>(&lattice, &action, &[0.25; 3 * 8])?;
/// assert_eq!(ensemble.samples(), 3);
/// # Ok::<(), lattice_flows::Error>(())
/// ```
///
/// # Errors
/// If they are no whole number of configurations, there is none, a number is not finite, or memory is short.
pub fn field<R: Real, K: Flat>(
    lattice: &Lattice,
    action: &dyn Action<K>,
    numbers: &[f64],
) -> Result<Field<K, R>, Error> {
    let fibre = action.fibre(lattice);
    let each = lattice.volume() * fibre.components();
    if numbers.is_empty() || !numbers.len().is_multiple_of(each.max(1)) {
        let expected = format!("configurations of {each} numbers, on lattice {:?}", lattice.extents());
        return refuse("an ensemble".into(), expected, format!("{} numbers", numbers.len()));
    }
    if let Some(at) = numbers.iter().position(|&x| !R::from_f64(x).to_f64().is_finite()) {
        let what = format!("configuration {} of the ensemble, number {}", at / each, at % each);
        return refuse(what, format!("a finite number in {}", R::NAME), numbers[at].to_string());
    }
    let layout = Arc::new(Layout::samples(lattice, R::WIDTH));
    let mut field = FieldData::zeros(&layout, Location::All, fibre, numbers.len() / each)?;
    let mut converted = vec![R::default(); each];
    for (sample, values) in numbers.chunks_exact(each).enumerate() {
        converted.iter_mut().zip(values).for_each(|(x, &value)| *x = R::from_f64(value));
        field.set_sample(sample, &converted)?;
    }
    Ok(Field::from_data(field))
}

/// The angles of U(1) links that are stored as `re, im`.
///
/// # Errors
/// If one is not of length 1, to a hundredth: what rounding in half precision leaves.
pub fn angles(links: &[f64]) -> Result<Vec<f64>, Error> {
    let (pairs, rest) = links.as_chunks::<2>();
    if !rest.is_empty() {
        return refuse("links".into(), "two numbers each, re and im".into(), format!("{} numbers", links.len()));
    }
    let angle = |(link, &[re, im]): (usize, &[f64; 2])| match (re * re + im * im - 1.0).abs() {
        off if off <= 1e-2 => Ok(im.atan2(re)),
        off => refuse(format!("link {link} of the ensemble"), "length² 1".into(), format!("1 ± {off:.1e}")),
    };
    pairs.iter().enumerate().map(angle).collect()
}

/// The coordinates of points of the sphere `S^D` that are stored as unit vectors of `D + 1` numbers.
///
/// # Errors
/// If one is not of length 1, to a hundredth.
pub fn coordinates(vectors: &[f64], dimension: usize) -> Result<Vec<f64>, Error> {
    let each = dimension + 1;
    if dimension == 0 {
        return refuse("a sphere".into(), "a dimension of at least 1".into(), "0".into());
    }
    if !vectors.len().is_multiple_of(each) {
        return refuse("points".into(), format!("{each} numbers each"), format!("{} numbers", vectors.len()));
    }
    let mut found = Vec::with_capacity(vectors.len());
    for (point, x) in vectors.chunks_exact(each).enumerate() {
        let off = (x.iter().map(|x| x * x).sum::<f64>() - 1.0).abs();
        if off.is_nan() || off > 1e-2 {
            return refuse(format!("point {point} of the ensemble"), "length² 1".into(), format!("1 ± {off:.1e}"));
        }
        found.extend(coordinates_of(x));
    }
    Ok(found)
}

/// Refuses an ensemble of another type or layout than that of the fields of a step.
pub(crate) fn check<R: Real>(step: &FieldData<R>, ensemble: &FieldData<R>) -> Result<(), Error> {
    let text = |of: &FieldData<R>| format!("{} on lattice {:?}", of.spec(), of.layout().lattice().extents());
    let what = || "the ensemble".to_string();
    if step.spec() != ensemble.spec() || step.layout().lattice() != ensemble.layout().lattice() {
        return refuse(what(), text(step), text(ensemble));
    }
    if step.layout() != ensemble.layout() {
        return refuse(
            what(),
            "samples side by side in the lanes, as `given::field` puts them".into(),
            "another".into(),
        );
    }
    match ensemble.samples() {
        0 => refuse(what(), "configurations".into(), "none".into()),
        _ => Ok(()),
    }
}

/// SHA-256 of an ensemble's numbers.
///
/// # Errors
/// If they lie on a GPU and cannot be fetched.
pub fn fingerprint<R: Real>(ensemble: &FieldData<R>) -> Result<String, Error> {
    let numbers: Vec<f64> = ensemble.numbers()?.iter().map(|x| x.to_f64()).collect();
    let mut file = TensorFile::new();
    file.insert("ensemble", &[numbers.len()], numbers)?;
    Ok(file.digest())
}

/// The effective sample size per sample that configurations of the theory give a flow, `1/(⟨w⟩_p ⟨1/w⟩_p)`.
pub(crate) fn ess(log_weights: &[f64]) -> f64 {
    if log_weights.iter().any(|w| !w.is_finite()) {
        return 0.0;
    }
    let n = log_weights.len() as f64;
    let (low, high) = log_weights.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &w| (a.min(w), b.max(w)));
    let mean = |f: &dyn Fn(f64) -> f64| log_weights.iter().map(|&w| f(w).exp()).sum::<f64>() / n;
    ((low - high).exp() / (mean(&|w| w - high) * mean(&|w| low - w))).min(1.0)
}

fn refuse<T>(what: String, expected: String, found: String) -> Result<T, Error> {
    Err(Error::Given { what, expected, found })
}
