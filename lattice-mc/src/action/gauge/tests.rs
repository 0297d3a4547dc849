use super::brute::Brute;
use super::*;
use crate::Action;
use crate::manifold::at_rest;
use crate::testing::{Ran, evaluate};
use lattice_autograd::{Trace, Var};
use lattice_tensor::field::{Links, Momenta};
use lattice_tensor::group::{Group, SU2, SU3, U1};

/// Extents of 1, 2 and 3, odd and unequal.
const LATTICES: [&[usize]; 9] =
    [&[2, 2], &[1, 4], &[1, 1], &[3, 3], &[2, 5], &[1, 2, 3], &[3, 2, 2], &[2, 1, 3, 2], &[3, 3, 3, 3]];

fn lattice(extents: &[usize]) -> Lattice {
    Lattice::periodic(extents).unwrap()
}

/// `S` of an action with rectangles from its definition.
fn by_definition(u: &Brute, lattice: &Lattice, action: &Rectangles, open: Option<usize>) -> f64 {
    let weight = |x: usize, mu: usize, nu: usize| {
        let Some(direction) = open else { return 1.0 };
        let extent = lattice.extents()[direction];
        let stride: usize = lattice.extents()[direction + 1..].iter().product();
        let last = x / stride % extent + 1 == extent;
        match mu == direction || nu == direction {
            true => f64::from(u8::from(!last)),
            false if last || (x / stride).is_multiple_of(extent) => 0.5,
            false => 1.0,
        }
    };
    let constant = if action.form == Form::Full { 1.0 } else { 0.0 };
    action.beta
        * u.sum(|x, mu, nu| {
            let plaquette = constant - u.rectangle(x, (mu, 1), (nu, 1));
            let long = constant - u.rectangle(x, (mu, 2), (nu, 1));
            let tall = constant - u.rectangle(x, (mu, 1), (nu, 2));
            weight(x, mu, nu) * action.c0() * plaquette + action.c1 * (long + tall)
        })
}

fn actions_are_their_definitions<G: Group>() {
    for extents in LATTICES {
        let lattice = lattice(extents);
        let check = |action: &dyn Action<Links<G>>, rectangles: &Rectangles, open: Option<usize>| {
            let trace = Trace::new(&lattice);
            let u = trace.haar_links::<G>("u");
            let Ran { fields, numbers } = evaluate(&trace, &[u.id()], &[action.action(u).id()], 2, 7);
            for (links, &found) in fields[0].iter().zip(&numbers[0]) {
                let brute = Brute::new(&lattice, G::NAME, links);
                let expected = by_definition(&brute, &lattice, rectangles, open);
                let bound = 1e-12 * (1.0 + expected.abs()) * lattice.volume() as f64;
                assert!((found - expected).abs() < bound, "{action:?} {extents:?}: {found} is not {expected}");
            }
        };
        for form in [Form::Bare, Form::Full] {
            let plain = Rectangles { beta: 1.7, c1: 0.0, form };
            let wilson = Wilson { beta: 1.7, form };
            check(&wilson, &plain, None);
            for action in [Rectangles::symanzik(2.1), Rectangles::iwasaki(0.7), Rectangles::dbw2(-0.3)] {
                let action = Rectangles { form, ..action };
                check(&action, &action, None);
            }
            for direction in (0..extents.len()).filter(|&mu| extents[mu] > 1) {
                check(&Open { wilson, direction }, &plain, Some(direction));
            }
        }
    }
}

#[test]
fn actions_are_their_definitions_on_small_lattices() {
    actions_are_their_definitions::<U1>();
    actions_are_their_definitions::<SU2>();
    actions_are_their_definitions::<SU3>();
}

