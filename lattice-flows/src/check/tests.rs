//! Right things pass for many seeds; planted faults are caught and named.

use super::*;
use crate::{Activation, Affine, Architecture, Bijection, Chain, ConvNet, Flow};
use lattice_autograd::params::Parameters;
use lattice_autograd::{PerSample, Var};
use lattice_mc::{Action, Free, Phi4};
use lattice_tensor::field::Scalar;
use lattice_tensor::{Lattice, Location};

fn lattice(extents: &[usize]) -> Lattice {
    Lattice::periodic(extents).expect("a lattice")
}

fn failed(report: &Report) -> Vec<&str> {
    report.failures().map(|f| f.check.as_str()).collect()
}

const DETERMINANT: &str = "log det against the full Jacobian";

/// `y = x e^{s} + t` on the odd sites with `s = ½ cos Σ x`, `t = Σ x` over the neighbours, and faults to order.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Layer {
    Right,
    /// The log-determinant has the wrong sign.
    Sign,
    /// It leaves out the active sites of the last slice.
    OneSlice,
    /// It is off by a constant.
    Constant,
    /// The inverse adds the shift.
    Inverse,
    /// One site is scaled by 1 + 10⁻⁶ more than the others.
    Translations,
}

impl Layer {
    fn parts<'t>(&self, x: Var<'t, Scalar>) -> [Var<'t, Scalar>; 4] {
        let [frozen, active] = [0, 1].map(|p| x.on(Location::Parity(p)));
        let around = frozen.neighbours();
        let mut s = around.cos() * 0.5;
        if *self == Layer::Translations {
            let rows = x.trace().lattice().extents()[0] as u16;
            let slice = Location::Stripe { mu: 0, period: rows, offset: 1 };
            let one = x.trace().spread(x.trace().constant(1e-6), slice);
            s = s + one.on(Location::All).on(Location::Parity(1));
        }
        [frozen, active, s, around]
    }

    fn log_det<'t>(&self, s: Var<'t, Scalar>) -> Var<'t, PerSample> {
        let rows = s.trace().lattice().extents()[0] as u16;
        let slice = Location::Stripe { mu: 0, period: rows, offset: rows - 1 };
        let all = s.sum_sites();
        match self {
            Layer::Sign => -all,
            Layer::OneSlice => all - s.on(Location::All).on(slice).sum_sites(),
            Layer::Constant => all + 1e-6,
            _ => all,
        }
    }
}

impl Bijection for Layer {
    fn forward<'t>(&self, x: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        let [frozen, active, s, t] = self.parts(x);
        ((active * s.exp() + t).on(Location::All) + frozen.on(Location::All), self.log_det(s))
    }

    fn inverse<'t>(&self, y: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        let [frozen, active, s, t] = self.parts(y);
        let t = if *self == Layer::Inverse { -t } else { t };
        (((active - t) * (-s).exp()).on(Location::All) + frozen.on(Location::All), -self.log_det(s))
    }
}

#[test]
fn right_layers_pass_for_many_seeds() {
    for seed in 0..15 {
        for extents in [&[4, 4][..], &[2, 2], &[4], &[2, 2, 2]] {
            let lattice = lattice(extents);
            let claims = Symmetry::point_group(&lattice).into_iter().fold(Options::from(seed), Options::claim);
            let claims = claims.claim(Symmetry::sign_flip()).samples(5);
            bijection(&Layer::Right, &Parameters::new(), &lattice, claims).expect("a check").assert();
        }
    }
}

#[test]
fn wrong_layers_are_caught_and_named() {
    let check = |layer| {
        // One slice in particular breaks translations, too: not what is asked here.
        let options = Options::from(1).translations(if layer == Layer::OneSlice { 0 } else { 2 });
        bijection(&layer, &Parameters::new(), &lattice(&[4, 2]), options).expect("a check")
    };
    for (layer, words) in
        [(Layer::Sign, "at 4 of 8 sites"), (Layer::OneSlice, "at 3 of 8 sites"), (Layer::Constant, "a constant factor")]
    {
        let report = check(layer);
        assert_eq!(failed(&report), [DETERMINANT], "{report}");
        assert!(report.find(DETERMINANT).is_some_and(|f| f.note.contains(words)), "{report}");
    }
    let report = check(Layer::Inverse);
    assert_eq!(failed(&report), ["inverse(forward(x)) = x", "forward(inverse(y)) = y"], "{report}");
    let report = check(Layer::Translations);
    assert!(failed(&report).contains(&"translation by [2, 0]"), "{report}");
    assert!(!failed(&report).contains(&"translation by [0, 2]"), "{report}");
}

/// `y = sinh x`, and `y = tanh x`, whose image is not everything.
#[derive(Clone, Copy, Debug)]
struct Squash;

impl Bijection for Squash {
    fn forward<'t>(&self, x: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        let y = x.tanh();
        (y, (1.0 - y.square()).ln().sum_sites())
    }

    fn inverse<'t>(&self, y: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        ((((y + 1.0) / (1.0 - y)).ln()) * 0.5, -(1.0 - y.square()).ln().sum_sites())
    }
}

