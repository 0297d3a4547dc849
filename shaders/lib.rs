//! WGSL compute shaders of Lattice Fields, as text.
//!
//! `ops/<stem>.wgsl` is the kernel of the op whose `shader()` names that stem, with the mathematics in a function that
//! is named like the op and entry points that do no more than call it. `lib/<name>.wgsl` are pieces that a line
//! `#import name` brings in. Each file's head says what it computes and which invocations it wants.
//!
//! | what | where |
//! |---|---|
//! | parameters of the op: words in the order of the struct `op` | group 0, binding 0, uniform |
//! | inputs in the op's order, then partial sums if any, then the output | group 0, bindings 1, 2, … |
//! | tables that follow from op and layout: hops, or the numbers of sites | group 1, binding 0 |
//! | twists, `[twist][lane]`, each `(lane, re, im)` | group 1, binding 1 |
//! | workgroup size | override `WG`, a multiple of [`ROW`] up to 256 |
//!
//! Fields are `f32` in rows of [`ROW`] lanes, in the layout of `lattice_tensor::layout`; numbers per sample and sums
//! over the batch are two `f32` each, whose sum they mean. Every shader starts at `main`; `sum_sites` and
//! `conv_weight_grad` go on at `finish`, in a second dispatch with the same bindings. None needs an optional feature of
//! a device.

#![forbid(unsafe_code)]

use std::fmt;

/// Numbers in a row of a field.
pub const ROW: usize = 64;

const OPS: [(&str, &str); 11] = [
    ("channels", include_str!("ops/channels.wgsl")),
    ("conv", include_str!("ops/conv.wgsl")),
    ("conv_input_grad", include_str!("ops/conv_input_grad.wgsl")),
    ("conv_weight_grad", include_str!("ops/conv_weight_grad.wgsl")),
    ("neighbours", include_str!("ops/neighbours.wgsl")),
    ("pointwise", include_str!("ops/pointwise.wgsl")),
    ("random", include_str!("ops/random.wgsl")),
    ("shift", include_str!("ops/shift.wgsl")),
    ("spread", include_str!("ops/spread.wgsl")),
    ("sum_sites", include_str!("ops/sum_sites.wgsl")),
    ("wave", include_str!("ops/wave.wgsl")),
];

const LIB: [(&str, &str); 4] = [
    ("hops", include_str!("lib/hops.wgsl")),
    ("layout", include_str!("lib/layout.wgsl")),
    ("random", include_str!("lib/random.wgsl")),
    ("sums", include_str!("lib/sums.wgsl")),
];

/// The stems of all shaders, sorted.
pub const NAMES: [&str; OPS.len()] = {
    let (mut names, mut i) = ([""; OPS.len()], 0);
    while i < names.len() {
        names[i] = OPS[i].0;
        i += 1;
    }
    names
};

/// Why a shader's text could not be put together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// There is no shader of this name.
    UnknownShader {
        /// The name asked for.
        name: String,
    },
    /// A file imports what does not exist.
    UnknownImport {
        /// The file.
        file: String,
        /// What it imports.
        import: String,
    },
    /// A file imports itself, through others perhaps.
    Cycle {
        /// The files, each importing the next, the first one once more at the end.
        files: Vec<String>,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::UnknownShader { name } => write!(f, "shader {name}: expected one of {}", NAMES.join(", ")),
            Error::UnknownImport { file, import } => {
                write!(f, "shader {file}: expected the name of a piece in lib/ to import, found {import}")
            }
            Error::Cycle { files } => write!(f, "shader imports in a cycle: {}", files.join(" imports ")),
        }
    }
}

impl std::error::Error for Error {}

/// The whole text of a shader, its imports included.
///
/// ```
/// let text = lattice_shaders::source("shift")?;
/// assert!(text.contains("fn main("));
/// # Ok::<(), lattice_shaders::Error>(())
/// ```
///
/// # Errors
/// If there is no such shader.
pub fn source(stem: &str) -> Result<String, Error> {
    let unknown = || Error::UnknownShader { name: stem.into() };
    let text = find(&OPS, stem).ok_or_else(unknown)?;
    resolve(&format!("ops/{stem}"), text, |name| find(&LIB, name))
}

/// The text of a chain of pointwise ops: declarations of its buffers, and its steps, which may use `at`, `component`,
/// `n` (the index of this number in a field of the chain's shape) and `sample` (that of a number per sample).
///
/// ```
/// let text = lattice_shaders::pointwise(
///     "@group(0) @binding(1) var<storage, read> f: array<f32>;
///      @group(0) @binding(2) var<storage, read_write> y: array<f32>;",
///     "let a = f[n]; let b = exp(a); y[n] = b;",
/// )?;
/// assert!(text.contains("exp(a)"));
/// # Ok::<(), lattice_shaders::Error>(())
/// ```
///
/// # Errors
/// Never with the files of this crate.
pub fn pointwise(buffers: &str, steps: &str) -> Result<String, Error> {
    Ok(source("pointwise")?.replacen("//@buffers", buffers, 1).replacen("//@steps", steps, 1))
}

fn find(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == name).map(|&(_, text)| text)
}

/// Replaces each line `#import name` of a text by the text that `find` has for the name, imports of imports included,
/// and each once: where it is imported first.
///
/// ```
/// let find = |name: &str| match name {
///     "half" => Some("fn half(x: f32) -> f32 { return 0.5 * x; }"),
///     _ => None,
/// };
/// let quarter = "#import half\nfn quarter(x: f32) -> f32 { return half(half(x)); }";
/// let text = lattice_shaders::resolve("quarter", quarter, find)?;
/// assert!(text.contains("fn half") && text.contains("fn quarter") && !text.contains("#import"));
/// assert!(lattice_shaders::resolve("third", "#import thrice", find).is_err());
/// # Ok::<(), lattice_shaders::Error>(())
/// ```
///
/// # Errors
/// If a name is unknown or imports run in a cycle.
pub fn resolve<'a>(name: &'a str, text: &'a str, find: impl Fn(&str) -> Option<&'a str>) -> Result<String, Error> {
    let (mut done, mut out) = (Vec::new(), String::new());
    expand(name, text, &find, &mut Vec::new(), &mut done, &mut out)?;
    Ok(out)
}

/// Appends `text`, which is `name`; `open` are the files that are being read, `done` those that were read before.
fn expand<'a>(
    name: &'a str,
    text: &'a str,
    find: &impl Fn(&str) -> Option<&'a str>,
    open: &mut Vec<&'a str>,
    done: &mut Vec<&'a str>,
    out: &mut String,
) -> Result<(), Error> {
    open.push(name);
    for line in text.lines() {
        let Some(import) = line.trim().strip_prefix("#import ").map(str::trim) else {
            out.push_str(line);
            out.push('\n');
            continue;
        };
        if let Some(first) = open.iter().position(|&file| file == import) {
            let files = open[first..].iter().chain([&import]).map(|file| file.to_string()).collect();
            return Err(Error::Cycle { files });
        }
        if !done.contains(&import) {
            let unknown = || Error::UnknownImport { file: name.into(), import: import.into() };
            expand(import, find(import).ok_or_else(unknown)?, find, open, done, out)?;
        }
    }
    open.pop();
    done.push(name);
    Ok(())
}

#[cfg(test)]
mod tests;
