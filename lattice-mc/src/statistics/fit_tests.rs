//! Fits of synthetic data, whose distributions are known.
use super::super::chi_squared_of_pulls;
use super::super::synthetic::{ar1, moments, normal, rng};
use super::*;

/// A tridiagonal-looking covariance: `errors_i errors_j ρ^|i-j|`.
fn covariance(n: usize, rho: f64) -> Vec<Vec<f64>> {
    let entry = |i: usize, j: usize| (0.1 + 0.02 * i as f64) * (0.1 + 0.02 * j as f64) * rho.powi(i.abs_diff(j) as i32);
    (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect()
}

/// Numbers of mean 0 with [`covariance`]: an AR(1) along the points.
fn noise(n: usize, rho: f64, rng: &mut rand_pcg::Pcg64) -> Vec<f64> {
    ar1(rho, n, rng).iter().enumerate().map(|(i, z)| (0.1 + 0.02 * i as f64) * z).collect()
}

fn decay(p: [f64; 2], x: f64) -> f64 {
    p[0] * (-p[1] * x).exp()
}

#[test]
fn known_covariance_gives_chi_squared_and_normal_pulls() {
    let (n, truth) = (8, [2.0, 0.3]);
    let x: Vec<f64> = (0..n).map(|i| i as f64).collect();
    let c = Covariance::known(covariance(n, 0.8)).expect("a covariance");
    let mut rng = rng(51);
    let (mut p, mut pulls) = (Vec::new(), [Vec::new(), Vec::new()]);
    for _ in 0..400 {
        let noise = noise(n, 0.8, &mut rng);
        let y: Vec<f64> = x.iter().zip(noise).map(|(x, e)| decay(truth, *x) + 0.1 * e).collect();
        let small: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| 0.01 * c.entry(i, j)).collect()).collect();
        let c = Covariance::known(small).expect("a covariance");
        let fit = fit_values(&x, &y, &c, &[1.0, 0.1], |p, x| p[0] * (-(p[1] * x)).exp()).expect("a minimum");
        assert_eq!(fit.chi_squared.dof, 6);
        p.push(fit.chi_squared.p_value);
        (0..2).for_each(|k| pulls[k].push(fit.parameters[k].pull(truth[k])));
    }
    let (mean, variance) = moments(&p);
    assert!((mean - 0.5).abs() < 0.06 && (variance - 1.0 / 12.0).abs() < 0.015, "{mean} {variance}");
    for pulls in pulls {
        let test = chi_squared_of_pulls(&pulls).expect("finite");
        assert!((1e-4..0.9999).contains(&test.p_value), "{test:?}");
    }
}

#[test]
fn estimated_covariance_gives_uniform_p_values_and_honest_errors() {
    // Few samples: 60 of 10 points. Taken as χ², a fifth of all fits would be rejected at 1 %.
    let (n, truth) = (10, [2.0, 0.3]);
    let x: Vec<f64> = (0..n).map(|i| i as f64).collect();
    let mut rng = rng(52);
    let (mut p, mut naive, mut pulls) = (Vec::new(), 0, [Vec::new(), Vec::new()]);
    for _ in 0..500 {
        let mut series = vec![vec![Vec::with_capacity(60)]; n];
        for _ in 0..60 {
            let noise = noise(n, 0.8, &mut rng);
            (0..n).for_each(|i| series[i][0].push(decay(truth, x[i]) + noise[i]));
        }
        let views: Vec<&[Vec<f64>]> = series.iter().map(Vec::as_slice).collect();
        let method = GammaMethod { s: 0.0 };
        let c = Covariance::of_means(&method, &views).expect("60 blocks");
        assert_eq!(c.degrees(), Some(59));
        let fit = method.fit(&x, &views, &c, &[1.0, 0.1], |p, x| p[0] * (-(p[1] * x)).exp()).expect("a minimum");
        p.push(fit.chi_squared.p_value);
        naive += usize::from(ChiSquared::new(fit.chi_squared.chi2, 8).p_value < 0.01);
        (0..2).for_each(|k| pulls[k].push(fit.parameters[k].pull(truth[k])));
    }
    let (mean, variance) = moments(&p);
    assert!((mean - 0.5).abs() < 0.055 && (variance - 1.0 / 12.0).abs() < 0.012, "{mean} {variance}");
    let rejected = p.iter().filter(|p| **p < 0.01).count();
    assert!(rejected < 16 && naive > 16, "{rejected}, and {naive} without the correction");
    for pulls in pulls {
        let (mean, variance) = moments(&pulls);
        // The distribution is a little wider than normal; 500 runs know a variance to 6 %.
        assert!(mean.abs() < 0.2 && (0.75..1.3).contains(&variance), "{mean} {variance}");
    }
}

