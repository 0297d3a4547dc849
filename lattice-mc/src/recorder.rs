//! A run in progress: update by update, and on disk between two of them.

use crate::chains::Chains;
use crate::run::{History, MarkovRun};
use crate::{Error, Manifold};
use lattice_autograd::params::{ParamsError, TensorFile};
use lattice_tensor::Real;
use std::time::Instant;

/// Chains and what has been recorded of them so far.
///
/// [`Recorder::store`] and [`Recorder::restore`] take a run through a file; the run that is taken up again ends with the
/// same bits as one that was never broken off.
pub struct Recorder<'c, 'a, R: Real, K: Manifold> {
    plan: MarkovRun,
    chains: &'c mut Chains<'a, R, K>,
    /// Updates done, thermalisation included.
    done: usize,
    /// The mean acceptance of the open window of tuning, so far.
    acceptance: f64,
    history: History,
}

impl<'c, 'a, R: Real, K: Manifold> Recorder<'c, 'a, R, K> {
    /// Before the first update. The number and the seed of `chains` stand for those of the plan.
    ///
    /// # Errors
    /// If there is nothing to record.
    pub fn new(plan: &MarkovRun, chains: &'c mut Chains<'a, R, K>) -> Result<Self, Error> {
        if plan.updates == 0 {
            return Err(Error::Count { what: "updates", found: 0 });
        }
        let names = [chains.update_names(), chains.observable_names()].concat();
        let series = vec![vec![Vec::with_capacity(plan.updates); chains.fields().samples()]; names.len()];
        let history = History { names, series, ..History::default() };
        Ok(Recorder { plan: plan.clone(), chains, done: 0, acceptance: 0.0, history })
    }

    /// Updates done, thermalisation included.
    pub fn done(&self) -> usize {
        self.done
    }

    /// Updates to be done, thermalisation included.
    pub fn total(&self) -> usize {
        self.plan.thermalize + self.plan.updates
    }

    /// Updates recorded so far.
    pub fn recorded(&self) -> usize {
        self.history.recorded()
    }

    /// What has been recorded so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The chains.
    pub fn chains(&self) -> &Chains<'a, R, K> {
        self.chains
    }

    /// What the last update said under a name, one number for each chain.
    pub fn told(&self, name: &str) -> Option<&[f64]> {
        let place = self.chains.update_names().iter().position(|n| n == name)?;
        self.chains.told().get(place).map(Vec::as_slice)
    }

    /// An observable as it is now, one number for each chain, whether or not it is recorded.
    ///
    /// # Errors
    /// If the program fails.
    pub fn observe(&mut self, name: &str) -> Result<Option<&[f64]>, Error> {
        let place = self.chains.observable_names().iter().position(|n| n == name);
        let numbers = self.chains.measure()?;
        Ok(place.and_then(|place| numbers.get(place)).map(Vec::as_slice))
    }

    /// One update, measured if thermalisation is over.
    ///
    /// # Errors
    /// If a program fails.
    pub fn advance(&mut self) -> Result<(), Error> {
        match self.done < self.plan.thermalize {
            true => self.thermalize()?,
            false => self.measure()?,
        }
        self.done += 1;
        Ok(())
    }

    /// The update tunes itself over the first four fifths of thermalisation, in windows; the rest forgets the untuned
    /// updates.
    fn thermalize(&mut self) -> Result<(), Error> {
        let start = Instant::now();
        let window = (self.plan.thermalize / 40).clamp(5, 50);
        let place = self.chains.update_names().iter().position(|n| n == "acceptance").unwrap_or(0);
        self.acceptance += mean(&self.chains.advance()?[place]) / window as f64;
        if (self.done + 1).is_multiple_of(window) {
            if self.done < self.plan.thermalize * 4 / 5 {
                self.chains.tune(self.acceptance)?;
            }
            self.acceptance = 0.0;
        }
        self.history.thermalize_seconds += start.elapsed().as_secs_f64();
        Ok(())
    }

    fn measure(&mut self) -> Result<(), Error> {
        let start = Instant::now();
        let mut series = self.history.series.iter_mut();
        let mut record = |numbers: &[Vec<f64>]| {
            for (numbers, series) in numbers.iter().zip(&mut series) {
                series.iter_mut().zip(numbers).for_each(|(chain, &x)| chain.push(x));
            }
        };
        record(self.chains.advance()?);
        self.history.seconds.push(start.elapsed().as_secs_f64());
        record(self.chains.measure()?);
        Ok(())
    }

    /// What was recorded, finished or not.
    pub fn finish(mut self) -> History {
        self.history.update = self.chains.update().describe();
        self.history.steps = self.chains.update().steps();
        self.history.interrupted = self.done < self.total();
        self.history
    }

    /// Adds the whole state to a file: configurations, tuning, counters, series.
    ///
    /// # Errors
    /// If the file has tensors of the same names.
    pub fn store(&self, file: &mut TensorFile) -> Result<(), Error> {
        self.chains.store(file)?;
        file.insert("run/counters", &[2], vec![self.done as f64, self.acceptance])?;
        for (name, chains) in self.history.names.iter().zip(&self.history.series) {
            let shape = [chains.len(), chains.first().map_or(0, Vec::len)];
            file.insert(&format!("series/{name}"), &shape, chains.concat())?;
        }
        Ok(())
    }

    /// Takes up the state that a file holds, of a run with the same thermalisation. The plan may ask for more updates
    /// than the one before.
    ///
    /// # Errors
    /// If the file holds the state of other chains, or of another action or update.
    pub fn restore(&mut self, file: &TensorFile) -> Result<(), Error> {
        let bad = |expected: String, found: String| ParamsError::unfit(file, "run/counters", &expected, &found);
        let &[done, acceptance] = file.values("run/counters", &[2])? else {
            return Err(bad("two numbers".into(), "others".into()).into());
        };
        if !(0.0..=self.total() as f64).contains(&done) {
            return Err(bad(format!("at most {} updates", self.total()), done.to_string()).into());
        }
        let done = done as usize;
        let recorded = done.saturating_sub(self.plan.thermalize);
        let chains = self.chains.fields().samples();
        let mut series = Vec::with_capacity(self.history.names.len());
        for name in &self.history.names {
            let values = file.values(&format!("series/{name}"), &[chains, recorded])?;
            series.push((0..chains).map(|c| values[c * recorded..][..recorded].to_vec()).collect());
        }
        self.chains.restore(file)?;
        (self.done, self.acceptance, self.history.series) = (done, acceptance, series);
        Ok(())
    }
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len().max(1) as f64
}
