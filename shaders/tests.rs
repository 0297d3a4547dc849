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

fn shaders() -> impl Iterator<Item = (&'static str, Module)> {
    NAMES.into_iter().map(|name| {
        let text = source(name).unwrap_or_else(|e| panic!("{e}"));
        (name, check(name, &text).unwrap_or_else(|e| panic!("{e}")))
    })
}

fn files(folder: &str) -> BTreeSet<String> {
    let folder = format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"));
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.map(|file| file.strip_suffix(".wgsl").unwrap_or(&file).to_string()).collect()
}

#[test]
fn every_shader_is_valid() {
    assert_eq!(shaders().count(), NAMES.len());
}

#[test]
fn every_file_is_in_the_tables() {
    assert_eq!(files("ops"), NAMES.map(String::from).into());
    assert_eq!(files("lib"), LIB.map(|(name, _)| name.to_string()).into());
    assert!(NAMES.is_sorted());
}

#[test]
fn every_shader_has_a_function_named_like_its_op() {
    for (name, module) in shaders() {
        assert!(module.functions.iter().any(|(_, f)| f.name.as_deref() == Some(name)), "{name}");
        assert_eq!(module.entry_points[0].name, "main", "{name}");
        let finishes = ["sum_sites", "conv_weight_grad"].contains(&name);
        assert_eq!(module.entry_points.iter().any(|e| e.name == "finish"), finishes, "{name}");
        assert_eq!(module.entry_points.len(), if finishes { 2 } else { 1 }, "{name}");
    }
}

#[test]
fn every_file_states_what_it_computes() {
    for (name, text) in OPS.iter().chain(&LIB) {
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//")).collect();
        for part in ["// in    ", "// out   ", "// see   "] {
            assert!(head.iter().any(|line| line.starts_with(part)), "{name} has no line `{part}`");
        }
        assert_eq!(OPS.contains(&(name, text)), head.iter().any(|line| line.starts_with("// run   ")), "{name}");
    }
}

#[test]
fn workgroups_have_the_size_of_the_override() {
    for (name, module) in shaders() {
        let (size, wg) = module.overrides.iter().find(|(_, o)| o.name.as_deref() == Some("WG")).unwrap();
        let default = wg.init.map(|init| &module.global_expressions[init]);
        assert!(matches!(default, Some(Expression::Literal(Literal::U32(64)))), "{name}: {default:?}");
        for entry in &module.entry_points {
            let [Some(x), None, None] = entry.workgroup_size_overrides.unwrap() else { panic!("{name}") };
            assert!(matches!(module.global_expressions[x], Expression::Override(o) if o == size), "{name}");
        }
    }
}

#[test]
fn bindings_are_few_and_distinct() {
    for (name, module) in shaders() {
        let mut seen = BTreeSet::new();
        let (mut storage, mut uniform) = (0, 0);
        for (_, variable) in module.global_variables.iter() {
            if let Some(at) = variable.binding {
                assert!(seen.insert((at.group, at.binding)), "{name} binds {at:?} twice");
                assert!(at.group < 4, "{name}");
            }
            match variable.space {
                AddressSpace::Storage { .. } => storage += 1,
                AddressSpace::Uniform => uniform += 1,
                AddressSpace::WorkGroup => assert!(variable.binding.is_none(), "{name}"),
                other => panic!("{name} has a variable in {other:?}"),
            }
        }
        assert!(storage <= 8, "{name} has {storage} storage buffers");
        assert_eq!(uniform, 1, "{name}");
        assert!(seen.contains(&(0, 0)), "{name}");
    }
}

#[test]
fn parameters_are_words() {
    for (name, module) in shaders() {
        let op = module.global_variables.iter().find(|(_, v)| v.space == AddressSpace::Uniform).unwrap().1;
        assert_eq!(op.name.as_deref(), Some("op"), "{name}");
        let TypeInner::Struct { members, .. } = &module.types[op.ty].inner else { panic!("{name}") };
        let mut offset = 0;
        for member in members {
            let inner = &module.types[member.ty].inner;
            let words = match inner {
                TypeInner::Scalar(s) => (*s == naga::Scalar::U32).then_some(1),
                TypeInner::Vector { size, scalar } => (*scalar == naga::Scalar::U32).then_some(*size as u32),
                _ => None,
            };
            // No padding between members: the host writes them one after the other.
            assert_eq!(member.offset, offset, "{name}: {:?}", member.name);
            offset += 4 * words.unwrap_or_else(|| panic!("{name}: {:?}", member.name));
        }
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
    let text = resolve("ops/three", "#import two\n  #import one\nfn three() {}", library);
    assert_eq!(text.unwrap(), "fn one() {}\nfn two() {}\nfn three() {}\n");
}

#[test]
fn unknown_names_are_refused() {
    let error = resolve("ops/top", "#import broken", library).unwrap_err();
    assert_eq!(error.to_string(), "shader broken: expected the name of a piece in lib/ to import, found nothing");
    let error = source("shfit").unwrap_err();
    assert_eq!(
        error.to_string(),
        "shader shfit: expected one of channels, conv, conv_input_grad, conv_weight_grad, neighbours, pointwise, random, shift, \
         spread, sum_sites, wave"
    );
}

#[test]
fn cycles_are_refused() {
    let error = resolve("ops/top", "#import egg", library).unwrap_err();
    assert_eq!(error.to_string(), "shader imports in a cycle: egg imports hen imports egg");
    assert!(
        matches!(resolve("ops/self", "#import ops/self", library), Err(Error::Cycle { files }) if files.len() == 2)
    );
}

#[test]
fn an_import_that_was_not_resolved_is_no_shader() {
    for (name, text) in OPS {
        assert!(text.contains("#import "), "{name}");
        assert!(check(name, text).is_err(), "{name}");
    }
}

#[test]
fn a_chain_is_filled_in() {
    let buffers = "@group(0) @binding(1) var<storage, read> f: array<f32>;
        @group(0) @binding(2) var<storage, read> a: array<vec2<f32>>;
        @group(0) @binding(3) var<storage, read_write> y: array<f32>;";
    let steps = "let v0 = f[n];
        let v1 = a[sample].x + a[sample].y;
        let hop = neighbour(at, 16u + at.row);
        let v2 = select(0.0, hop.phase.x * f[index(op.y, hop.at, component)], hop.exists);
        let v3 = fma(v0, v1, v2);
        y[n] = v3;";
    let text = pointwise(buffers, steps).unwrap();
    assert!(!text.contains("//@"));
    check("pointwise", &text).unwrap_or_else(|e| panic!("{e}"));
    assert!(check("pointwise", &pointwise(buffers, "y[n] = nothing;").unwrap()).is_err());
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
    let module = check("random", &source("random").unwrap()).unwrap();
    // Salmon et al., table 2 and section 3.3; the golden ratio and √3 − 1 in units of 2⁻³².
    assert_eq!(constant(&module, "PHILOX_MULTIPLIERS"), [0xD251_1F53, 0xCD9E_8D57]);
    assert_eq!(constant(&module, "PHILOX_WEYL"), [0x9E37_79B9, 0xBB67_AE85]);
    assert_eq!(constant(&module, "PHILOX_ROUNDS"), [10]);
    assert_eq!(constant(&module, "ROW"), [ROW as u32]);
}
