//! φ⁴ theory on small lattices, to many digits.

use super::{
    Cost, Effort, ExactError, chain, error, free, free_field,
    plan::{Plan, Shape},
    result::{Exact, Method},
    transfer,
};

/// Numbers that change more than this between the last two cuts are not given out.
const LARGEST_CHANGE: f64 = 1e-2;

/// Solves φ⁴ theory, or the free field for `lambda = 0`, on a periodic lattice of any dimension, where that is cheap.
///
/// Cheap are lattices of one direction, of two directions up to a width of about 8 (10 with fewer digits; the other
/// extent may be as large as one likes), and `2 × 2 × T`. In the symmetric phase 6 × 6 takes two seconds for nine digits, 8
/// × 8 ten seconds for eight, 10 × 10 about as long for four. See [`Exact`] for the action and the conventions, and its
/// `truncation_error` for the digits.
///
/// # Errors
/// Bad extents or couplings, a shape or a width out of reach, a field too light to be resolved.
///
/// ```
/// let exact = lattice_mc::exact::phi4(&[2, 2], -4.0, 8.0)?;
/// assert!((exact.log_z - 0.914433978425).abs() < 1e-10);
/// # Ok::<(), lattice_mc::exact::ExactError>(())
/// ```
pub fn phi4(extents: &[usize], mass2: f64, lambda: f64) -> Result<Exact, ExactError> {
    phi4_with(extents, mass2, lambda, &Effort::default())
}

/// Estimates the cost of [`phi4_with`] without doing it.
///
/// # Errors
/// As [`phi4`].
pub fn phi4_cost(extents: &[usize], mass2: f64, lambda: f64, effort: &Effort) -> Result<Cost, ExactError> {
    error::check(extents, mass2, lambda)?;
    if lambda == 0.0 {
        let bytes = 16.0 * extents.iter().map(|&l| l as f64).sum::<f64>();
        return Ok(Cost { width: 1, states: 1, cut: 0.0, seconds: free::seconds(extents), bytes });
    }
    Ok(Plan::new(extents, mass2, lambda, effort)?.cost)
}

/// As [`phi4`], with a given budget of time and memory.
///
/// # Errors
/// As [`phi4`].
pub fn phi4_with(extents: &[usize], mass2: f64, lambda: f64, effort: &Effort) -> Result<Exact, ExactError> {
    let exact = solve(extents, mass2, lambda, effort)?;
    let numbers = [exact.log_z, exact.phi2, exact.phi4, exact.chi2, exact.ising_energy, exact.action_density];
    match numbers.iter().all(|x| x.is_finite()) {
        true => Ok(exact),
        false => Err(ExactError::OutOfRange { mass2, lambda }),
    }
}

fn solve(extents: &[usize], mass2: f64, lambda: f64, effort: &Effort) -> Result<Exact, ExactError> {
    error::check(extents, mass2, lambda)?;
    if lambda == 0.0 {
        let (seconds, limit) = (free::seconds(extents), effort.seconds);
        return match seconds <= limit {
            true => free_field(extents, mass2),
            false => Err(ExactError::LargeLattice { extents: extents.to_vec(), seconds, limit }),
        };
    }
    let plan = Plan::new(extents, mass2, lambda, effort)?;
    let lattice = Lattice { extents, mass2, lambda, along_last: plan.layout.along_last };
    match plan.layout.shape {
        Shape::Chain(length) => {
            let chain = chain::solve(&plan.site, length);
            Ok(lattice.complete(Measured {
                log_z: chain.log_z,
                phi2: chain.phi2,
                phi4: chain.phi4,
                link: chain.link,
                g: chain.g,
                gap: chain.gap,
                method: Method::Chain,
            }))
        }
        Shape::Ring(ring) => {
            let at = |cut| {
                let torus = transfer::solve(&plan.site, ring, cut)?;
                Ok(lattice.complete(Measured {
                    log_z: torus.log_z,
                    phi2: torus.phi2,
                    phi4: torus.phi4,
                    link: torus.time_link,
                    g: torus.g,
                    gap: torus.gap,
                    method: Method::Ring { width: ring.width, states: torus.states },
                }))
            };
            let (coarse, fine) = (at(10.0 * plan.cost.cut)?, at(plan.cost.cut)?);
            let (change, states) = (largest_change(&coarse, &fine), plan.cost.states);
            if change.is_nan() || change > LARGEST_CHANGE {
                let (width, limit) = (ring.width, LARGEST_CHANGE);
                return Err(ExactError::Unresolved { width, mass2, lambda, states, change, limit });
            }
            Ok(Exact { truncation_error: change, ..fine })
        }
    }
}