#[test]
fn maps_onto_a_part_of_the_line_are_checked_there() {
    let report = bijection(&Squash, &Parameters::new(), &lattice(&[2, 3]), Options::from(1).translations(1));
    let report = report.expect("a check");
    report.assert();
    assert!(report.find("forward(inverse(y)) = y").is_some_and(|f| f.verdict == Verdict::Skipped), "{report}");
}

#[test]
fn parameters_are_named_and_flows_pass() {
    let lattice = lattice(&[4, 2]);
    for seed in 0..6 {
        let architecture = Architecture { layers: 3, hidden: vec![3], seed, ..Default::default() };
        let mut flow = Flow::new(&lattice, architecture).expect("a flow");
        flow.parameters.values_mut().iter_mut().for_each(|p| *p *= 1.5);
        bijection(&flow, &flow.parameters, &lattice, seed).expect("a check").assert();
    }
    let mut parameters = Parameters::new();
    let net = ConvNet::new(&mut parameters, "net", &lattice, 3, &[2], Activation::Linear, 1).expect("a net");
    let large = Options::from(1).samples(4).inputs(|x| 0.1 * x);
    bijection(&Affine::new(0, net), &parameters, &lattice, large).expect("a check").assert();
}

/// `y = scale · x`.
#[derive(Debug)]
struct Scale(f64);

impl Bijection for Scale {
    fn forward<'t>(&self, x: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        let sites = x.trace().lattice().volume() as f64;
        (x * self.0, x.trace().mask() * (sites * self.0.ln()))
    }

    fn inverse<'t>(&self, y: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        let sites = y.trace().lattice().volume() as f64;
        (y * (1.0 / self.0), y.trace().mask() * (-sites * self.0.ln()))
    }
}

fn scale(extents: &[usize], scale: f64) -> Flow {
    Flow::of(&lattice(extents), Parameters::new(), Chain(vec![Box::new(Scale(scale))]))
}

/// `S = Σ φ²/2σ²`: every site for itself, everything known.
#[derive(Debug)]
struct Ultralocal;

impl Action for Ultralocal {
    fn action<'t>(&self, phi: Var<'t, Scalar>) -> Var<'t, PerSample> {
        phi.square().sum_sites() * 0.5
    }
}

#[test]
fn identities_of_flows_hold_whatever_they_have_learnt() {
    let log_z = 4.0 * std::f64::consts::TAU.ln();
    for seed in 0..4 {
        let options = Options::from(seed).run(64, 200);
        for factor in [1.0, 0.9, 1.1] {
            flow(&scale(&[4, 2], factor), &Ultralocal, Some(log_z), &options).expect("a check").assert();
        }
        let theory = Free { mass2: 2.0 };
        let exact = lattice_mc::exact::phi4(&[4, 2], 2.0, 0.0).expect("known").log_z;
        let report = flow(&scale(&[4, 2], 0.4), &theory, Some(exact), &options).expect("a check");
        report.assert();
        flow(&scale(&[4, 2], 0.4), &theory, None, &options).expect("a check").assert();
        volumes(&scale(&[2], 1.1), &scale(&[4, 2], 1.1), &Ultralocal, 0.0, &options).expect("a check").assert();
    }
}

#[test]
fn wrong_densities_and_missed_modes_are_caught() {
    /// A density that is too large by a factor of 1.05 in all.
    #[derive(Debug)]
    struct Dense;
    impl Bijection for Dense {
        fn forward<'t>(&self, x: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
            (x * 0.9, x.trace().mask() * (8.0 * 0.9f64.ln() - 0.05))
        }
        fn inverse<'t>(&self, y: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
            (y * (1.0 / 0.9), y.trace().mask() * (0.05 - 8.0 * 0.9f64.ln()))
        }
    }
    let log_z = 4.0 * std::f64::consts::TAU.ln();
    let dense = Flow::of(&lattice(&[4, 2]), Parameters::new(), Chain(vec![Box::new(Dense)]));
    let report = flow(&dense, &Ultralocal, Some(log_z), 1).expect("a check");
    let both = ["I9: ⟨w⟩ over the flow = Z", "I9: ⟨1/w⟩ over the theory = 1/Z"];
    assert_eq!(failed(&report), both, "{report}");

    /// Sits in the right one of two wells.
    #[derive(Debug)]
    struct OneWell;
    impl Bijection for OneWell {
        fn forward<'t>(&self, x: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
            (x * 0.35 + 1.4, x.trace().mask() * (2.0 * 0.35f64.ln()))
        }
        fn inverse<'t>(&self, y: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
            ((y - 1.4) * (1.0 / 0.35), y.trace().mask() * (-2.0 * 0.35f64.ln()))
        }
    }
    let wells = Phi4 { mass2: -4.0, lambda: 1.0 };
    let exact = lattice_mc::exact::phi4(&[2], -4.0, 1.0).expect("known").log_z;
    let one = Flow::of(&lattice(&[2]), Parameters::new(), Chain(vec![Box::new(OneWell)]));
    let report = flow(&one, &wells, Some(exact), Options::from(1).run(64, 100)).expect("a check");
    assert!(failed(&report).contains(&both[0]), "{report}");
    assert!(volumes(&scale(&[2], 1.1), &scale(&[4], 1.2), &Ultralocal, 0.1, 1).is_ok_and(|r| !r.passed()));
}
