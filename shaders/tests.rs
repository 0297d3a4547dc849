//! Every shader is put together, parsed and validated, with no device at all.

use super::*;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, Expression, Handle, Literal, Module, TypeInner};
use std::collections::BTreeSet;

/// Parses and validates a text for a device without optional features.
fn check(name: &str, text: &str) -> Result<Module, String> {
    let report = |error: String| format!("shader {name}: {error}");
    let module = naga::front::wgsl::parse_str(text).map_err(|e| report(e.emit_to_string(text)))?;
    Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .map_err(|e| report(e.emit_to_string(text)))?;
    Ok(module)
}

/// What a kernel declares around the functions of ops; see `lattice_tensor::device::gpu`.
const AROUND: &str = "#import kernel
#import math
#import half
const OPERANDS: u32 = 64u;
const WG: u32 = 64u;
const OPAQUE: bool = true;
const TWISTED: bool = true;
";

/// How whole matrices are read and stored.
fn matrices(name: &str) -> String {
    let of = |kind: &str, numbers: &str| {
        let verb = kind.to_lowercase();
        match name {
            "y" => format!(
                "fn y_{verb}(which: u32, row: u32, matrix: {kind}) {{ var m = matrix; for (var k = 0u; k < {numbers}; k++) {{ y(which * {numbers} + k, row, m[k]); }} }}\n"
            ),
            _ => format!(
                "fn {name}_{verb}(which: u32, row: u32) -> {kind} {{ var all: {kind}; for (var k = 0u; k < {numbers}; k++) {{ all[k] = {name}(which * {numbers} + k, row); }} return all; }}\n"
            ),
        }
    };
    of("Matrix", "MATRIX") + &of("Algebra", "ALGEBRA")
}

/// What each op is told, as declarations.
fn told(name: &str) -> String {
    let names: &[&str] = match name {
        "channels" => &["f", "SOURCE"],
        "conv" => &[
            "f",
            "w",
            "y",
            "hops",
            "TAPS",
            "ROWS",
            "ITEM_ROWS",
            "INPUTS",
            "OUTPUTS",
            "QUADS",
            "?PAIRED",
            "?WIDE",
            "?BIASED",
        ],
        "conv_weight_grad" => &["f_at", "dy_at", "TAPS", "ROWS", "F_ROWS", "INPUTS", "OUTPUTS", "GROUP", "TOTAL"],
        "neighbours" => &["f", "hops", "?COMPLEX", "DIRECTIONS", "ROWS"],
        "random" => &["y", "key", "?NORMAL", "COMPONENTS", "ROWS"],
        "shift" => &["f", "hops", "?COMPLEX"],
        "sum_sites" => &[],
        "wave" => &["waves"],
        "adjoint" | "reunitarise" => &["a@", "y", "ROWS"],
        "bracket" | "exp_tangent" | "log_tangent" => &["w@", "g@", "y", "ROWS"],
        "eigenphases" | "logarithm" => &["u@", "y", "ROWS"],
        "eigenphases_tangent" => &["u@", "p@", "y", "ROWS"],
        "embed" | "exponential" => &["w@", "y", "ROWS"],
        "heat_bath" => &["u@", "c!", "key", "y", "staples", "ROWS", "DIRECTIONS", "MU", "PATHS"],
        "link_update" => &["u@", "p@", "eps!", "y", "ROWS"],
        "matrix_dot" => &["a@", "b@", "y", "ROWS"],
        "metropolis" => &["u@", "c!", "width!", "key", "y", "staples", "ROWS", "DIRECTIONS", "MU", "PATHS"],
        "moebius" => {
            &["x@", "p@", "y", "MIXTURES", "FIRST_WEIGHT", "?SHIFTS", "?WEIGHTS", "?OFFSET", "LAST", "?INVERSE"]
        }
        "moebius_tangent" => {
            &["x@", "p@", "c@", "y", "MIXTURES", "FIRST_WEIGHT", "?SHIFTS", "?WEIGHTS", "?OFFSET", "LAST"]
        }
        "moments" => &["m@", "y", "ROWS"],
        "momentum_update" => &["p@", "u@", "strength!", "y", "around", "ROWS", "DIRECTIONS"],
        "multiply" => &["a@", "b@", "y", "ROWS", "?ADJOINT_A", "?ADJOINT_B"],
        "overrelax" => &["u@", "y", "staples", "ROWS", "DIRECTIONS", "MU", "PATHS"],
        "path" => &["u@", "y", "steps", "ROWS", "STEPS"],
        "plaquette" => &["u@", "y", "planes", "ROWS", "PLANES", "N"],
        "reunitarise_tangent" => &["a@", "g@", "y", "ROWS"],
        "scale" => &["a@", "s@", "y", "ROWS"],
        "scaled_unit" => &["s@", "y", "ROWS", "?IMAGINARY"],
        "spline" => &["x@", "p@", "y", "BINS", "?CIRCULAR", "?OFFSET", "LAST", "?INVERSE"],
        "spline_tangent" => &["x@", "p@", "c@", "y", "BINS", "?CIRCULAR", "?OFFSET", "LAST"],
        "staple" => &["u@", "w@", "y", "around", "ROWS", "DIRECTIONS"],
        "trace" => &["a@", "y", "ROWS", "?IMAGINARY"],
        other => panic!("{other} is missing here"),
    };
    let declare = |name: &&str| match *name {
        "f" => "fn f(c: u32, row: u32) -> f32 { return arena[base + c + row]; }\n".to_string(),
        "f_at" | "dy_at" => format!("fn {name}(s: u32, n: u32) -> f32 {{ return arena[s * run.stride + n]; }}\n"),
        "w" => "fn w(n: u32) -> vec4<f32> { return weights[n]; }\n".into(),
        "y" => "fn y(c: u32, row: u32, value: f32) { arena[base + c + row] = value; }\n".into(),
        "key" => "fn key() -> vec2<u32> { return vec2(given[0], given[1]); }\n".into(),
        "hops" | "waves" | "staples" | "around" | "steps" | "planes" => {
            format!("fn {name}() -> u32 {{ return op[0].x; }}\n")
        }
        // Components of a field, and numbers per sample.
        name if name.ends_with('@') => {
            let name = name.trim_end_matches('@');
            format!("fn {name}(c: u32, row: u32) -> f32 {{ return arena[base + c * 8u + row]; }}\n")
        }
        name if name.ends_with('!') => format!("fn {}() -> f32 {{ return arena[0]; }}\n", name.trim_end_matches('!')),
        name => match name.strip_prefix('?') {
            Some(name) => format!("const {name}: bool = true;\n"),
            None => format!("const {name}: u32 = 3u;\n"),
        },
    };
    let mut text: String = names.iter().map(declare).collect();
    if op(name).unwrap().contains("#import group") {
        let fields = names.iter().filter(|name| name.ends_with('@') || **name == "y");
        text.extend(fields.map(|name| matrices(name.trim_end_matches('@'))));
    }
    text
}

