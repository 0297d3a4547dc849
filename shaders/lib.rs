//! WGSL compute shaders of Lattice Fields, as text.
//!
//! `ops/<stem>.wgsl` is the twin of the op whose `shader()` names that stem: a function that is named like the op and
//! says what it computes, in terms of the names that its head lists after `in`: `f(c, row)` reads component `c` of an
//! input, `y(c, row, value)` stores one of the output, capital letters are constants. `lattice_tensor::device::gpu` puts
//! such functions together into kernels: it renames them ([`rename`]) and writes what they read and store.
//! An input of matrices `u` of a group is also read by `u_matrix(which, row)`, of its algebra by `u_algebra`; `y_matrix` and
//! `y_algebra` store. What several ops do with their inputs stands in `parts/<name>.wgsl`, for a line `#include name`.
//! `lib/<name>.wgsl` are pieces that know nothing of inputs, brought in by a line `#import name`; `kernel` declares the
//! buffers. `steps/<name>.wgsl` are kernels of their own around a program. None needs an optional feature of a device.

#![forbid(unsafe_code)]

use std::fmt;

const OPS: [(&str, &str); 37] = [
    ("adjoint", include_str!("ops/adjoint.wgsl")),
    ("bracket", include_str!("ops/bracket.wgsl")),
    ("channels", include_str!("ops/channels.wgsl")),
    ("conv", include_str!("ops/conv.wgsl")),
    ("conv_weight_grad", include_str!("ops/conv_weight_grad.wgsl")),
    ("eigenphases", include_str!("ops/eigenphases.wgsl")),
    ("eigenphases_tangent", include_str!("ops/eigenphases_tangent.wgsl")),
    ("embed", include_str!("ops/embed.wgsl")),
    ("exp_tangent", include_str!("ops/exp_tangent.wgsl")),
    ("exponential", include_str!("ops/exponential.wgsl")),
    ("heat_bath", include_str!("ops/heat_bath.wgsl")),
    ("link_update", include_str!("ops/link_update.wgsl")),
    ("log_tangent", include_str!("ops/log_tangent.wgsl")),
    ("logarithm", include_str!("ops/logarithm.wgsl")),
    ("matrix_dot", include_str!("ops/matrix_dot.wgsl")),
    ("metropolis", include_str!("ops/metropolis.wgsl")),
    ("moebius", include_str!("ops/moebius.wgsl")),
    ("moebius_tangent", include_str!("ops/moebius_tangent.wgsl")),
    ("moments", include_str!("ops/moments.wgsl")),
    ("momentum_update", include_str!("ops/momentum_update.wgsl")),
    ("multiply", include_str!("ops/multiply.wgsl")),
    ("neighbours", include_str!("ops/neighbours.wgsl")),
    ("overrelax", include_str!("ops/overrelax.wgsl")),
    ("path", include_str!("ops/path.wgsl")),
    ("plaquette", include_str!("ops/plaquette.wgsl")),
    ("random", include_str!("ops/random.wgsl")),
    ("reunitarise", include_str!("ops/reunitarise.wgsl")),
    ("reunitarise_tangent", include_str!("ops/reunitarise_tangent.wgsl")),
    ("scale", include_str!("ops/scale.wgsl")),
    ("scaled_unit", include_str!("ops/scaled_unit.wgsl")),
    ("shift", include_str!("ops/shift.wgsl")),
    ("spline", include_str!("ops/spline.wgsl")),
    ("spline_tangent", include_str!("ops/spline_tangent.wgsl")),
    ("staple", include_str!("ops/staple.wgsl")),
    ("sum_sites", include_str!("ops/sum_sites.wgsl")),
    ("trace", include_str!("ops/trace.wgsl")),
    ("wave", include_str!("ops/wave.wgsl")),
];

const LIB: [(&str, &str); 21] = [
    ("algebra", include_str!("lib/algebra.wgsl")),
    ("atan2", include_str!("lib/atan2.wgsl")),
    ("descent", include_str!("lib/descent.wgsl")),
    ("draws", include_str!("lib/draws.wgsl")),
    ("half", include_str!("lib/half.wgsl")),
    ("hops", include_str!("lib/hops.wgsl")),
    ("kernel", include_str!("lib/kernel.wgsl")),
    ("math", include_str!("lib/math.wgsl")),
    ("quaternion_updates", include_str!("lib/quaternion_updates.wgsl")),
    ("random", include_str!("lib/random.wgsl")),
    ("su2", include_str!("lib/su2.wgsl")),
    ("su2_spectrum", include_str!("lib/su2_spectrum.wgsl")),
    ("su2_updates", include_str!("lib/su2_updates.wgsl")),
    ("su3", include_str!("lib/su3.wgsl")),
    ("su3_spectrum", include_str!("lib/su3_spectrum.wgsl")),
    ("su3_updates", include_str!("lib/su3_updates.wgsl")),
    ("sums", include_str!("lib/sums.wgsl")),
    ("transforms", include_str!("lib/transforms.wgsl")),
    ("u1", include_str!("lib/u1.wgsl")),
    ("u1_spectrum", include_str!("lib/u1_spectrum.wgsl")),
    ("u1_updates", include_str!("lib/u1_updates.wgsl")),
];

