//! Which program this is: version, commit, features, instruction set.

use lattice_fields::tensor::lanes::Level;
use std::sync::LazyLock;

/// The commit that the program was built from, `unknown` if that was not in a repository.
pub const COMMIT: &str = env!("LATTICE_COMMIT");

/// The features that it was built with.
pub const FEATURES: &[&str] = if cfg!(feature = "gpu") { &["cli", "gpu"] } else { &["cli"] };

/// All of it in a line.
pub fn line() -> &'static str {
    static LINE: LazyLock<String> = LazyLock::new(|| {
        let (version, features, level) = (env!("CARGO_PKG_VERSION"), FEATURES.join(","), Level::best().name());
        format!("{version} (commit {COMMIT}, features {features}, {level})")
    });
    &LINE
}