/// The gauge groups, as files of lib/ name them.
const GROUPS: [&str; 3] = ["u1", "su2", "su3"];

/// A whole kernel around an op, in the arithmetic of a group where it wants one.
fn kernel_of(name: &str, group: &str) -> String {
    let body = rename(&op(name).unwrap(), "", &[]).replace("#import group", &format!("#import {group}"));
    let mut text = format!("{AROUND}{}{body}", told(name));
    if !text.contains("@compute") {
        // What is not called is not checked by all of a driver's compilers.
        let call = if body.contains("(item: u32)") { format!("{name}(id.x)") } else { "arena[0] = 0.0".into() };
        text += &format!(
            "@compute @workgroup_size(WG)\nfn main(@builtin(global_invocation_id) id: vec3<u32>) {{ {call}; }}\n"
        );
    }
    kernel(&text).unwrap_or_else(|e| panic!("{e}"))
}

/// Ops in kernels, and the kernels around programs.
fn shaders() -> impl Iterator<Item = (&'static str, Module)> {
    let groups = |name| if op(name).unwrap().contains("#import group") { &GROUPS[..] } else { &GROUPS[..1] };
    let ops =
        NAMES.into_iter().flat_map(move |name| groups(name).iter().map(move |group| (name, kernel_of(name, group))));
    let steps = STEP_NAMES.into_iter().map(|name| (name, step(name).unwrap_or_else(|e| panic!("{e}"))));
    ops.chain(steps).map(|(name, text)| (name, check(name, &text).unwrap_or_else(|e| panic!("{e}"))))
}

fn files(folder: &str) -> BTreeSet<String> {
    let folder = format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.map(|file| file.strip_suffix(".wgsl").unwrap_or(&file).to_string()).collect()
}

#[test]
fn every_shader_is_valid() {
    let names: BTreeSet<&str> = shaders().map(|(name, _)| name).collect();
    assert_eq!(names.len(), NAMES.len() + STEP_NAMES.len());
}

#[test]
fn every_file_is_in_the_tables() {
    assert_eq!(files("ops"), NAMES.map(String::from).into());
    assert_eq!(files("steps"), STEP_NAMES.map(String::from).into());
    assert_eq!(files("parts"), PARTS.map(|(name, _)| name.to_string()).into());
    assert_eq!(files("lib"), LIB.map(|(name, _)| name.to_string()).into());
    assert!(NAMES.is_sorted() && STEP_NAMES.is_sorted() && PARTS.is_sorted() && LIB.is_sorted());
}

#[test]
fn every_op_has_a_function_of_its_name() {
    for name in NAMES {
        assert!(op(name).unwrap().contains(&format!("fn {name}(")), "{name}");
    }
}

