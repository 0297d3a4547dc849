//! Transformations under which a thing may be invariant or equivariant.

use super::error::{Error, Result};
use super::host::Host;
use super::value::Value;
use crate::{Trace, Var};
use lattice_tensor::field::Scalar;
use lattice_tensor::{Device, Fibre, Lattice, Layout, Location, Spec};
use std::fmt;
use std::sync::Arc;

/// A transformation `T` of fields. A map `F` is equivariant if `F(T x) = T F(x)`; a number per sample is invariant.
///
/// All field inputs are transformed, and all field outputs ([`Symmetry::leaving_outputs`] says otherwise); numbers and
/// parameters stay.
#[derive(Clone)]
pub struct Symmetry {
    name: String,
    map: Map,
    outputs: bool,
}

type Sites = dyn Fn(&Lattice, &[i64]) -> Vec<i64> + Send + Sync;
type Samples = dyn Fn(&Lattice, &[f64]) -> Vec<f64> + Send + Sync;
type Traced = dyn for<'t> Fn(Var<'t, Scalar>) -> Var<'t, Scalar> + Send + Sync;

#[derive(Clone)]
enum Map {
    Sites(Arc<Sites>),
    Sign,
    Samples(Arc<Samples>),
    Traced(Arc<Traced>),
}

impl Symmetry {
    /// `(T f)(x) = f(g(x))`; `g` maps coordinates to coordinates, which need not lie within the extents: what is read
    /// across a boundary carries its phase.
    pub fn sites(
        name: impl Into<String>,
        g: impl Fn(&Lattice, &[i64]) -> Vec<i64> + Send + Sync + 'static,
    ) -> Symmetry {
        Symmetry { name: name.into(), map: Map::Sites(Arc::new(g)), outputs: true }
    }

    /// `(T f)(x) = f(x + d)`.
    pub fn translation(by: &[i64]) -> Symmetry {
        let d = by.to_vec();
        Symmetry::sites(format!("translation by {by:?}"), move |_, x| x.iter().zip(&d).map(|(x, d)| x + d).collect())
    }

    /// `(T f)(x) = f(x′)`, `x′_μ = −x_μ`.
    pub fn reflection(mu: usize) -> Symmetry {
        Symmetry::sites(format!("reflection of direction {mu}"), move |_, x| {
            x.iter().enumerate().map(|(nu, &x)| if nu == mu { -x } else { x }).collect()
        })
    }

    /// A rotation by 90°: `(T f)(x) = f(x′)`, `x′_μ = −x_ν`, `x′_ν = x_μ`. The two extents must be equal.
    pub fn rotation(mu: usize, nu: usize) -> Symmetry {
        Symmetry::sites(format!("rotation of directions {mu} and {nu}"), move |_, x| {
            let mut y = x.to_vec();
            if let (Some(a), Some(b)) = (x.get(mu), x.get(nu)) {
                (y[mu], y[nu]) = (-b, *a);
            }
            y
        })
    }

    /// `φ → −φ`, the Z2 of even potentials.
    pub fn sign_flip() -> Symmetry {
        Symmetry { name: "sign flip".into(), map: Map::Sign, outputs: true }
    }

    /// A transformation of plain numbers: it is given one sample of a field on every site.
    pub fn of_samples(
        name: impl Into<String>,
        f: impl Fn(&Lattice, &[f64]) -> Vec<f64> + Send + Sync + 'static,
    ) -> Symmetry {
        Symmetry { name: name.into(), map: Map::Samples(Arc::new(f)), outputs: true }
    }

