//! Ops and shaders belong together: every shader has an op, every expression is WGSL. That every op has a kernel is in
//! `ops/gpu.rs`, which plans each without an adapter.

use lattice_tensor::group::GroupName;
use lattice_tensor::ops::{AnyOp, Distribution, Form, LocalUpdate, Loops, Pointwise, Random, Rule, Shader, Site};
use lattice_tensor::{Fibre, Lattice, Layout, Location, Spec};
use naga::valid::{Capabilities, ValidationFlags, Validator};
use std::collections::BTreeSet;

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
    for &kind in Pointwise::ALL {
        let text = format!(
            "#import math\n#import half\n@group(0) @binding(0) var<storage, read_write> y: array<f32>;
            @compute @workgroup_size(1) fn main() {{
                let v0 = y[0]; let v1 = y[1]; let v2 = y[2]; y[3] = {};
            }}",
            step(kind)
        );
        check(kind.name(), &lattice_shaders::kernel(&text).unwrap());
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

/// The shader of an op on inputs.
fn shader(op: &dyn AnyOp, inputs: &[Spec]) -> Shader {
    let lattice = Lattice::periodic([4, 4]).unwrap();
    let layout = Layout::samples(&lattice, 1);
    let output = op.infer(&lattice, inputs).unwrap();
    let shader = Site::alone(&layout, inputs, output, |site| op.shader(site)).unwrap();
    shader.unwrap_or_else(|| panic!("{op:?} has no shader"))
}

#[test]
fn every_shader_has_an_op() {
    let mut shaders = crate::ops::shaders();
    let scalar = Spec::scalar_field();
    shaders.push(shader(&Random { stream: "a".into(), distribution: Distribution::Normal, spec: scalar }, &[]));
    let links = Spec::Field { location: Location::All, fibre: Fibre::Matrix { group: GroupName::SU3, count: 2 } };
    let numbers = [Spec::Uniform; 2];
    for (rule, numbers) in
        [(Rule::HeatBath, 1), (Rule::Overrelax, 0), (Rule::Metropolis, 2)].map(|(r, n)| (r, &numbers[..n]))
    {
        let op = LocalUpdate { rule, mu: 1, colour: 0, loops: Loops::WILSON, stream: "a".into() };
        shaders.push(shader(&op, &[&[links], numbers].concat()));
    }
    let names: BTreeSet<&str> = shaders.iter().map(|shader| shader.name).collect();
    for name in lattice_shaders::NAMES {
        // A sum over the lattice is the end of a chain, and its planner calls it by name.
        assert!(names.contains(name) || name == "sum_sites", "{name} has no op");
    }
    for shader in &shaders {
        let text = shader.text.as_deref().map_or_else(|| lattice_shaders::op(shader.name).unwrap(), str::to_string);
        assert!(text.contains(&format!("fn {}(", shader.name)), "{shader:?}");
        for name in shader.constants.iter().map(|c| c.0).chain(shader.tables.iter().map(|t| t.0)) {
            assert!(text.contains(name), "{} is told {name} and does not ask", shader.name);
        }
        assert!(shader.turns > 0 && !matches!(shader.form, Form::Items(0)), "{shader:?}");
    }
}