#[test]
fn every_file_states_what_it_computes() {
    for (name, text) in OPS.iter().chain(&PARTS).chain(&LIB).chain(&STEPS) {
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//")).collect();
        for part in ["// in    ", "// out   ", "// see   "] {
            assert!(head.iter().any(|line| line.starts_with(part)), "{name} has no line `{part}`");
        }
        assert_eq!(STEPS.contains(&(name, text)), head.iter().any(|line| line.starts_with("// run   ")), "{name}");
    }
}

#[test]
fn bindings_are_few_and_distinct() {
    for (name, module) in shaders() {
        let mut seen = BTreeSet::new();
        let mut storage = 0;
        for (_, variable) in module.global_variables.iter() {
            if let Some(at) = variable.binding {
                assert!(seen.insert((at.group, at.binding)), "{name} binds {at:?} twice");
                assert_eq!(at.group, 0, "{name}");
            }
            match variable.space {
                AddressSpace::Storage { .. } => storage += 1,
                AddressSpace::Uniform => assert!(variable.binding.is_some(), "{name}"),
                AddressSpace::WorkGroup | AddressSpace::Private => assert!(variable.binding.is_none(), "{name}"),
                other => panic!("{name} has a variable in {other:?}"),
            }
        }
        // No adapter offers fewer.
        assert!(storage <= 8, "{name} has {storage} storage buffers");
    }
}

#[test]
fn no_shader_uses_atomics() {
    for (name, module) in shaders() {
        assert!(!module.types.iter().any(|(_, t)| matches!(t.inner, TypeInner::Atomic(_))), "{name}");
    }
}

#[test]
fn double_precision_is_refused() {
    let text = "@group(0) @binding(0) var<storage, read_write> y: array<f64>;
        @compute @workgroup_size(1) fn main() { y[0] = 2.0lf * y[0]; }";
    let error = check("wide", text).unwrap_err();
    assert!(error.contains("FLOAT64"), "{error}");
}

#[test]
fn a_bad_shader_is_reported_with_its_name() {
    let error = check("bad", "fn bad() -> f32 { return 1u; }").unwrap_err();
    assert!(error.starts_with("shader bad: "), "{error}");
    assert!(error.contains("1u"), "{error}");
}

#[test]
fn renaming_touches_whole_names_alone() {
    let text = "#import f\n// f is a comment\nfn g(f_: u32) -> f32 {\n    return f(f_) + x.f; // f\n}";
    assert_eq!(rename(text, "s_", &["f"]), "#import f\nfn s_g(f_: u32) -> f32 {\n    return s_f(f_) + x.f;\n}\n");
}

fn library(name: &str) -> Option<&'static str> {
    Some(match name {
        "one" => "fn one() {}",
        "two" => "#import one\nfn two() {}",
        "egg" => "#import hen",
        "hen" => "#import egg",
        "broken" => "#import one\n#import nothing",
        _ => return None,
    })
}

#[test]
fn imports_come_once_and_before_their_users() {
    let text = resolve("three", "#import two\n  #import one\nfn three() {}", library);
    assert_eq!(text.unwrap(), "fn one() {}\nfn two() {}\nfn three() {}\n");
}

#[test]
fn unknown_names_are_refused() {
    let error = resolve("top", "#import broken", library).unwrap_err();
    assert_eq!(
        error.to_string(),
        "shader broken: expected the name of a piece in lib/ or parts/ to import, found nothing"
    );
    let error = op("shfit").unwrap_err();
    assert_eq!(error.to_string(), format!("shader shfit: expected one of {}", NAMES.join(", ")));
}

#[test]
fn cycles_are_refused() {
    let error = resolve("top", "#import egg", library).unwrap_err();
    assert_eq!(error.to_string(), "shader imports in a cycle: egg imports hen imports egg");
    assert!(matches!(resolve("self", "#import self", library), Err(Error::Cycle { files }) if files.len() == 2));
}

/// The literals of a constant of the module.
fn constant(module: &Module, name: &str) -> Vec<u32> {
    fn words(module: &Module, at: Handle<Expression>) -> Vec<u32> {
        match &module.global_expressions[at] {
            Expression::Literal(Literal::U32(word)) => vec![*word],
            Expression::Compose { components, .. } => components.iter().flat_map(|&c| words(module, c)).collect(),
            other => panic!("{other:?}"),
        }
    }
    let (_, constant) = module.constants.iter().find(|(_, c)| c.name.as_deref() == Some(name)).unwrap();
    words(module, constant.init)
}

#[test]
fn constants_are_those_of_the_processor() {
    let module = check("random", &kernel_of("random", "u1")).unwrap();
    // Salmon et al., table 2 and section 3.3; the golden ratio and √3 − 1 in units of 2⁻³².
    assert_eq!(constant(&module, "PHILOX_MULTIPLIERS"), [0xD251_1F53, 0xCD9E_8D57]);
    assert_eq!(constant(&module, "PHILOX_WEYL"), [0x9E37_79B9, 0xBB67_AE85]);
    assert_eq!(constant(&module, "PHILOX_ROUNDS"), [10]);
}