const PARTS: [(&str, &str); 5] = [
    ("local_draws", include_str!("parts/local_draws.wgsl")),
    ("local_staples", include_str!("parts/local_staples.wgsl")),
    ("moebius_parameters", include_str!("parts/moebius_parameters.wgsl")),
    ("spline_bins", include_str!("parts/spline_bins.wgsl")),
    ("staples", include_str!("parts/staples.wgsl")),
];

const STEPS: [(&str, &str); 4] = [
    ("adam", include_str!("steps/adam.wgsl")),
    ("gradient", include_str!("steps/gradient.wgsl")),
    ("pack", include_str!("steps/pack.wgsl")),
    ("sum_groups", include_str!("steps/sum_groups.wgsl")),
];

/// The names of the kernels around programs, sorted.
pub const STEP_NAMES: [&str; STEPS.len()] = {
    let (mut names, mut i) = ([""; STEPS.len()], 0);
    while i < names.len() {
        names[i] = STEPS[i].0;
        i += 1;
    }
    names
};

/// The stems of the ops' shaders, sorted.
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
                write!(f, "shader {file}: expected the name of a piece in lib/ or parts/ to import, found {import}")
            }
            Error::Cycle { files } => write!(f, "shader imports in a cycle: {}", files.join(" imports ")),
        }
    }
}

impl std::error::Error for Error {}

/// The text of an op's shader, with the parts that it includes.
///
/// # Errors
/// If there is no such shader.
pub fn op(stem: &str) -> Result<String, Error> {
    let text = find(&OPS, stem).ok_or_else(|| Error::UnknownShader { name: stem.into() })?;
    let mut out = String::with_capacity(text.len());
    expand("#include ", stem, text, &|name| find(&PARTS, name), &mut Vec::new(), &mut Vec::new(), &mut out)?;
    Ok(out)
}

/// A kernel of its own around a program, its imports included.
///
/// # Errors
/// If there is no such kernel.
pub fn step(name: &str) -> Result<String, Error> {
    kernel(find(&STEPS, name).ok_or_else(|| Error::UnknownShader { name: name.into() })?)
}

/// A text with the pieces that it imports.
///
/// ```
/// let text = lattice_shaders::kernel("#import sums\nfn twice(a: vec2<f32>) -> vec2<f32> { return add(a, a, 0u); }")?;
/// assert!(text.contains("fn two_sum("));
/// # Ok::<(), lattice_shaders::Error>(())
/// ```
///
/// # Errors
/// If it imports what does not exist.
pub fn kernel(text: &str) -> Result<String, Error> {
    resolve("(text)", text, |name| find(&LIB, name))
}

/// An op's text with a prefix before the functions that it defines and before `names`, so that several instances may
/// stand in one kernel.
///
/// ```
/// let text = lattice_shaders::rename("fn double(row: u32) -> f32 { return 2.0 * f(0u, row); }", "s3_", &["f"]);
/// assert_eq!(text, "fn s3_double(row: u32) -> f32 { return 2.0 * s3_f(0u, row); }\n");
/// ```
pub fn rename(text: &str, prefix: &str, names: &[&str]) -> String {
    let defined: Vec<&str> = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next()).collect();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        // Comments stay in the files: kernels are compared by their text.
        let mut rest = line.split("//").next().unwrap_or_default().trim_end();
        if rest.is_empty() {
            continue;
        }
        let imports = rest.trim_start().starts_with("#import");
        while let Some(c) = rest.chars().next() {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len()).max(c.len_utf8());
            let (word, after) = rest.split_at(end);
            // A member of a structure is no name of its own.
            let member = out.ends_with('.');
            if !imports && !member && (defined.contains(&word) || names.contains(&word)) {
                out.push_str(prefix);
            }
            out.push_str(word);
            rest = after;
        }
        out.push('\n');
    }
    out
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
    expand("#import ", name, text, &find, &mut Vec::new(), &mut done, &mut out)?;
    Ok(out)
}

/// Appends `text`, which is `name`, with what it imports by such a line; `open` are the files that are being read, `done` those
/// that were read before.
fn expand<'a>(
    mark: &str,
    name: &'a str,
    text: &'a str,
    find: &impl Fn(&str) -> Option<&'a str>,
    open: &mut Vec<&'a str>,
    done: &mut Vec<&'a str>,
    out: &mut String,
) -> Result<(), Error> {
    open.push(name);
    for line in text.lines() {
        let Some(import) = line.trim().strip_prefix(mark).map(str::trim) else {
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
            expand(mark, import, find(import).ok_or_else(unknown)?, find, open, done, out)?;
        }
    }
    open.pop();
    done.push(name);
    Ok(())
}

#[cfg(test)]
mod tests;
