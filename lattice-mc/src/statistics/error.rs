//! What can be wrong with data handed to a statistical estimate.

/// Why no estimate could be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StatisticsError {
    /// No chain, no sample, or no number to combine.
    #[error("{what}: expected at least one entry, found none; try running longer or warming up less")]
    Empty {
        /// What has no entry.
        what: &'static str,
    },
    /// One chain of several has no sample.
    #[error("chain {chain}: expected at least one sample, found none; try leaving this chain out")]
    EmptyChain {
        /// Index of the chain.
        chain: usize,
    },
    /// Too few samples to know a variance.
    #[error("{what}: expected at least {needed}, found {found}; try running longer")]
    TooFew {
        /// What there are too few of.
        what: &'static str,
        /// How many are needed.
        needed: usize,
        /// How many there are.
        found: usize,
    },
    /// A NaN or an infinity among the samples.
    #[error("chain {chain}, sample {index}: expected a finite number, found {value}; try a smaller step")]
    NotFinite {
        /// Index of the chain; 0 where there is only one list.
        chain: usize,
        /// Index of the sample in its chain.
        index: usize,
        /// The number found.
        value: f64,
    },
    /// Two lists that belong together have different lengths.
    #[error("{what}: expected {expected} entries, found {found}; try passing lists of one run")]
    LengthMismatch {
        /// Which list is wrong.
        what: String,
        /// Length of the first list.
        expected: usize,
        /// Length of this list.
        found: usize,
    },
    /// A function of the means has no finite value or gradient there.
    #[error("derived quantity: expected a finite {what} at the means, found {value}; try another function")]
    Undefined {
        /// `value` or `gradient`.
        what: &'static str,
        /// The number found.
        value: f64,
    },
    /// A function of the means, or a model, could not be traced or run.
    #[error("derived quantity: {0}")]
    Function(#[from] lattice_tensor::Error),
    /// A series that was not recorded.
    #[error("{name}: expected a recorded series, found none")]
    Missing {
        /// The name of the series.
        name: String,
    },
    /// Too few independent blocks for a covariance.
    #[error(
        "covariance of {points} points: expected at least {needed} independent blocks, found {blocks}; try about \
         {samples} samples (there are {found}), fewer points, or an uncorrelated fit"
    )]
    TooFewBlocks {
        /// How many numbers are correlated.
        points: usize,
        /// How many blocks there are.
        blocks: usize,
        /// How many are needed.
        needed: usize,
        /// How many samples would give as many.
        samples: usize,
        /// How many samples there are.
        found: usize,
    },
    /// A symmetric matrix without an inverse.
    #[error(
        "{what} ({size}): expected a regular matrix, found a smallest eigenvalue of {smallest:e} times the largest; try \
         fewer of them, or an uncorrelated fit"
    )]
    Singular {
        /// What the matrix belongs to.
        what: &'static str,
        /// Its size.
        size: usize,
        /// Its smallest eigenvalue relative to the largest.
        smallest: f64,
    },
    /// A fit that found no minimum.
    #[error("fit: expected a minimum within {steps} steps, found χ² = {chi2} still falling; try another start")]
    NotConverged {
        /// Steps made.
        steps: usize,
        /// The last χ².
        chi2: f64,
    },
    /// A parameter out of range.
    #[error("{name}: expected {expected}, found {value}")]
    Parameter {
        /// Name of the parameter.
        name: &'static str,
        /// Its range.
        expected: &'static str,
        /// The number found.
        value: f64,
    },
}
