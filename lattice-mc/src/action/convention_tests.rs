use super::*;
use crate::exact;
use crate::testing::actions;
use lattice_tensor::Lattice;
use lattice_tensor::random::{Draw, Stream, normal_at};
use proptest::prelude::*;

/// The formulas once more, slow and obvious.
fn plainly(couplings: Phi4Couplings, lattice: &Lattice, phi: &[f64]) -> f64 {
    let neighbours = |site: usize| {
        let next = move |mu: usize| {
            let mut x = lattice.coordinates(site);
            x[mu] = (x[mu] + 1) % lattice.extents()[mu];
            phi[lattice.site(&x)]
        };
        (0..lattice.directions()).map(next)
    };
    let density = |site: usize| {
        let x = phi[site];
        let kinetic: f64 = neighbours(site).map(|y| (y - x).powi(2)).sum();
        let hopping: f64 = neighbours(site).map(|y| x * y).sum();
        match couplings {
            Phi4Couplings::NoHalf { mass2, lambda } => kinetic + mass2 * x * x + lambda * x.powi(4),
            Phi4Couplings::Half { mass2, lambda } => 0.5 * kinetic + 0.5 * mass2 * x * x + lambda / 24.0 * x.powi(4),
            Phi4Couplings::Kinetic { kappa, mass2, lambda } => {
                0.5 * kappa * kinetic + 0.5 * mass2 * x * x + lambda * x.powi(4)
            }
            Phi4Couplings::Hopping { kappa, lambda } => -2.0 * kappa * hopping + x * x + lambda * (x * x - 1.0).powi(2),
            Phi4Couplings::BetaHopping { beta, lambda } => -beta * hopping + x * x + lambda * (x * x - 1.0).powi(2),
        }
    };
    (0..phi.len()).map(density).sum()
}

fn conventions(kappa: f64) -> [Convention; 5] {
    let kinetic = Convention::Kinetic { kappa };
    [Convention::NoHalf, Convention::Half, kinetic, Convention::Hopping, Convention::BetaHopping]
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn an_action_is_the_same_in_every_convention_up_to_its_constant(
        mass2 in -6.0..3.0_f64, lambda in 0.01..9.0_f64, kappa in 0.1..3.0_f64, seed in 0..1000_u64,
        extents in prop::sample::select(vec![vec![5], vec![2, 3], vec![1, 4], vec![2, 2, 3]]),
    ) {
        let lattice = Lattice::periodic(&extents).unwrap();
        let (d, volume) = (lattice.directions(), lattice.volume());
        let draw = Draw { key: Stream::named("test").key(seed), step: 0 };
        let phi: Vec<f64> = (0..volume as u64).map(|site| normal_at(draw, 0, site)).collect();
        let reference = Phi4 { mass2, lambda };
        for convention in conventions(kappa) {
            let here = Phi4Couplings::from(reference).to(convention, d).unwrap();
            let s = here.field_scale().unwrap();
            let found = actions(&here, &lattice, std::slice::from_ref(&phi))[0];
            let formula = plainly(here, &lattice, &phi);
            prop_assert!(close(found, formula, 1e-12), "{here:?}: {found} is not {formula}");
            let scaled: Vec<f64> = phi.iter().map(|x| s * x).collect();
            let no_half = actions(&reference, &lattice, &[scaled])[0] + here.constant() * volume as f64;
            prop_assert!(close(found, no_half, 1e-12), "{here:?}: {found} is not {no_half}");
        }
    }

    #[test]
    fn couplings_come_back_from_every_convention(
        mass2 in -6.0..3.0_f64, lambda in 0.01..9.0_f64, kappa in 0.1..3.0_f64, d in 1..5_usize,
    ) {
        let start = Phi4Couplings::NoHalf { mass2, lambda };
        for there in conventions(kappa) {
            for onwards in conventions(1.0 / kappa) {
                let back = start.to(there, d).unwrap().to(onwards, d).unwrap().no_half(d).unwrap();
                prop_assert!(close(back.mass2, mass2, 1e-11) && close(back.lambda, lambda, 1e-11), "{there:?} {back:?}");
            }
        }
    }
}

