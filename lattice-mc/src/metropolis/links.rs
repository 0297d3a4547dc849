//! Local updates of gauge fields: heat bath, Metropolis, overrelaxation.

use crate::update::{Update, Updated};
use crate::{Action, Manifold};
use lattice_autograd::{PerSample, Var};
use lattice_tensor::Lattice;
use lattice_tensor::field::{Links, Matrix};
use lattice_tensor::group::Group;
use lattice_tensor::ops::{Colouring, LocalUpdate, Loops, Rule};

/// How a sweep changes each link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LinkRule {
    /// To a new one from its distribution, all others fixed: von Mises for U(1), Creutz or Kennedy–Pendleton for SU(2), its
    /// subgroups one after the other for SU(3) (Cabibbo, Marinari, Phys. Lett. B 119 (1982) 387).
    HeatBath,
    /// By an offer `e^{i ω_a T_a} U` with all `ω_a` uniform in `±width`, accepted with probability `min(1, e^{−ΔS})`.
    Metropolis {
        /// Tuned during thermalisation.
        width: f64,
    },
}

/// One sweep over all links, direction by direction and colour by colour, then sweeps of overrelaxation, which leave the
/// action as it is and take every link to the other side of its distribution (Adler 1981; Creutz, Phys. Rev. D 36 (1987)
/// 515).
///
/// Needs an action that is a sum of plaquettes and rectangles ([`Action::loops`]). Links of one colour share no loop, whatever the
/// extents; extents of 1, with rectangles of 2, where a loop has a link twice, are refused.
///
/// ```
/// use lattice_mc::{Chains, LinkSweeps, Wilson};
/// use lattice_tensor::{Device, Lattice, field::Links, group::SU2};
/// let (lattice, device) = (Lattice::periodic([4, 3])?, Device::cpu(1)?);
/// let wilson = Wilson::new(2.2);
/// let update = Box::new(LinkSweeps::heat_bath(2));
/// let mut chains = Chains::<f64, Links<SU2>>::new(&wilson, update, &lattice, 2, 1, &device)?;
/// chains.advance()?;
/// # Ok::<(), lattice_mc::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LinkSweeps {
    /// Of the first sweep.
    pub rule: LinkRule,
    /// Sweeps of overrelaxation after it.
    pub overrelax: usize,
}

impl LinkSweeps {
    /// Heat bath.
    pub fn heat_bath(overrelax: usize) -> Self {
        LinkSweeps { rule: LinkRule::HeatBath, overrelax }
    }

    /// Metropolis.
    pub fn metropolis(overrelax: usize) -> Self {
        LinkSweeps { rule: LinkRule::Metropolis { width: 1.0 }, overrelax }
    }

    /// One sweep of a rule.
    fn sweep<'t, G: Group>(
        &self,
        u: Var<'t, Links<G>>,
        (beta, loops): (f64, Loops),
        rule: Rule,
        number: usize,
    ) -> Var<'t, Links<G>> {
        let trace = u.trace();
        let lattice = trace.lattice();
        let mut numbers = Vec::new();
        if rule != Rule::Overrelax {
            numbers.push((trace.coupling("beta", beta) * (1.0 / G::N as f64)).id());
        }
        if let (Rule::Metropolis, LinkRule::Metropolis { width }) = (rule, self.rule) {
            numbers.push(trace.coupling("links.width", width).id());
        }
        (0..lattice.directions()).fold(u, |u, mu| {
            // Where there is no colouring, one update says why.
            let colours = Colouring::of(&lattice, mu, loops).map_or(1, |colouring| colouring.colours());
            (0..colours).fold(u, |u, colour| {
                let stream = format!("links.{number}.{mu}.{colour}");
                let inputs = [&[u.id()], &numbers[..]].concat();
                trace.apply(LocalUpdate { rule, mu, colour, loops, stream }, &inputs)
            })
        })
    }
}

/// The part of the links that differ between two fields.
fn changed<'t, G: Group>(before: Var<'t, Links<G>>, after: Var<'t, Links<G>>) -> Var<'t, PerSample> {
    let lattice = before.trace().lattice();
    let of_direction = |mu| {
        let difference: Var<'t, Matrix<G>> = after.link(mu).matrix() - before.link(mu).matrix();
        let distance = difference.dot(difference);
        let zero = distance * 0.0;
        (zero + 1.0).where_positive(distance, zero).sum_sites()
    };
    let sum = (0..lattice.directions()).map(of_direction).reduce(|a, b| a + b);
    let links = (lattice.volume() * lattice.directions()) as f64;
    sum.unwrap_or(before.trace().mask() * 0.0) * (1.0 / links)
}

impl<G: Group> Update<Links<G>> for LinkSweeps {
    fn trace<'t>(&self, action: &dyn Action<Links<G>>, u: Var<'t, Links<G>>) -> Updated<'t, Links<G>> {
        let Some(theory) = action.loops() else { return Updated { phi: u, numbers: Vec::new(), then: None } };
        let one = u.trace().mask() * 0.0 + 1.0;
        let (swept, acceptance) = match self.rule {
            LinkRule::HeatBath => (self.sweep(u, theory, Rule::HeatBath, 0), one),
            LinkRule::Metropolis { .. } => {
                let swept = self.sweep(u, theory, Rule::Metropolis, 0);
                (swept, changed(u, swept))
            }
        };
        let end = (1..=self.overrelax).fold(swept, |u, n| self.sweep(u, theory, Rule::Overrelax, n));
        Updated { phi: Links::retract(end), numbers: vec![("acceptance".into(), acceptance)], then: None }
    }

    /// Aims at half of the offers being accepted.
    fn tune(&mut self, acceptance: f64) -> bool {
        match &mut self.rule {
            LinkRule::Metropolis { width } if !(0.45..=0.55).contains(&acceptance) => {
                *width = (*width * (0.5 + acceptance).clamp(0.5, 1.5)).min(std::f64::consts::PI);
                true
            }
            _ => false,
        }
    }

    fn tuned(&self) -> Vec<f64> {
        match self.rule {
            LinkRule::HeatBath => Vec::new(),
            LinkRule::Metropolis { width } => vec![width],
        }
    }

    fn set_tuned(&mut self, tuned: &[f64]) {
        if let (LinkRule::Metropolis { width }, &[found]) = (&mut self.rule, tuned) {
            *width = found;
        }
    }

    fn period(&self) -> usize {
        2
    }

    fn periods(&self, action: &dyn Action<Links<G>>, lattice: &Lattice) -> Vec<usize> {
        let loops = action.loops().map_or(Loops::WILSON, |(_, loops)| loops);
        Colouring::common_periods(lattice, loops)
    }

    fn steps(&self) -> usize {
        1 + self.overrelax
    }

    fn describe(&self) -> String {
        let first = match self.rule {
            LinkRule::HeatBath => "heat bath".to_string(),
            LinkRule::Metropolis { width } => format!("local Metropolis, steps up to {width:.4}"),
        };
        match self.overrelax {
            0 => first,
            1 => format!("{first}, 1 sweep of overrelaxation"),
            k => format!("{first}, {k} sweeps of overrelaxation"),
        }
    }
}

#[cfg(test)]
#[path = "links_tests.rs"]
mod tests;