fn kicks_are_gradients<G: Group>() {
    for extents in LATTICES {
        let lattice = lattice(extents);
        let open = Open { wilson: Wilson::full(0.9), direction: extents.len() - 1 };
        let actions: [&dyn Action<Links<G>>; 3] = [&Wilson::new(1.3), &Rectangles::iwasaki(1.1), &open];
        for action in actions.into_iter().filter(|action| action.fits(&lattice).is_ok()) {
            let trace = Trace::new(&lattice);
            let u = trace.haar_links::<G>("u");
            let one = trace.mask() * 0.0 + 1.0;
            let kicked = action.kick(at_rest(u), u, one);
            let gradient: Var<'_, Momenta<G>> = trace.gradient(action.action(u), u);
            let Ran { fields, .. } = evaluate(&trace, &[kicked.id(), gradient.id()], &[], 2, 3);
            for (a, b) in fields[0].concat().iter().zip(fields[1].concat()) {
                assert!((a + b).abs() < 1e-12, "{action:?} {extents:?}: {a} is not -{b}");
            }
        }
    }
}

#[test]
fn fused_kicks_are_the_gradient_of_the_action() {
    kicks_are_gradients::<U1>();
    kicks_are_gradients::<SU2>();
    kicks_are_gradients::<SU3>();
}

/// `∂_a S` from differences of the action along `e^{i s T_a} U`, and `Σ_a ∂_a ∂_a S` from second ones.
fn derivatives_are_differences<G: Group>() {
    let lattice = lattice(&[3, 4]);
    let actions: [&dyn Action<Links<G>>; 2] = [&Wilson::new(1.3), &Rectangles::symanzik(1.1)];
    for action in actions {
        let trace = Trace::new(&lattice);
        let u = trace.haar_links::<G>("u");
        let gradient: Var<'_, Momenta<G>> = trace.gradient(action.action(u), u);
        let laplacian = action.laplacian(u).unwrap();
        let components = lattice.directions() * G::ALGEBRA;
        let step = 1e-3;
        let mut numbers = vec![laplacian.id(), action.action(u).id()];
        // One direction of the algebra on all sites at once, in turn: moving along e_i for every i.
        let along: Var<'_, Momenta<G>> = trace.normal_as("along", <Links<G> as crate::Manifold>::momenta(u.spec()));
        for times in [1.0, -1.0] {
            let one = trace.mask() * 0.0 + times * step;
            numbers.push(action.action(u.drift(along, one)).id());
        }
        numbers.push(gradient.inner(along).id());
        let Ran { numbers, .. } = evaluate(&trace, &[], &numbers, 64, 5);
        let mut curvature = 0.0;
        for i in 0..64 {
            let [s, plus, minus, slope] = [1, 2, 3, 4].map(|n| numbers[n][i]);
            let difference = (plus - minus) / (2.0 * step);
            assert!((difference - slope).abs() < 1e-4 * (1.0 + slope.abs()), "{action:?}: {difference} {slope}");
            curvature += (plus + minus - 2.0 * s) / (step * step) - numbers[0][i];
        }
        // The mean over normal directions of the second derivative is the laplacian; the spread is of its size.
        let scale = numbers[0].iter().map(|x| x * x).sum::<f64>().sqrt() + (components * lattice.volume()) as f64;
        assert!(curvature.abs() < 3.0 * scale, "{action:?}: {curvature} of {scale}");
    }
}

#[test]
fn first_and_second_derivatives_are_differences() {
    derivatives_are_differences::<U1>();
    derivatives_are_differences::<SU2>();
    derivatives_are_differences::<SU3>();
}

#[test]
fn theories_that_do_not_exist_are_refused() {
    let ring = lattice(&[8]);
    let refusal = Action::<Links<U1>>::fits(&Wilson::new(1.0), &ring).unwrap_err();
    assert_eq!(refusal, "lattice: expected two directions or more for a gauge theory, found one");
    assert!(Action::<Links<SU2>>::check(&Wilson::new(f64::NAN)).is_err());
    assert!(Action::<Links<SU3>>::check(&Rectangles { c1: f64::INFINITY, ..Rectangles::dbw2(1.0) }).is_err());
    let theta = ImaginaryTheta { wilson: Wilson::new(1.0), theta: 0.5 };
    assert!(theta.fits(&lattice(&[4, 4])).is_ok() && theta.fits(&lattice(&[4, 4, 4])).is_err());
    for (direction, fits) in [(0, false), (1, true), (2, false)] {
        let open = Open { wilson: Wilson::new(1.0), direction };
        assert_eq!(Action::<Links<U1>>::fits(&open, &lattice(&[1, 4])).is_ok(), fits, "{direction}");
    }
}
