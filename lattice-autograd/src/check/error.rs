//! What can keep a check from running. A property that does not hold is no error: it is in the report.

/// An error of the verification kit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A check that was asked for in a way that cannot be.
    #[error("{what}: expected {expected}, found {found}")]
    Request {
        /// What was asked for.
        what: String,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// From tracing, planning and running.
    #[error(transparent)]
    Tensor(#[from] lattice_tensor::Error),
    /// From a crate that builds on this one.
    #[error("{doing}: {source}")]
    Run {
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// A request that cannot be met.
    pub fn request(what: impl Into<String>, expected: impl Into<String>, found: impl std::fmt::Debug) -> Error {
        Error::Request { what: what.into(), expected: expected.into(), found: format!("{found:?}") }
    }

    /// Wraps another crate's error; for `map_err`.
    pub fn while_doing<E: std::error::Error + Send + Sync + 'static>(doing: &'static str) -> impl Fn(E) -> Error {
        move |source| Error::Run { doing, source: Box::new(source) }
    }
}

/// The result of the kit's functions.
pub type Result<T> = std::result::Result<T, Error>;