/// What a transfer matrix gives directly; `link`, `g` and `gap` are along its own direction.
struct Measured {
    log_z: f64,
    phi2: f64,
    phi4: f64,
    link: f64,
    g: Vec<f64>,
    gap: Option<f64>,
    method: Method,
}

struct Lattice<'a> {
    extents: &'a [usize],
    mass2: f64,
    lambda: f64,
    along_last: bool,
}

impl Lattice<'_> {
    /// Adds what follows from the identity `⟨2 S₂ + 4 S₄⟩ = V` and from symmetry.
    fn complete(&self, measured: Measured) -> Exact {
        let Measured { log_z, phi2, phi4, link, g, gap, method } = measured;
        let d = self.extents.len() as f64;
        let quadratic = (2.0 * d + self.mass2) * phi2;
        let quartic = self.lambda * phi4;
        // 2[(2d + m²)⟨φ²⟩ − 2dE] + 4λ⟨φ⁴⟩ = 1. The truncation spoils this less than the link energy itself.
        let ising_energy = (quadratic + 2.0 * quartic - 0.5) / (2.0 * d);
        let long: Vec<usize> = self.extents.iter().copied().filter(|&l| l > 1).collect();
        let trivial = d - long.len() as f64;
        // A direction of extent 1 links a site to itself.
        let measured_energy = (trivial * phi2 + (d - trivial) * link) / d;
        let alike = long.windows(2).all(|pair| pair[0] == pair[1]);
        let virial = alike.then_some(2.0 * quadratic - 4.0 * d * measured_energy + 4.0 * quartic);
        let chi2 = g.iter().sum();
        let trivial_last = self.extents.last() == Some(&1);
        let last_link = match long.len() {
            _ if trivial_last => Some(phi2),
            _ if self.along_last => Some(link),
            2 => Some(d * ising_energy - trivial * phi2 - link),
            _ => None,
        };
        let g = if self.along_last { Some(g) } else { trivial_last.then(|| vec![chi2]) };
        Exact {
            log_z,
            phi2,
            phi4,
            chi2,
            ising_energy,
            last_link,
            action_density: 0.5 - quartic,
            virial,
            g,
            gap: gap.filter(|_| self.along_last),
            truncation_error: 0.0,
            method,
        }
    }
}

/// The largest change between two results, in the sense of [`Exact::truncation_error`].
fn largest_change(a: &Exact, b: &Exact) -> f64 {
    let relative = |a: f64, b: f64| ((a - b) / b).abs();
    let (g, h) = (a.g.as_deref().unwrap_or_default(), b.g.as_deref().unwrap_or_default());
    let scale = h.iter().fold(f64::MIN_POSITIVE, |m, x| x.abs().max(m));
    let mut change = (a.log_z - b.log_z).abs();
    for (a, b) in [(a.phi2, b.phi2), (a.phi4, b.phi4), (a.chi2, b.chi2), (a.ising_energy, b.ising_energy)] {
        change = change.max(relative(a, b));
    }
    if let (Some(a), Some(b)) = (a.gap, b.gap) {
        change = change.max((a - b).abs());
    }
    for (a, b) in [(a.last_link, b.last_link), (a.virial, b.virial)] {
        if let (Some(a), Some(b)) = (a, b) {
            change = change.max(relative(a, b));
        }
    }
    g.iter().zip(h).fold(change, |m, (a, b)| m.max(((a - b) / scale).abs()))
}
