//! Replica exchange: chains at neighbouring couplings swap their configurations.

use crate::planned::{ChainCouplings, Planned};
use crate::{Action, Error, Manifold};
use lattice_autograd::params::{ParamsError, TensorFile};
use lattice_tensor::random::{Draw, Stream, uniform_f64_at};
use lattice_tensor::{Device, Draws, FieldData, Layout, Real};

/// The tensors of a file that hold the state of an exchange.
const REPLICAS: &str = "exchange/replicas";
const HEADING: &str = "exchange/heading";
const COUNTS: &str = "exchange/counts";

const ACCEPT: Stream = Stream::named("exchange.accept");

/// Swaps between chains that run at a ladder of couplings (Swendsen, Wang, PRL 57 (1986) 2607; Hukushima, Nemoto,
/// cond-mat/9512035).
///
/// Chain `c` stands on rung `c mod rungs` of ladder `c / rungs` and keeps its couplings: configurations move, so that the
/// series of a chain belong to one coupling. Swaps of the rungs `(k, k+1)` are offered in turn for even and odd `k`
/// and accepted with probability
///
/// ```text
/// min(1, e^{−Δ}),   Δ = S_k(φ_{k+1}) + S_{k+1}(φ_k) − S_k(φ_k) − S_{k+1}(φ_{k+1}),
/// ```
///
/// decided in `f64`.
pub struct Exchange<R: Real> {
    rungs: usize,
    every: u64,
    couplings: ChainCouplings,
    action: Planned<R>,
    /// The action of each chain at its own couplings.
    own: Vec<f64>,
    /// Which replica, numbered by the chain where it began, is on each chain.
    replicas: Vec<usize>,
    /// The end of the ladder that the replica of a number touched last: top or bottom.
    heading: Vec<Option<bool>>,
    round_trips: u64,
    /// Offered and accepted, for each pair of rungs.
    offered: Vec<u64>,
    accepted: Vec<u64>,
}

impl<R: Real> Exchange<R> {
    pub(crate) fn new<K: Manifold>(
        action: &dyn Action<K>,
        layout: &Layout,
        couplings: &ChainCouplings,
        chains: usize,
        rungs: usize,
        every: u64,
    ) -> Result<Self, Error> {
        if rungs < 2 || !chains.is_multiple_of(rungs) {
            return Err(Error::Update(format!(
                "replica exchange: expected at least 2 rungs that divide the {chains} chains, found {rungs}"
            )));
        }
        if every == 0 {
            return Err(Error::Count { what: "updates between exchanges", found: 0 });
        }
        let trace = couplings.trace(layout.lattice());
        let energy = action.action(trace.field("phi", action.fibre(layout.lattice())));
        let action = Planned::new(&trace, None, vec![("action".into(), energy)], &[], layout, couplings, chains)?;
        if action.asked().is_empty() {
            return Err(Error::Couplings(
                "replica exchange: expected couplings of the action that differ from chain to chain, found none".into(),
            ));
        }
        Ok(Exchange {
            rungs,
            every,
            couplings: couplings.clone(),
            action,
            own: vec![0.0; chains],
            replicas: (0..chains).collect(),
            heading: vec![None; chains],
            round_trips: 0,
            offered: vec![0; rungs - 1],
            accepted: vec![0; rungs - 1],
        })
    }