    /// A transformation written on traced fields.
    pub fn traced(
        name: impl Into<String>,
        f: impl for<'t> Fn(Var<'t, Scalar>) -> Var<'t, Scalar> + Send + Sync + 'static,
    ) -> Symmetry {
        Symmetry { name: name.into(), map: Map::Traced(Arc::new(f)), outputs: true }
    }

    /// The same transformation of inputs, under which outputs stay: `F(T x) = F(x)`.
    pub fn leaving_outputs(self) -> Symmetry {
        Symmetry { name: format!("{}, outputs invariant", self.name), outputs: false, ..self }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reflections of all directions and rotations of all pairs with equal extents: with translations, the symmetry of
    /// an isotropic theory.
    pub fn point_group(lattice: &Lattice) -> Vec<Symmetry> {
        let (d, l) = (lattice.directions(), lattice.extents());
        let pairs = (0..d).flat_map(|mu| (mu + 1..d).map(move |nu| (mu, nu))).filter(|&(mu, nu)| l[mu] == l[nu]);
        (0..d).map(Symmetry::reflection).chain(pairs.map(|(mu, nu)| Symmetry::rotation(mu, nu))).collect()
    }

    /// Translations by `period` in each direction, and by one vector across all of them; none for 0.
    pub fn translations(lattice: &Lattice, period: usize) -> Vec<Symmetry> {
        let d = lattice.directions();
        let step = |mu: usize| (0..d).map(|nu| if nu == mu { period as i64 } else { 0 }).collect::<Vec<_>>();
        let across: Vec<i64> = (0..d).map(|mu| period as i64 * if mu % 2 == 0 { 1 } else { -2 }).collect();
        let mut all: Vec<Vec<i64>> = (0..d).map(step).collect();
        if d > 1 {
            all.push(across);
        }
        all.retain(|by| by.iter().any(|&d| d != 0));
        all.iter().map(|by| Symmetry::translation(by)).collect()
    }

    /// Transforms data of a type: an input, or an output.
    pub(super) fn apply(&self, lattice: &Lattice, spec: Spec, value: &Value, output: bool) -> Result<Value> {
        let (Spec::Field { location, fibre }, Value::Field(samples)) = (spec, value) else { return Ok(value.clone()) };
        if output && !self.outputs {
            return Ok(value.clone());
        }
        let whole = |expected: &str| match (location, fibre) {
            (Location::All, Fibre::Scalar) => Ok(()),
            _ => Err(Error::request(&self.name, expected, spec)),
        };
        match &self.map {
            Map::Sign => Ok(value.map(|x, _| -x)),
            Map::Sites(g) => {
                let from = self.sources(lattice, location, fibre, &**g)?;
                Ok(Value::Field(samples.iter().map(|f| gather(&from, fibre, f)).collect()))
            }
            Map::Samples(f) => {
                whole("a real field on every site")?;
                let moved: Vec<Vec<f64>> = samples.iter().map(|x| f(lattice, x)).collect();
                match moved.iter().find(|x| x.len() != lattice.volume()) {
                    Some(x) => Err(Error::request(&self.name, format!("{} numbers", lattice.volume()), x.len())),
                    None => Ok(Value::Field(moved)),
                }
            }
            Map::Traced(f) => {
                whole("a real field on every site")?;
                let trace = Trace::new(lattice);
                let image = f(trace.scalar_field("x")).id();
                trace.check()?;
                let mut values = vec![value.clone()];
                values.extend(trace.uniform_values().into_iter().map(Value::Uniform));
                let mut host = Host::<f64>::new(&trace.graph(), &[image], &Layout::samples(lattice, 8))?;
                let image = host.run(&Device::cpu(1)?, &values, samples.len())?.swap_remove(0);
                match image {
                    Value::Field(x) if x.first().is_some_and(|x| x.len() == lattice.volume()) => Ok(Value::Field(x)),
                    _ => Err(Error::request(&self.name, "a real field on every site", "something else")),
                }
            }
        }
    }

    /// For each site of a sub-lattice, the place of the site that is read, and the phase.
    fn sources(&self, lattice: &Lattice, location: Location, fibre: Fibre, g: &Sites) -> Result<Vec<Source>> {
        let l = lattice.extents();
        let sites: Vec<usize> = (0..lattice.volume()).filter(|&s| location.contains(&lattice.coordinates(s))).collect();
        let mut place = vec![None; lattice.volume()];
        sites.iter().enumerate().for_each(|(i, &s)| place[s] = Some(i));
        let mut hit = vec![false; sites.len()];
        let mut sources = Vec::with_capacity(sites.len());
        for &site in &sites {
            let x: Vec<i64> = lattice.coordinates(site).into_iter().map(|x| x as i64).collect();
            let y = g(lattice, &x);
            if y.len() != l.len() {
                return Err(Error::request(&self.name, format!("{} coordinates", l.len()), y));
            }
            let inside: Vec<usize> = y.iter().zip(l).map(|(&y, &l)| y.rem_euclid(l as i64) as usize).collect();
            let Some(from) = place[lattice.site(&inside)].filter(|&i| !hit[i]) else {
                let expected = format!("a one-to-one map of the sites of {location:?} on {l:?}");
                return Err(Error::request(&self.name, expected, format!("{x:?} to {y:?}")));
            };
            hit[from] = true;
            let turn = |(re, im): (f64, f64), (c, s): (f64, f64)| (re * c - im * s, re * s + im * c);
            let phases = (0..l.len()).map(|mu| lattice.boundary(mu).phase(y[mu].div_euclid(l[mu] as i64)));
            let phase = phases.fold((1.0, 0.0), turn);
            if phase.1 != 0.0 && fibre != Fibre::Complex {
                return Err(Error::request(&self.name, "real boundary phases for a real field", phase));
            }
            sources.push((from, phase));
        }
        Ok(sources)
    }
}

type Source = (usize, (f64, f64));

fn gather(sources: &[Source], fibre: Fibre, f: &[f64]) -> Vec<f64> {
    let n = fibre.components();
    let site = |&(from, (re, im)): &Source| match fibre {
        Fibre::Complex => {
            let (a, b) = (f[2 * from], f[2 * from + 1]);
            vec![a * re - b * im, a * im + b * re]
        }
        _ => f[n * from..n * (from + 1)].iter().map(|x| x * re).collect(),
    };
    sources.iter().flat_map(site).collect()
}

impl fmt::Debug for Symmetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
