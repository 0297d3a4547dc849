//! How a thing is checked.

use super::symmetry::Symmetry;
use std::fmt;
use std::sync::Arc;

/// How a thing is checked. Everything has a default; a plain number is a seed.
///
/// ```
/// use lattice_autograd::check::{Options, Symmetry};
/// let options = Options::from(7).claim(Symmetry::sign_flip()).claim(Symmetry::reflection(0)).samples(5);
/// assert_eq!((options.seed, options.symmetries.len()), (7, 2));
/// ```
#[derive(Clone)]
pub struct Options {
    /// The seed of all inputs.
    pub seed: u64,
    /// Samples side by side. 13 by default: no multiple of the lanes, so that padding is there.
    pub samples: usize,
    /// What becomes of the standard normal numbers that fields and per-sample arguments are made of.
    pub inputs: Arc<dyn Fn(f64) -> f64 + Send + Sync>,
    /// The symmetries that the thing claims, besides translations.
    pub symmetries: Vec<Symmetry>,
    /// By how many sites it may be translated: `Some(2)` for a checkerboard, `Some(0)` for no claim. `None` is the
    /// usual claim of the kind of thing: 1 for actions, nets and ops, 2 for bijections.
    pub translations: Option<usize>,
    /// Numbers on a site, of a field of channels.
    pub channels: usize,
    /// Whether gradients are promised to have gradients.
    pub second_gradient: bool,
    /// The most numbers of one sample for which the full Jacobian is taken.
    pub most_numbers: usize,
    /// For samplers: chains, recorded updates of each, and updates before that.
    pub chains: usize,
    /// See [`Options::chains`].
    pub updates: usize,
    /// See [`Options::chains`].
    pub thermalize: usize,
    /// How many standard errors a mean may be off.
    pub errors: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            seed: 1,
            samples: 13,
            inputs: Arc::new(|x| x),
            symmetries: Vec::new(),
            translations: None,
            channels: 1,
            second_gradient: true,
            most_numbers: 256,
            chains: 128,
            updates: 400,
            thermalize: 100,
            errors: 5.0,
        }
    }
}

impl Options {
    /// The usual ones.
    pub fn new() -> Options {
        Options::default()
    }

    /// With this number of samples.
    pub fn samples(self, samples: usize) -> Options {
        Options { samples: samples.max(2), ..self }
    }

    /// With inputs `f(x)`, `x` standard normal: `|x| x.exp()` where inputs must be positive, `|x| 3.0 * x` for larger
    /// fields.
    pub fn inputs(self, f: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Options {
        Options { inputs: Arc::new(f), ..self }
    }

    /// Claims a symmetry.
    pub fn claim(mut self, symmetry: Symmetry) -> Options {
        self.symmetries.push(symmetry);
        self
    }

    /// Claims translations by `period` sites in every direction; 0 claims none.
    pub fn translations(self, period: usize) -> Options {
        Options { translations: Some(period), ..self }
    }

    /// With so many channels on a site.
    pub fn channels(self, channels: usize) -> Options {
        Options { channels: channels.max(1), ..self }
    }

    /// Promises no second gradient.
    pub fn first_gradient_only(self) -> Options {
        Options { second_gradient: false, ..self }
    }

    /// For samplers: so many chains, each recorded over so many updates.
    pub fn run(self, chains: usize, updates: usize) -> Options {
        Options { chains: chains.max(2), updates: updates.max(1), ..self }
    }
}

impl From<u64> for Options {
    fn from(seed: u64) -> Options {
        Options { seed, ..Options::default() }
    }
}

impl From<&Options> for Options {
    fn from(options: &Options) -> Options {
        options.clone()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { seed, samples, symmetries, translations, chains, updates, .. } = self;
        write!(f, "Options {{ seed {seed}, {samples} samples, translations {translations:?}, {symmetries:?}, ")?;
        write!(f, "{chains} chains of {updates} updates }}")
    }
}