    /// Offers the swaps that are due at this step.
    pub(crate) fn run(&mut self, device: &Device, draws: Draws, phi: &mut FieldData<R>) -> Result<(), Error> {
        if !draws.step.is_multiple_of(self.every) {
            return Ok(());
        }
        let chains = phi.samples();
        let first = (draws.step / self.every % 2) as usize;
        let lower = |chain: &usize| chain % self.rungs + 1 < self.rungs && chain % self.rungs % 2 == first;
        let pairs: Vec<usize> = (0..chains).filter(lower).collect();
        let mut partner: Vec<usize> = (0..chains).collect();
        pairs.iter().for_each(|&chain| partner.swap(chain, chain + 1));
        self.action.couple(&self.couplings, chains);
        self.action.run(device, Draws::default(), phi, None)?;
        self.own.copy_from_slice(&self.action.numbers[0]);
        self.action.couple(&self.couplings.permuted(&partner), chains);
        self.action.run(device, Draws::default(), phi, None)?;
        let other = &self.action.numbers[0];
        let draw = Draw { key: ACCEPT.key(draws.seed), step: draws.step };
        for chain in pairs {
            let delta = other[chain] + other[chain + 1] - self.own[chain] - self.own[chain + 1];
            let pair = chain % self.rungs;
            self.offered[pair] += 1;
            if (-delta).exp() > uniform_f64_at(draw, draws.first_sample + chain as u64, 0) {
                self.accepted[pair] += 1;
                self.replicas.swap(chain, chain + 1);
                phi.swap_samples(chain, chain + 1)?;
            }
        }
        self.count_round_trips();
        Ok(())
    }

    fn count_round_trips(&mut self) {
        for (chain, &replica) in self.replicas.iter().enumerate() {
            let top = match chain % self.rungs {
                0 => false,
                rung if rung + 1 == self.rungs => true,
                _ => continue,
            };
            let before = self.heading[replica].replace(top);
            self.round_trips += u64::from(before == Some(true) && !top);
        }
    }

    /// Adds where the replicas are and what has been counted to a file.
    pub(crate) fn store(&self, file: &mut TensorFile) -> Result<(), Error> {
        let chains = self.replicas.len();
        file.insert(REPLICAS, &[chains], self.replicas.iter().map(|&replica| replica as f64).collect())?;
        let heading = |heading: &Option<bool>| heading.map_or(-1.0, |top| f64::from(u8::from(top)));
        file.insert(HEADING, &[chains], self.heading.iter().map(heading).collect())?;
        let counts = self.offered.iter().chain(&self.accepted).chain([&self.round_trips]);
        Ok(file.insert(COUNTS, &[2 * self.rungs - 1], counts.map(|&count| count as f64).collect())?)
    }

    /// Takes up what [`Exchange::store`] has written.
    pub(crate) fn restore(&mut self, file: &TensorFile) -> Result<(), Error> {
        let chains = self.replicas.len();
        let replicas: Vec<usize> = file.values(REPLICAS, &[chains])?.iter().map(|&replica| replica as usize).collect();
        let mut sorted = replicas.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..chains) {
            let expected = format!("each of {chains} replicas once");
            return Err(ParamsError::unfit(file, REPLICAS, &expected, &format!("{replicas:?}")).into());
        }
        let heading = file.values(HEADING, &[chains])?.iter().map(|&x| (x >= 0.0).then_some(x > 0.0)).collect();
        let counts: Vec<u64> = file.values(COUNTS, &[2 * self.rungs - 1])?.iter().map(|&x| x as u64).collect();
        (self.replicas, self.heading) = (replicas, heading);
        self.offered.copy_from_slice(&counts[..self.rungs - 1]);
        self.accepted.copy_from_slice(&counts[self.rungs - 1..2 * self.rungs - 2]);
        self.round_trips = counts[2 * self.rungs - 2];
        Ok(())
    }

    /// The fraction of swaps accepted so far between rungs `k` and `k + 1`, for each `k`.
    pub fn acceptance(&self) -> Vec<f64> {
        self.accepted.iter().zip(&self.offered).map(|(&a, &n)| a as f64 / n.max(1) as f64).collect()
    }

    /// How often a replica has come from the last rung to the first, over all ladders. What matters for sampling:
    /// acceptance alone can be high while replicas hardly move along.
    pub fn round_trips(&self) -> u64 {
        self.round_trips
    }

    /// Which replica, numbered by the chain where it began, is on each chain.
    pub fn replicas(&self) -> &[usize] {
        &self.replicas
    }
}

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;
