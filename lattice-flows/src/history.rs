//! What a training remembers of its way: loss and effective sample size against step.

use lattice_autograd::params::{ParamsError, TensorFile};

/// Means over windows of equal length of what the training batches said, and how many steps were left out.
///
/// It is part of a checkpoint, the open window included, so that a training taken up again ends with the same history.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Steps in a window.
    pub window: u64,
    /// Closed windows.
    pub rows: Vec<Row>,
    /// Steps left out because their numbers were not finite.
    pub rejected: u64,
    /// Sums of loss and effective sample size over the open window, and its good steps.
    open: [f64; 3],
}

/// The mean over one window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Steps done at its end.
    pub step: u64,
    /// `⟨log q + S⟩` of the training batches; by forward KL `−⟨log q + S⟩` ([`crate::StepReport::loss`]).
    pub loss: f64,
    /// Effective sample size per sample within a batch ([`crate::StepReport::ess`]); far too high in small batches.
    pub ess: f64,
}

impl History {
    /// Windows that divide a training into about this many rows.
    const ROWS: u64 = 200;

    /// Nothing yet, of a training of `steps` steps; has room for all of it.
    pub fn new(steps: u64) -> History {
        let window = steps.div_ceil(Self::ROWS).max(1);
        let rows = Vec::with_capacity(usize::try_from(steps / window).unwrap_or(0));
        History { window, rows, rejected: 0, open: [0.0; 3] }
    }

    /// Adds what a good step said, or that the step was left out.
    pub(crate) fn add(&mut self, step: u64, said: Option<(f64, f64)>) {
        match said {
            Some((loss, ess)) => [loss, ess, 1.0].into_iter().zip(&mut self.open).for_each(|(x, sum)| *sum += x),
            None => self.rejected += 1,
        }
        let [loss, ess, count] = self.open;
        if step.is_multiple_of(self.window) && count > 0.0 {
            self.rows.push(Row { step, loss: loss / count, ess: ess / count });
            self.open = [0.0; 3];
        }
    }

    pub(crate) fn store(&self, file: &mut TensorFile) -> Result<(), ParamsError> {
        let rows = self.rows.iter().flat_map(|row| [row.step as f64, row.loss, row.ess]).collect();
        file.insert("history/rows", &[self.rows.len(), 3], rows)?;
        let [loss, ess, count] = self.open;
        file.insert("history/open", &[4], vec![loss, ess, count, self.rejected as f64])
    }

    /// Takes up what a file holds; a file without a history leaves it as it is.
    pub(crate) fn restore(&mut self, file: &TensorFile) {
        let values = |name: &str| file.tensors.get(name).map_or(&[][..], |tensor| tensor.values.as_slice());
        if let &[loss, ess, count, rejected] = values("history/open") {
            (self.open, self.rejected) = ([loss, ess, count], rejected as u64);
        }
        self.rows.clear();
        let (rows, _) = values("history/rows").as_chunks();
        self.rows.extend(rows.iter().map(|&[step, loss, ess]| Row { step: step as u64, loss, ess }));
    }
}
