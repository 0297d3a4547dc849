//! Right things pass for many seeds; planted faults are caught and named.

use super::*;
use crate::params::Parameters;
use crate::{Kind, Var};
use lattice_tensor::field::{Channels, Scalar};
use lattice_tensor::{Boundary, Lattice, Location};

fn parameters(n: usize) -> Parameters {
    let mut parameters = Parameters::new();
    parameters.add("first.weight", &[3, 3, 1, 2], |i| (1.3 * i as f64).sin()).expect("a parameter");
    parameters.add("first.bias", &[n - 18], |i| 0.3 * i as f64).expect("a parameter");
    parameters
}

fn net(x: Var<'_, Scalar>) -> Var<'_, Channels> {
    let w = x.trace().weights("first", 0..20);
    x.conv(&[3, 3], Location::All, 2, w).leaky_relu(0.1).tanh()
}

fn check<K: Kind>(options: impl Into<Options>, f: impl for<'t> Fn(Var<'t, Scalar>) -> Var<'t, K>) -> Report {
    let lattice = Lattice::periodic([4, 3]).expect("a lattice");
    super::net(&lattice, &parameters(20), options, f).expect("a check")
}

#[test]
fn right_nets_pass_for_every_seed() {
    for seed in 0..40 {
        check(seed, net).assert();
        let odd = Options::from(seed).claim(Symmetry::sign_flip()).claim(Symmetry::reflection(1));
        check(&odd, |x| x.neighbours() * 0.3 - x.sin() * x.square()).assert();
        let even = Options::from(seed).claim(Symmetry::sign_flip().leaving_outputs());
        check(even, |x| (x.square() * x.neighbours().abs()).sum_sites().exp().ln()).assert();
    }
}

/// The largest field of a lattice is somewhere; a function of where it is sees a translation.
#[test]
fn a_term_bound_to_one_site_breaks_translations_there() {
    let options = Options::from(3);
    let report = check(&options, |x| {
        let corner = Location::Stripe { mu: 1, period: 3, offset: 2 };
        x + (x.on(corner) * 1e-9).on(Location::All)
    });
    let failed: Vec<&str> = report.failures().map(|f| f.check.as_str()).collect();
    assert_eq!(failed, ["translation by [0, 1]", "translation by [1, -2]"], "{report}");
    let place = &report.find("translation by [0, 1]").expect("a finding").place;
    assert!(place.site.as_ref().is_some_and(|x| x[1] > 0), "{report}");
    check(options.translations(0), |x| x.on(Location::All)).assert();
}

#[test]
fn transformations_of_the_users_own() {
    let volume = |x: Var<'_, Scalar>| -> f64 { x.trace().lattice().volume() as f64 };
    let even = Options::from(2)
        .claim(Symmetry::of_samples("cyclic order", |_, x| {
            let mut x = x.to_vec();
            x.rotate_left(1);
            x
        }))
        .claim(Symmetry::traced("shift of the field", |x| x + 0.25).leaving_outputs());
    let report = check(&even, |x| (x - x.shift(1, 1)).square().sum_sites() * volume(x));
    assert_eq!(report.failures().count(), 1, "{report}");
    assert!(report.find("cyclic order").is_some_and(|f| f.verdict == Verdict::Failed), "{report}");
}

#[test]
fn symmetries_that_do_not_fit_are_refused() {
    let claim = |symmetry| {
        let lattice = Lattice::periodic([4, 3]).expect("a lattice");
        super::net(&lattice, &parameters(20), Options::from(1).claim(symmetry), |x| x * 2.0)
    };
    for bad in [
        Symmetry::rotation(0, 1),
        Symmetry::sites("fold", |_, x| vec![x[0] / 2, x[1]]),
        Symmetry::sites("flat", |_, x| x[..1].to_vec()),
        Symmetry::of_samples("short", |_, x| x[1..].to_vec()),
    ] {
        assert!(matches!(claim(bad), Err(Error::Request { .. })));
    }
    let square = Lattice::periodic([3, 3]).expect("a lattice");
    let isotropic = Symmetry::point_group(&square).into_iter().fold(Options::from(1), Options::claim);
    assert_eq!(isotropic.symmetries.len(), 3);
    super::net(&square, &Parameters::new(), isotropic, |x| x.neighbours() * x).expect("a check").assert();
}

#[test]
fn translations_carry_boundary_phases() {
    let lattice = Lattice::periodic([4, 3]).expect("a lattice").with_boundary(1, Boundary::ANTIPERIODIC).expect("one");
    let options = Options::from(1).claim(Symmetry::reflection(1)).claim(Symmetry::translation(&[-5, 7]));
    super::net(&lattice, &Parameters::new(), &options, |x| x.neighbours() * x.square() + x).expect("a check").assert();
    let report = super::net(&lattice, &Parameters::new(), &options, |x| x.abs() + x.neighbours()).expect("a check");
    assert!(!report.passed());
}

/// Formulas that are right on paper and lose their digits.
#[test]
fn cancellation_is_seen_in_single_precision() {
    let bad = check(1, |x| (x + 1e6) - 1e6);
    let finding = bad.find("f32 against f64").expect("a finding");
    assert_eq!(finding.verdict, Verdict::Failed, "{bad}");
    assert!(finding.deviation > 1e-3 && finding.bound < 1e-4, "{bad}");
    // ln cosh by its definition overflows in f32 beyond 89.
    let wide = Options::from(1).inputs(|x| 60.0 * x);
    let naive = check(&wide, |x| ((x.exp() + (-x).exp()) * 0.5).ln());
    assert!(naive.failures().any(|f| f.check == "f32 against f64"), "{naive}");
    let stable = |x: Var<'_, Scalar>| -> f64 { x.trace().lattice().volume() as f64 * 0.0 + std::f64::consts::LN_2 };
    let good = check(&wide, |x| x.abs() + ((x.abs() * -2.0).exp() + 1.0).ln() - stable(x));
    assert!(good.find("f32 against f64").is_some_and(|f| f.verdict == Verdict::Passed), "{good}");
}

#[test]
fn what_is_not_finite_is_said_and_nothing_else_is_tried() {
    let report = check(1, |x| x.ln());
    assert_eq!((report.findings.len(), report.failures().count()), (1, 1), "{report}");
    check(Options::from(1).inputs(f64::exp), |x| x.ln()).assert();
}

#[test]
fn a_jump_at_every_site_has_no_gradient_there() {
    let report = check(Options::from(1).inputs(|_| 0.0), |x| x.where_positive(x, x * 0.0 - 1.0));
    assert!(report.failures().any(|f| f.check == "gradient, x" && f.note.contains("settle")), "{report}");
}

#[test]
fn parameters_that_are_not_there_are_an_error() {
    let lattice = Lattice::periodic([4, 3]).expect("a lattice");
    let error = super::net(&lattice, &Parameters::new(), 1, net).expect_err("no parameters").to_string();
    assert_eq!(error, "first: expected a range of the parameters, found 0..20");
}
