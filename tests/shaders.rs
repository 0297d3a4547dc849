//! Ops and shaders belong together: every op's shader exists, every shader has an op, every expression is WGSL.

use lattice_tensor::ops::Neighbours;
use lattice_tensor::ops::{
    AnyOp, Biases, Channel, Conv, ConvInputGrad, ConvKernel, ConvWeightGrad, Pointwise, Shift, Spread, Stack, SumSites,
    Wave,
};
use lattice_tensor::{Fibre, Location, Spec};
use naga::valid::{Capabilities, ValidationFlags, Validator};
use std::collections::BTreeSet;
use std::path::Path;

/// Parses and validates a text for a device without optional features.
fn check(name: &str, text: &str) {
    let module = naga::front::wgsl::parse_str(text).unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(text)));
    Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(text)));
}

/// The step that a chain has for an op on the operands `v0`, `v1`, `v2`.
fn step(kind: Pointwise) -> String {
    let expression = kind.wgsl().replace("{a}", "v0").replace("{b}", "v1").replace("{c}", "v2");
    assert!(!expression.contains(['{', '}']), "{} leaves {expression}", kind.name());
    expression
}

#[test]
fn every_pointwise_expression_is_valid_wgsl() {
    let buffers = "@group(0) @binding(1) var<storage, read> f: array<f32>;
        @group(0) @binding(2) var<storage, read> g: array<f32>;
        @group(0) @binding(3) var<storage, read> h: array<f32>;
        @group(0) @binding(4) var<storage, read_write> y: array<f32>;";
    for &kind in Pointwise::ALL {
        let steps = format!("let v0 = f[n]; let v1 = g[n]; let v2 = h[n]; y[n] = {};", step(kind));
        check(kind.name(), &lattice_shaders::pointwise(buffers, &steps).unwrap());
    }
}

#[test]
fn every_pointwise_expression_uses_its_operands() {
    for &kind in Pointwise::ALL {
        for (k, operand) in ["v0", "v1", "v2"].into_iter().enumerate() {
            assert_eq!(step(kind).contains(operand), k < kind.arity(), "{} and {operand}", kind.name());
        }
    }
}

/// The stems that the sources of all ops name in `fn shader`.
fn stems(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            stems(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for body in text.split("fn shader(&self) -> Option<&'static str> {").skip(1) {
                let value = body.split('}').next().unwrap_or_default().trim();
                found.extend(value.strip_prefix("Some(\"").and_then(|v| v.strip_suffix("\")")).map(String::from));
            }
        }
    }
}

#[test]
fn every_shader_that_an_op_names_exists() {
    let mut found = BTreeSet::new();
    stems(&Path::new(env!("CARGO_MANIFEST_DIR")).join("lattice-tensor/src/ops"), &mut found);
    assert!(found.len() >= 7, "{found:?}");
    for stem in &found {
        assert!(lattice_shaders::source(stem).is_ok(), "{stem}");
    }
    // Chains have no op of their own.
    for name in lattice_shaders::NAMES {
        assert!(found.contains(name) || name == "pointwise", "{name} has no op");
    }
}

#[test]
fn ops_name_the_shader_of_their_own_stem() {
    let scalar = Spec::scalar_field();
    let all = Location::All;
    let kernel = ConvKernel {
        extents: vec![3, 3],
        from: Location::All,
        to: Location::All,
        inputs: 2,
        outputs: 3,
        biases: Biases::Added,
    };
    let ops: [(&dyn AnyOp, &str); 10] = [
        (&Neighbours { to: all, from: all }, "neighbours"),
        (&Shift { to: all, displacement: vec![0, 1], from: all }, "shift"),
        (&Channel(0), "channels"),
        (&Stack { fibre: Fibre::Channels(2) }, "channels"),
        (&Spread { spec: scalar }, "spread"),
        (&SumSites, "sum_sites"),
        (&Wave { momentum: vec![0, 1], sine: true, to: all }, "wave"),
        (&Conv(kernel.clone()), "conv"),
        (&ConvInputGrad(kernel.clone()), "conv_input_grad"),
        (&ConvWeightGrad(kernel), "conv_weight_grad"),
    ];
    for (op, stem) in ops {
        assert_eq!(op.shader(), Some(stem), "{}", op.name());
        check(stem, &lattice_shaders::source(stem).unwrap());
    }
}
