//! A whole run: thermalise, measure, keep the history.

use crate::chains::Chains;
use crate::recorder::Recorder;
use crate::statistics::{Estimate, GammaMethod};
use crate::update::Update;
use crate::{Action, Error, Manifold};
use lattice_tensor::{Device, Lattice, Real};

/// The plan of a Markov chain run.
#[derive(Clone, Debug, PartialEq)]
pub struct MarkovRun {
    /// Chains side by side.
    pub chains: usize,
    /// Updates recorded per chain.
    pub updates: usize,
    /// Updates before that, during which the update tunes itself.
    pub thermalize: usize,
    /// The seed of all random numbers.
    pub seed: u64,
}

/// What was measured: `series[name][chain][update]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The names of the numbers.
    pub names: Vec<String>,
    /// Their values.
    pub series: Vec<Vec<Vec<f64>>>,
    /// The seconds of each recorded update, measurements not counted.
    pub seconds: Vec<f64>,
    /// Seconds of thermalisation.
    pub thermalize_seconds: f64,
    /// The update, as tuned, in words.
    pub update: String,
    /// Integrator steps in an update.
    pub steps: usize,
    /// Whether the run was stopped before its end.
    pub interrupted: bool,
}

impl MarkovRun {
    /// Runs. `progress` is called after each update with the number of updates done (thermalisation included) and
    /// returns whether to go on.
    ///
    /// # Errors
    /// If there is nothing to run, or a program fails.
    pub fn run<R: Real>(
        &self,
        action: &dyn Action,
        update: Box<dyn Update>,
        lattice: &Lattice,
        device: &Device,
        progress: impl FnMut(usize) -> bool,
    ) -> Result<History, Error> {
        let mut chains = Chains::<R>::new(action, update, lattice, self.chains, self.seed, device)?;
        self.record(&mut chains, progress)
    }

    /// Runs chains that are there already, of fields of any kind, at one or several couplings; their number and seed
    /// stand for those of the plan.
    ///
    /// # Errors
    /// As [`MarkovRun::run`].
    pub fn record<R: Real, K: Manifold>(
        &self,
        chains: &mut Chains<'_, R, K>,
        mut progress: impl FnMut(usize) -> bool,
    ) -> Result<History, Error> {
        let mut recorder = Recorder::new(self, chains)?;
        while recorder.done() < recorder.total() {
            recorder.advance()?;
            if !progress(recorder.done()) {
                break;
            }
        }
        Ok(recorder.finish())
    }
}

impl History {
    /// Updates recorded of each chain.
    pub fn recorded(&self) -> usize {
        self.series.first().and_then(|chains| chains.first()).map_or(0, Vec::len)
    }

    /// The series of one name, `[chain][update]`.
    pub fn chains(&self, name: &str) -> Option<&[Vec<f64>]> {
        self.names.iter().position(|n| n == name).map(|i| self.series[i].as_slice())
    }

    /// As [`History::estimates`], over some of the chains: those at one coupling, where they differ.
    ///
    /// # Errors
    /// As [`History::estimates`].
    pub fn estimates_of(&self, chains: impl Fn(usize) -> bool) -> Result<Vec<(String, Estimate)>, Error> {
        let method = GammaMethod::default();
        let estimate = |(name, series): (&String, &Vec<Vec<f64>>)| {
            let (own, _): (Vec<_>, Vec<_>) = series.iter().enumerate().partition(|(chain, _)| chains(*chain));
            let own: Vec<Vec<f64>> = own.into_iter().map(|(_, series)| series.clone()).collect();
            Ok((name.clone(), method.estimate_any(&own)?))
        };
        self.names.iter().zip(&self.series).map(estimate).collect()
    }

    /// Mean, error and autocorrelation time of every name, by the Γ-method over all chains with a common mean; the
    /// value alone where there is one sample in all.
    ///
    /// # Errors
    /// If nothing was recorded, or something that is not a number.
    pub fn estimates(&self) -> Result<Vec<(String, Estimate)>, Error> {
        let method = GammaMethod::default();
        let estimate = |(name, series): (&String, &Vec<Vec<f64>>)| Ok((name.clone(), method.estimate_any(series)?));
        self.names.iter().zip(&self.series).map(estimate).collect()
    }
}