#[test]
fn uncorrelated_fits_of_slow_correlated_chains_have_honest_errors() {
    let (n, truth) = (5, [2.0, 0.3]);
    let x: Vec<f64> = (0..n).map(|i| i as f64).collect();
    let mut rng = rng(53);
    let (mut pulls, mut correlated) = (Vec::new(), Vec::new());
    for _ in 0..150 {
        let common = ar1(0.7, 4000, &mut rng);
        let series: Vec<Vec<Vec<f64>>> = x
            .iter()
            .map(|x| {
                let own = ar1(0.3, 4000, &mut rng);
                vec![common.iter().zip(&own).map(|(c, o)| decay(truth, *x) + 0.3 * c + 0.1 * o).collect()]
            })
            .collect();
        let views: Vec<&[Vec<f64>]> = series.iter().map(Vec::as_slice).collect();
        let method = GammaMethod::default();
        let full = Covariance::of_means(&method, &views).expect("many blocks");
        for (c, pulls) in [(full.uncorrelated(), &mut pulls), (full, &mut correlated)] {
            let fit = method.fit(&x, &views, &c, &[1.0, 0.1], |p, x| p[0] * (-(p[1] * x)).exp()).expect("a minimum");
            pulls.push(fit.parameters[1].pull(truth[1]));
        }
    }
    for pulls in [pulls, correlated] {
        let (mean, variance) = moments(&pulls);
        assert!(mean.abs() < 0.35 && (0.65..1.5).contains(&variance), "{mean} {variance}");
    }
}

#[test]
fn linear_fits_are_the_normal_equations() {
    let x = [0.0, 1.0, 2.0, 3.0];
    let mut rng = rng(54);
    let y: Vec<f64> = x.iter().map(|x| 1.0 + 0.5 * x + 0.1 * normal(&mut rng)).collect();
    let fit =
        fit_values(&x, &y, &Covariance::of_errors(&[0.1; 4]).expect("errors"), &[0.0, 0.0], |p, x| p[0] + p[1] * x)
            .expect("a line");
    let slope = (3.0 * y[3] + y[2] - y[1] - 3.0 * y[0]) / 10.0;
    assert!((fit.parameters[1].mean - slope).abs() < 1e-9);
    assert!((fit.parameters[1].error - 0.1 / 5f64.sqrt()).abs() < 1e-12);
    for (a, b) in fit.slopes[1].iter().zip([-0.3, -0.1, 0.1, 0.3]) {
        assert!((a - b).abs() < 1e-12);
    }
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let c = Covariance::of_errors(&[0.1; 3]).expect("errors");
    let (x, y) = ([0.0, 1.0, 2.0], [1.0, 2.0, 3.0]);
    let both = fit_values(&x, &y, &c, &[1.0, 1.0], |p, x| p[0] * x + p[1] * x);
    assert!(matches!(both, Err(StatisticsError::Singular { size: 2, .. })), "{both:?}");
    let none = fit_values(&x, &y, &c, &[1.0, 1.0], |p, x| p[0] * x);
    assert!(matches!(none, Err(StatisticsError::Singular { .. })), "{none:?}");
    assert!(fit_values(&x, &y, &c, &[1.0; 4], |p, x| p[0] * x).is_err());
    assert!(fit_values(&x[1..], &y, &c, &[1.0], |p, x| p[0] * x).is_err());
    assert!(fit_values(&x, &y, &c, &[-1.0], |p, x| p[0].ln() * x).is_err());
}
