//! Functions of means: susceptibilities, Binder cumulant, effective masses, correlation lengths.
//!
//! Each is written once on traced numbers; its error is that of the Γ-method along the gradient found by reverse mode,
//! with jackknife and bootstrap of the same function beside it. All are biased by O(1/N), which is left in.

use super::FARTHEST;
use crate::statistics::{Blocks, Estimate, Function, GammaMethod, Resampled, StatisticsError, bootstrap, jackknife};
use lattice_autograd::{PerSample, Var};
use lattice_tensor::Lattice;
use std::f64::consts::PI;

type Written = Box<dyn for<'t> Fn(&[Var<'t, PerSample>]) -> Var<'t, PerSample> + Send + Sync>;

/// A named function of the means of named series.
pub struct Quantity {
    /// Its name.
    pub name: String,
    /// The series whose means it takes.
    pub inputs: Vec<String>,
    function: Written,
}

impl std::fmt::Debug for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({})", self.name, self.inputs.join(", "))
    }
}

impl Quantity {
    /// A function of the means of the given series.
    ///
    /// ```
    /// use lattice_mc::observables::Quantity;
    /// let heat = Quantity::new("heat", ["s", "s2"], |a| a[1] - a[0].square());
    /// assert_eq!(format!("{heat:?}"), "heat(s, s2)");
    /// ```
    pub fn new<S: Into<String>>(
        name: impl Into<String>,
        inputs: impl IntoIterator<Item = S>,
        function: impl for<'t> Fn(&[Var<'t, PerSample>]) -> Var<'t, PerSample> + Send + Sync + 'static,
    ) -> Self {
        let inputs = inputs.into_iter().map(Into::into).collect();
        Self { name: name.into(), inputs, function: Box::new(function) }
    }

    /// The function of traced numbers, one for each input.
    pub fn of<'t>(&self, means: &[Var<'t, PerSample>]) -> Var<'t, PerSample> {
        (self.function)(means)
    }

    /// Value and error by the Γ-method; `series` finds a series, `[chain][update]`, by its name, as
    /// [`History::chains`](crate::History::chains) does.
    ///
    /// # Errors
    /// A series that is missing or not finite, or no finite value at the means.
    pub fn estimate<'s>(
        &self,
        method: &GammaMethod,
        series: impl Fn(&str) -> Option<&'s [Vec<f64>]>,
    ) -> Result<Estimate, StatisticsError> {
        method.derived_traced(&self.find(series)?, |a| self.of(a))
    }

    /// Value and error by the blocked jackknife.
    ///
    /// # Errors
    /// As [`Quantity::estimate`].
    pub fn jackknife<'s>(
        &self,
        blocks: Blocks,
        series: impl Fn(&str) -> Option<&'s [Vec<f64>]>,
    ) -> Result<Resampled, StatisticsError> {
        let mut function = Function::new(self.inputs.len(), |a| self.of(a))?;
        jackknife(&self.find(series)?, blocks, |a| function.value(a))
    }

    /// Value and error by the blocked bootstrap.
    ///
    /// # Errors
    /// As [`Quantity::estimate`].
    pub fn bootstrap<'s>(
        &self,
        blocks: Blocks,
        resamples: usize,
        seed: u64,
        series: impl Fn(&str) -> Option<&'s [Vec<f64>]>,
    ) -> Result<Resampled, StatisticsError> {
        let mut function = Function::new(self.inputs.len(), |a| self.of(a))?;
        bootstrap(&self.find(series)?, blocks, resamples, seed, |a| function.value(a))
    }

    /// The series of all inputs.
    fn find<'s>(
        &self,
        series: impl Fn(&str) -> Option<&'s [Vec<f64>]>,
    ) -> Result<Vec<&'s [Vec<f64>]>, StatisticsError> {
        let find = |name: &String| {
            series(name).ok_or_else(|| StatisticsError::Missing { name: format!("{}: {name}", self.name) })
        };
        self.inputs.iter().map(find).collect()
    }
}

