//! Metropolis with independent proposals: what makes a flow exact.

use lattice_tensor::Result;
use lattice_tensor::random::{Draw, Stream, uniform_f64_at};

/// A source of independent configurations with known density `q`.
///
/// Configurations do not travel: a proposal is a number, and what is needed of it is its log-weight
/// `log w = −S − log q`, in `f64`, and the values of the observables.
pub trait Proposal {
    /// The names of the observables.
    fn names(&self) -> &[String];

    /// Proposals `first .. first + count`: log-weights, and for each observable its values. Must not depend on how a
    /// run is cut into calls.
    ///
    /// # Errors
    /// If the proposals cannot be computed.
    fn propose(&mut self, first: u64, count: usize, log_weights: &mut [f64], values: &mut [Vec<f64>]) -> Result<()>;
}

/// An independence-Metropolis chain, fed with log-weights: from weight `w`, a proposal of weight `w'` is accepted with
/// probability `min(1, w'/w)`. The chain starts at the first proposal of finite weight; a weight that is not finite is
/// never accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Independence {
    draw_key: [u32; 2],
    current: Option<(u64, f64)>,
    accepted: u64,
    proposed: u64,
}

/// What became of one proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The number of the proposal that is the chain's state now; none before the first proposal of finite weight.
    pub state: Option<u64>,
    /// Whether it is the new one.
    pub accepted: bool,
}

impl Independence {
    /// A chain whose decisions are drawn from the stream `independence.accept` of `seed`.
    pub fn new(seed: u64) -> Independence {
        let draw_key = Stream::named("independence.accept").key(seed);
        Independence { draw_key, current: None, accepted: 0, proposed: 0 }
    }

    /// Offers proposal number `number`.
    pub fn offer(&mut self, number: u64, log_weight: f64) -> Offered {
        let accepted = match self.current {
            None => log_weight.is_finite(),
            Some((_, current)) => {
                self.proposed += 1;
                let u = uniform_f64_at(Draw { key: self.draw_key, step: 0 }, number, 0);
                let accepted = (log_weight - current).exp() > u && log_weight.is_finite();
                self.accepted += u64::from(accepted);
                accepted
            }
        };
        if accepted {
            self.current = Some((number, log_weight));
        }
        Offered { state: self.current.map(|(state, _)| state), accepted }
    }

    /// The fraction of proposals accepted so far.
    pub fn acceptance(&self) -> f64 {
        self.accepted as f64 / self.proposed.max(1) as f64
    }
}