/// Reference values of `(1 − 2λ) φ² + λ φ⁴ − 2κ φ φ₊`, D without its constant, at κ = 0.21, λ = 0.022 (row transfer
/// matrix): L, log Z, ⟨φ²⟩, ⟨φ⁴⟩, ⟨φ φ₊⟩, χ₂.
const REFERENCE: [(usize, [f64; 5]); 2] = [
    (4, [10.169814844, 0.645810135, 1.177813485, 0.201450336, 2.55329407]),
    (6, [22.769895785, 0.625150548, 1.107837102, 0.174272329, 2.58116638]),
];

#[test]
fn exact_values_convert() {
    let here = Phi4Couplings::Hopping { kappa: 0.21, lambda: 0.022 };
    let beta = Phi4Couplings::BetaHopping { beta: 0.42, lambda: 0.022 };
    for (l, [log_z, phi2, phi4, link, chi2]) in REFERENCE {
        let Phi4 { mass2, lambda } = here.no_half(2).unwrap();
        let exact = exact::phi4(&[l, l], mass2, lambda).unwrap();
        for couplings in [here, beta] {
            let found = couplings.log_z(exact.log_z, l * l).unwrap() + couplings.constant() * (l * l) as f64;
            assert!((found - log_z).abs() < 2e-9, "{l}: {found} is not {log_z}");
            let known = [("phi2", exact.phi2, phi2), ("phi4", exact.phi4, phi4), ("chi2", exact.chi2, chi2)];
            for (name, no_half, expected) in known.into_iter().chain([("ising_energy", exact.ising_energy, link)]) {
                let (scale, shift) = couplings.observable(name).unwrap().unwrap();
                let found = scale * no_half + shift;
                assert!((found / expected - 1.0).abs() < 1e-8, "{name} at {l}: {found} is not {expected}");
            }
        }
    }
}

#[test]
fn one_site_integrals_convert() {
    // Simpson's rule for `∫ dφ e^{−S}` on one site, whose links lead back to it.
    let integral = |couplings: Phi4Couplings, moment: i32| {
        let lattice = Lattice::periodic([1]).unwrap();
        let (n, end) = (2000, 12.0);
        let points: Vec<f64> = (0..=n).map(|i| end * (2.0 * i as f64 / n as f64 - 1.0)).collect();
        let weight = |i: usize| if i == 0 || i == n { 1.0 } else { [2.0, 4.0][i % 2] };
        let term = |(i, &x): (usize, &f64)| weight(i) * x.powi(moment) * (-plainly(couplings, &lattice, &[x])).exp();
        points.iter().enumerate().map(term).sum::<f64>() * 2.0 * end / n as f64 / 3.0
    };
    let start = Phi4Couplings::NoHalf { mass2: -1.3, lambda: 0.7 };
    let log_z = integral(start, 0).ln();
    for convention in conventions(0.8) {
        let here = start.to(convention, 1).unwrap();
        assert!((here.log_z(log_z, 1).unwrap() - integral(here, 0).ln()).abs() < 1e-10, "{here:?}");
        let (scale, _) = here.observable("phi4").unwrap().unwrap();
        let (phi4, expected) = (integral(here, 4) / integral(here, 0), integral(start, 4) / log_z.exp());
        assert!((phi4 / (scale * expected) - 1.0).abs() < 1e-10, "{here:?}");
    }
}

#[test]
fn what_has_no_such_form_is_refused() {
    let free = Phi4Couplings::NoHalf { mass2: 0.5, lambda: 0.0 };
    let hopping = free.to(Convention::Hopping, 2).unwrap();
    assert_eq!(hopping, Phi4Couplings::Hopping { kappa: 1.0 / 4.5, lambda: 0.0 });
    assert!(hopping.check().unwrap_err().contains("lambda > 0"));
    let refused = [
        Phi4Couplings::Hopping { kappa: -0.2, lambda: 0.1 }.no_half(2).unwrap_err(),
        Phi4Couplings::Kinetic { kappa: 0.0, mass2: 1.0, lambda: 0.1 }.no_half(2).unwrap_err(),
        free.to(Convention::Kinetic { kappa: f64::NAN }, 2).unwrap_err(),
    ];
    for error in refused {
        assert!(error.to_string().contains("kappa: expected a number > 0"), "{error}");
    }
}
