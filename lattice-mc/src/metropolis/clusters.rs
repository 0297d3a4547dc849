//! Sign-flip clusters: Ising spins embedded into a field.
//!
//! With `φ = σ |φ|` the hopping term `−h φ(x) φ(y)` of a link is an Ising coupling `−J σ(x) σ(y)`, `J = h |φ(x) φ(y)|`,
//! and the rest of the action does not see signs (Brower, Tamayo, PRL 62 (1989) 1087). Swendsen and Wang's update of
//! the spins (PRL 58 (1987) 86) binds the ends of a link with probability
//!
//! ```text
//! p = 1 − e^{−2J} = 1 − e^{−2 h φ(x) φ(y)}   where φ(x) φ(y) > 0, else 0,
//! ```
//!
//! which is `1 − e^{−4 φ(x) φ(y)}` in the convention without halves (`h = 2`), and flips each cluster of bound sites with
//! probability ½. A field of several components is reflected in the plane orthogonal to a random direction `r` (Wolff,
//! PRL 62 (1989) 361): the same with `φ·r` in the place of `φ`.

use crate::stage::{Configuration, Stage};
use crate::update::{Then, Update, Updated};
use crate::{Action, Manifold};
use lattice_autograd::Var;
use lattice_tensor::field::Scalar;
use lattice_tensor::random::{Draw, Stream, normal_at, uniform_f64_at};
use lattice_tensor::{Draws, Lattice};
use std::sync::Arc;

/// Cluster flips after another update, which moves the moduli. Needs [`Action::hopping`] and boundaries that are
/// periodic or antiperiodic.
///
/// Flips reach what local updates and HMC do not in the broken phase, the other sign; near criticality they lower the
/// autocorrelation of all that is made of long waves.
#[derive(Debug)]
pub struct Clusters<K: Manifold = Scalar> {
    /// The update that comes first: a local sweep, or a trajectory.
    pub after: Box<dyn Update<K>>,
}

impl<K: Manifold> Update<K> for Clusters<K> {
    fn trace<'t>(&self, action: &dyn Action<K>, phi: Var<'t, K>) -> Updated<'t, K> {
        let updated = self.after.trace(action, phi);
        let trace = phi.trace();
        match (action.hopping(trace), &updated.then) {
            (Some(hopping), None) if trace.lattice().is_real() => {
                let stage = Arc::new(SwendsenWang::new(&trace.lattice(), phi.components()));
                Updated { then: Some(Then { stage, inputs: vec![trace.mask() * hopping] }), ..updated }
            }
            _ => Updated { phi, numbers: Vec::new(), then: None },
        }
    }

    fn tune(&mut self, acceptance: f64) -> bool {
        self.after.tune(acceptance)
    }

    fn tuned(&self) -> Vec<f64> {
        self.after.tuned()
    }

    fn set_tuned(&mut self, tuned: &[f64]) {
        self.after.set_tuned(tuned);
    }

    fn period(&self) -> usize {
        self.after.period()
    }

    fn steps(&self) -> usize {
        self.after.steps()
    }

    fn describe(&self) -> String {
        format!("{}; sign-flip clusters", self.after.describe())
    }
}

/// One Swendsen-Wang update of the embedded spins. Reports `cluster_size`: the mean number of sites of the cluster that
/// a site belongs to, over the volume.
#[derive(Debug)]
struct SwendsenWang {
    /// The other end of every link, `[site][direction]`, and the sign with which it is seen across the boundary.
    links: Vec<(usize, f64)>,
    volume: usize,
    components: usize,
}

const BOND: Stream = Stream::named("clusters.bond");
const FLIP: Stream = Stream::named("clusters.flip");
const DIRECTION: Stream = Stream::named("clusters.direction");

impl SwendsenWang {
    fn new(lattice: &Lattice, components: usize) -> SwendsenWang {
        let link = |site: usize, mu: usize| {
            let mut x = lattice.coordinates(site);
            x[mu] += 1;
            let turns = x[mu] / lattice.extents()[mu];
            x[mu] %= lattice.extents()[mu];
            (lattice.site(&x), lattice.boundary(mu).phase(turns as i64).0)
        };
        let volume = lattice.volume();
        let links = (0..volume).flat_map(|site| (0..lattice.directions()).map(move |mu| (site, mu)));
        SwendsenWang { links: links.map(|(site, mu)| link(site, mu)).collect(), volume, components }
    }

    /// The direction in which spins point: ±1 for one component.
    fn direction(&self, draws: Draws) -> Vec<f64> {
        if self.components == 1 {
            return vec![1.0];
        }
        let draw = Draw { key: DIRECTION.key(draws.seed), step: draws.step };
        let r: Vec<f64> = (0..self.components as u64).map(|c| normal_at(draw, draws.first_sample, c)).collect();
        let length = r.iter().map(|x| x * x).sum::<f64>().sqrt();
        r.into_iter().map(|x| x / length).collect()
    }
}

impl Stage for SwendsenWang {
    fn names(&self) -> &[&'static str] {
        &["cluster_size"]
    }

    fn run(&self, Configuration { phi, inputs, draws, numbers, marks }: Configuration<'_>) {
        let (n, hopping) = (self.components, inputs[0]);
        let r = self.direction(draws);
        let spin = |phi: &[f64], site: usize| -> f64 { phi[site * n..][..n].iter().zip(&r).map(|(x, r)| x * r).sum() };
        let draw = |stream: Stream| Draw { key: stream.key(draws.seed), step: draws.step };
        let (bond, flip, chain) = (draw(BOND), draw(FLIP), draws.first_sample);
        // A forest: each site points towards the smallest site of its cluster.
        marks.clear();
        marks.extend(0..self.volume);
        let directions = self.links.len() / self.volume;
        for (i, &(other, sign)) in self.links.iter().enumerate() {
            let site = i / directions;
            let exponent = -2.0 * hopping * sign * spin(phi, site) * spin(phi, other);
            if exponent < 0.0 && uniform_f64_at(bond, chain, i as u64) < -exponent.exp_m1() {
                let (a, b) = (root(marks, site), root(marks, other));
                marks[a.max(b)] = a.min(b);
            }
        }
        for site in 0..self.volume {
            marks[site] = root(marks, site);
            if uniform_f64_at(flip, chain, marks[site] as u64) < 0.5 {
                let along = 2.0 * spin(phi, site);
                phi[site * n..][..n].iter_mut().zip(&r).for_each(|(x, r)| *x -= along * r);
            }
        }
        numbers[0] = mean_cluster(marks) / self.volume as f64;
    }
}

/// The smallest site of a cluster, the way to it halved.
fn root(marks: &mut [usize], mut site: usize) -> usize {
    while marks[site] != site {
        marks[site] = marks[marks[site]];
        site = marks[site];
    }
    site
}

/// `Σ_clusters n² / V` of clusters given by the root of each site.
fn mean_cluster(roots: &mut [usize]) -> f64 {
    let volume = roots.len() as f64;
    roots.sort_unstable();
    roots.chunk_by(|a, b| a == b).map(|cluster| (cluster.len() as f64).powi(2)).sum::<f64>() / volume
}

#[cfg(test)]
#[path = "clusters_tests.rs"]
mod tests;
