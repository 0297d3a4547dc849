//! Improved actions: plaquettes and rectangles.

use super::wilson::{Form, plaquettes};
use super::{casimir, finite, has_planes, planes, trace_of};
use crate::Action;
use lattice_autograd::{PerSample, Var};
use lattice_tensor::Lattice;
use lattice_tensor::field::{Links, Momenta};
use lattice_tensor::group::Group;
use lattice_tensor::ops::{Loops, Path};

/// `S = β Σ_P c₀ (1 − Re tr P/N) + β Σ_R c₁ (1 − Re tr R/N)` with `c₀ = 1 − 8 c₁`, `R` all rectangles of 1 × 2
/// plaquettes, either side the long one (Lüscher, Weisz, Commun. Math. Phys. 97 (1985) 59). The bare form is without the
/// constants.
///
/// Rectangles on an extent of 2 or 1 have a link twice; they count as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangles {
    /// `β`, any finite number.
    pub beta: f64,
    /// `c₁`, the weight of the rectangles.
    pub c1: f64,
    /// With or without the constant.
    pub form: Form,
}

impl Rectangles {
    /// The Symanzik-improved action at tree level, `c₁ = −1/12`: free of `O(a²)` for smooth fields.
    pub fn symanzik(beta: f64) -> Self {
        Self { beta, c1: -1.0 / 12.0, form: Form::Bare }
    }

    /// Iwasaki's action, `c₁ = −0.331` (Nucl. Phys. B 258 (1985) 141).
    pub fn iwasaki(beta: f64) -> Self {
        Self { beta, c1: -0.331, form: Form::Bare }
    }

    /// DBW2, `c₁ = −1.4088` (de Forcrand et al., hep-lat/9911033).
    pub fn dbw2(beta: f64) -> Self {
        Self { beta, c1: -1.4088, form: Form::Bare }
    }

    /// `c₀`, the weight of the plaquettes.
    pub fn c0(&self) -> f64 {
        1.0 - 8.0 * self.c1
    }

    /// `Σ_R (1 − Re tr R/N)`.
    fn rectangles<'t, G: Group>(u: Var<'t, Links<G>>) -> Var<'t, PerSample> {
        let loops = planes(u.trace().lattice().directions()).flat_map(|(mu, nu)| [(mu, nu), (nu, mu)]);
        let terms = loops
            .map(|(long, short)| 1.0 - u.path(&Path::rectangle(long, 2, short, 1).0).re_trace() * (1.0 / G::N as f64));
        let sum = terms.reduce(|a, b| a + b);
        sum.map_or(u.trace().mask() * 0.0, Var::sum_sites)
    }
}

impl<G: Group> Action<Links<G>> for Rectangles {
    fn action<'t>(&self, u: Var<'t, Links<G>>) -> Var<'t, PerSample> {
        let beta = u.trace().coupling("beta", self.beta);
        let terms = (1.0 - u.plaquettes()).sum_sites() * self.c0() + Self::rectangles(u) * self.c1;
        match self.form {
            Form::Full => terms * beta,
            Form::Bare => (terms - plaquettes(&u.trace().lattice()) * (self.c0() + 2.0 * self.c1)) * beta,
        }
    }

    /// The plaquettes by the fused update of momenta, the rectangles by reverse mode.
    fn kick<'t>(
        &self,
        momenta: Var<'t, Momenta<G>>,
        u: Var<'t, Links<G>>,
        time: Var<'t, PerSample>,
    ) -> Var<'t, Momenta<G>> {
        let time = time * u.trace().coupling("beta", self.beta);
        let momenta = momenta.kick(u, time * (self.c0() / G::N as f64));
        momenta - u.trace().gradient(Self::rectangles(u), u) * (time * self.c1)
    }

    fn loops(&self) -> Option<(f64, Loops)> {
        Some((self.beta, Loops { c0: self.c0(), c1: self.c1 }))
    }

    fn laplacian<'t>(&self, u: Var<'t, Links<G>>) -> Option<Var<'t, PerSample>> {
        let lattice = u.trace().lattice();
        let beta = u.trace().coupling("beta", self.beta);
        // Each of the six links of a rectangle is met once.
        let once = lattice.extents().iter().all(|&extent| extent > 2);
        let rectangles = 2.0 * plaquettes(&lattice) - Self::rectangles(u);
        let sum = u.plaquettes().sum_sites() * (4.0 * self.c0()) + rectangles * (6.0 * self.c1);
        once.then(|| sum * beta * casimir(G::NAME))
    }

    fn formula(&self) -> String {
        let (p, r) = (trace_of(G::NAME, "P"), trace_of(G::NAME, "R"));
        match self.form {
            Form::Full => format!("S = beta sum_P c0 (1 - {p}) + beta sum_R c1 (1 - {r}), c0 = 1 - 8 c1"),
            Form::Bare => format!("S = -beta [ c0 sum_P {p} + c1 sum_R {r} ], c0 = 1 - 8 c1"),
        }
    }

    fn couplings(&self) -> Vec<(&'static str, f64)> {
        vec![("beta", self.beta), ("c1", self.c1)]
    }

    fn check(&self) -> Result<(), String> {
        finite(&[("beta", self.beta), ("c1", self.c1)])
    }

    fn fits(&self, lattice: &Lattice) -> Result<(), String> {
        has_planes(lattice)
    }
}