/// What follows from the means of the [standard](super::standard) observables of a scalar theory.
///
/// | name | value |
/// |---|---|
/// | `chi2_connected` | `⟨chi2⟩ − V ⟨m⟩²` |
/// | `chi2_connected_abs` | `⟨chi2⟩ − V ⟨\|m\|⟩²`, what a broken phase on a finite lattice has |
/// | `binder` | `1 − ⟨m⁴⟩ / (3 ⟨m²⟩²)`: 0 for a Gaussian, 2/3 for a magnet |
/// | `xi0`, `xi1`, … | [`correlation_length`] in direction 0, 1, … |
/// | `m_eff1`, `m_eff2`, … | [`effective_mass`] |
pub fn quantities(lattice: &Lattice) -> Vec<Quantity> {
    let volume = lattice.volume() as f64;
    let mut list = vec![
        Quantity::new("chi2_connected", ["chi2", "m"], move |a| a[0] - a[1].square() * volume),
        Quantity::new("chi2_connected_abs", ["chi2", "abs_m"], move |a| a[0] - a[1].square() * volume),
        Quantity::new("binder", ["m4", "chi2"], move |a| 1.0 - a[0] / (a[1] / volume).square() * (1.0 / 3.0)),
    ];
    let long = |mu: &usize| lattice.extents()[*mu] > 1;
    list.extend((0..lattice.directions()).filter(long).map(|mu| correlation_length(lattice, mu)));
    let extent = lattice.extents()[lattice.directions() - 1];
    // Up to where the correlator is measured on both sides.
    let last = if extent / 2 > FARTHEST { FARTHEST - 1 } else { extent / 2 };
    list.extend((1..=last).map(|t| effective_mass(extent, t)));
    list
}

/// The effective mass `arccosh[(g(t−1) + g(t+1)) / 2 g(t)]` at `1 ≤ t ≤ T/2` of a correlator on a circle of `T` sites,
/// where `g(t) = g(T − t)`. Undefined where noise makes the argument less than 1.
pub fn effective_mass(extent: usize, t: usize) -> Quantity {
    let name = |t: usize| format!("g{}", t.min(extent - t));
    Quantity::new(format!("m_eff{t}"), [name(t - 1), name(t), name(t + 1)], |a| {
        // arccosh(1 + u) = ln(1 + u + √(u(u+2))), u without cancellation.
        let u = (a[0] - a[1] * 2.0 + a[2]) / (a[1] * 2.0);
        (u + (u * (u + 2.0)).sqrt() + 1.0).ln()
    })
}

/// The second-moment correlation length `√(χ/F − 1) / (2 sin(π/L_μ))`, `χ` the susceptibility `chi2` (unsubtracted: for
/// the symmetric phase) and `F` the structure factor at the smallest momentum of direction `μ`; the inverse mass `1/m`
/// of the free field exactly (Cooper, Freedman and Preston 1982).
pub fn correlation_length(lattice: &Lattice, mu: usize) -> Quantity {
    let unit = 2.0 * (PI / lattice.extents()[mu] as f64).sin();
    Quantity::new(format!("xi{mu}"), ["chi2".to_string(), format!("structure{mu}")], move |a| {
        (a[0] / a[1] - 1.0).sqrt() * (1.0 / unit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact;
    use rand::{RngExt, SeedableRng};

    /// Series whose means are exactly the given numbers.
    fn at(values: Vec<(String, f64)>) -> Vec<(String, Vec<Vec<f64>>)> {
        values.into_iter().map(|(name, x)| (name, vec![vec![x - 1e-6, x + 1e-6, x + 1e-6, x - 1e-6]])).collect()
    }

    fn find<'a>(list: &'a [(String, Vec<Vec<f64>>)]) -> impl Fn(&str) -> Option<&'a [Vec<f64>]> {
        move |name| list.iter().find(|(n, _)| n == name).map(|(_, s)| s.as_slice())
    }

    fn value<'s>(list: &[Quantity], name: &str, series: impl Fn(&str) -> Option<&'s [Vec<f64>]>) -> f64 {
        let quantity = list.iter().find(|q| q.name == name).expect(name);
        quantity.estimate(&GammaMethod::default(), series).expect(name).mean
    }

    #[test]
    fn free_field_has_its_mass_exactly() {
        let lattice = Lattice::periodic([6, 10]).expect("a lattice");
        let mass2 = 0.3;
        let exact = exact::free_field(&[6, 10], mass2).expect("massive");
        let factor = |l: f64| 0.5 / (mass2 + 4.0 * (PI / l).sin().powi(2));
        let mut values = vec![
            ("chi2".into(), exact.chi2),
            ("structure0".into(), factor(6.0)),
            ("structure1".into(), factor(10.0)),
            ("m".into(), 0.0),
            ("m4".into(), 3.0 * (exact.chi2 / 60.0).powi(2)),
        ];
        values.extend(exact.g.expect("g").iter().enumerate().map(|(t, g)| (format!("g{t}"), *g)));
        let (list, series) = (quantities(&lattice), at(values));
        let series = find(&series);
        for mu in 0..2 {
            let xi = value(&list, &format!("xi{mu}"), &series);
            assert!((xi * mass2.sqrt() - 1.0).abs() < 1e-9, "{xi}");
        }
        for t in 1..=5 {
            let mass = value(&list, &format!("m_eff{t}"), &series);
            assert!((mass - exact.gap.expect("gap")).abs() < 1e-9, "{t}: {mass}");
        }
        assert!(value(&list, "binder", &series).abs() < 1e-6);
        assert!((value(&list, "chi2_connected", &series) - exact.chi2).abs() < 1e-9);
    }

    #[test]
    fn effective_masses_of_phi4_are_the_known_ones() {
        // physics.md §1.3: E1 on 6 × 6, from the exact correlator.
        let g = [0.3528343164, 0.1909856087, 0.1165933302, 0.0950831820];
        let series = at(g.iter().enumerate().map(|(t, g)| (format!("g{t}"), *g)).collect());
        let list = quantities(&Lattice::periodic([6, 6]).expect("a lattice"));
        for (t, known) in [0.664411, 0.661350, 0.660568].into_iter().enumerate() {
            let found = value(&list, &format!("m_eff{}", t + 1), find(&series));
            assert!((found - known).abs() < 1e-6, "{found} and {known}");
        }
    }

    #[test]
    fn odd_and_short_circles_close() {
        let names: Vec<String> = quantities(&Lattice::periodic([5]).expect("a lattice"))
            .iter()
            .map(|q| format!("{q:?}"))
            .filter(|q| q.starts_with("m_eff"))
            .collect();
        assert_eq!(names, ["m_eff1(g0, g1, g2)", "m_eff2(g1, g2, g2)"]);
        assert_eq!(format!("{:?}", effective_mass(2, 1)), "m_eff1(g0, g1, g0)");
        assert!(quantities(&Lattice::periodic([1]).expect("a lattice")).iter().all(|q| !q.name.starts_with("xi")));
    }

    #[test]
    fn jackknife_and_bootstrap_agree_with_the_gamma_method() {
        // Four correlated slow series with the means of a massive correlator.
        let mut rng = rand_pcg::Pcg64::seed_from_u64(7);
        let names = ["chi2", "m", "abs_m", "m4", "structure0", "g0", "g1", "g2"];
        let means = [2.0, 0.01, 0.15, 0.05, 1.0, 1.0, 0.6, 0.45];
        let mut series = vec![vec![vec![0.0; 8000]; 2]; 8];
        for r in 0..2 {
            let mut slow = [0.0; 3];
            for i in 0..8000 {
                slow.iter_mut().for_each(|s| *s = 0.7 * *s + (rng.random::<f64>() - 0.5));
                for a in 0..8 {
                    let mix = slow[0] + slow[1 + a % 2] * (1.0 + a as f64 / 8.0) + 0.3 * (rng.random::<f64>() - 0.5);
                    series[a][r][i] = means[a] * (1.0 + 0.1 * mix);
                }
            }
        }
        let find = |name: &str| names.iter().position(|n| *n == name).map(|i| series[i].as_slice());
        let lattice = Lattice::periodic([4]).expect("a lattice");
        let list = quantities(&lattice);
        assert_eq!(list.len(), 6);
        for quantity in list {
            let gamma = quantity.estimate(&GammaMethod::default(), find).expect("finite");
            let jack = quantity.jackknife(Blocks::Length(80), find).expect("finite");
            let boot = quantity.bootstrap(Blocks::Length(80), 1000, 3, find).expect("finite");
            assert_eq!(gamma.mean, jack.mean, "{quantity:?}");
            // 200 blocks know an error to 5 %, as the Γ-method does.
            assert!((jack.error / gamma.error - 1.0).abs() < 0.2, "{quantity:?}: {jack:?} {gamma:?}");
            assert!((boot.error / jack.error - 1.0).abs() < 0.1, "{quantity:?}: {boot:?} {jack:?}");
        }
    }

    #[test]
    fn missing_series_are_named() {
        let series = |_: &str| None;
        let error = effective_mass(8, 2).estimate(&GammaMethod::default(), series).expect_err("nothing is there");
        assert_eq!(error.to_string(), "m_eff2: g1: expected a recorded series, found none");
    }
}
