//! Writing kernels: each step a function of an item, and a main function that calls one after the other.
//!
//! Sizes are part of the text, so that the driver's compiler sees them; where values begin is not, so that equal layers
//! run equal kernels. Expressions come from the table of pointwise ops, functions from `shaders/ops`.

use super::plan::{Dispatch, GROUP, Groups, Home, Job, NEAR, OPERANDS, Planner, Segment, Work};
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::ops::{Form, Role, Shader, ShaderConstant};
use crate::spec::{Cost, Fibre, Spec};
use std::collections::HashMap;
use std::fmt::Write as _;

/// A kernel's text; its entry is `main`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kernel {
    /// For errors and reports.
    pub name: String,
    pub text: String,
}

/// Puts declarations and imports around functions.
fn kernel(name: String, planner: &Planner<'_>, body: &str) -> Result<Kernel> {
    let mut text = String::new();
    let truth = |x: bool| if x { "true" } else { "false" };
    if body.contains("halves[") {
        text += "enable f16;\n@group(0) @binding(7) var<storage, read_write> halves: array<f16>;\n";
    }
    let _ = write!(
        text,
        "#import kernel\n#import math\n#import half\nconst OPERANDS: u32 = {}u;\nconst WG: u32 = {}u;\nconst OPAQUE: bool = {};\nconst TWISTED: bool = {};\n{body}",
        OPERANDS / 4,
        planner.workgroup(),
        truth(planner.opaque),
        truth(!planner.graph.lattice().is_periodic()),
    );
    let text = lattice_shaders::kernel(&text).map_err(|e| Error::op("kernel", "shaders that import shaders", e))?;
    Ok(Kernel { name, text })
}

/// The dispatches of a segment: one, and a second one that adds the sums of chunks if there are some.
pub(super) fn write(planner: &mut Planner<'_>, segment: &Segment) -> Result<Vec<Dispatch>> {
    let mut writer = Writer { planner, functions: String::new(), main: String::new(), operands: Vec::new(), near: 0 };
    let mut sums = Vec::new();
    let mut steps = Vec::new();
    let mut cost = Cost::default();
    let mut bound = [None, None];
    for (k, step) in segment.steps.iter().enumerate() {
        if k > 0 {
            writer.main += "    storageBarrier();\n    workgroupBarrier();\n";
        }
        let fields = writer.planner.bound_fields(step);
        (0..2).for_each(|i| bound[i] = bound[i].or(fields[i]));
        match step {
            Work::Chain { domain, nodes } => {
                steps.push("chain");
                nodes.iter().for_each(|&id| cost += writer.planner.graph.cost(id));
                sums.extend(writer.chain(k, *domain, nodes, segment.chunks)?);
            }
            Work::Items(id) => {
                steps.push(writer.planner.graph.node(*id).op.name());
                cost += writer.planner.graph.cost(*id);
                writer.items(k, *id, segment.chunks)?;
            }
            Work::Fetch { argument, node } => {
                steps.push("fetch");
                writer.copy(k, *node, Home::In(*argument), None, segment.chunks)?;
            }
            Work::Deliver { node, output } => {
                steps.push("deliver");
                writer.copy(k, *node, Home::Out(*output), Some(*output), segment.chunks)?;
            }
        }
    }
    if writer.operands.len() > OPERANDS - 4 {
        let found = format!("{} in {}", writer.operands.len(), steps.join(", "));
        return Err(Error::op("kernel", format!("at most {} operands on a GPU", OPERANDS - 4), found));
    }
    let chunks = segment.chunks;
    let name = steps.join(", ");
    let Writer { functions, main, operands, near, .. } = writer;
    let near = if near > 0 { format!("var<workgroup> near: array<f32, {NEAR}>;\n") } else { String::new() };
    let sum_sites = if sums.is_empty() { String::new() } else { sum_sites()? };
    let body = format!(
        "{sum_sites}{near}{functions}
@compute @workgroup_size(WG)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {{
    let n = group.x + group.y * groups.x;
    if (n >= run.samples * {chunks}u) {{
        return;
    }}
    sample = n / {chunks}u;
    base = sample * run.stride;
    let chunk = n % {chunks}u;
{main}}}
"
    );
    let kernel = kernel(name, planner, &body)?;
    let [field_in, field_out] = bound;
    let mut dispatches = vec![Dispatch { kernel, operands, chunks, field_in, field_out, steps, cost }];
    if chunks > 1 && !sums.is_empty() {
        dispatches.push(finish(planner, &sums, chunks)?);
    }
    Ok(dispatches)
}

fn sum_sites() -> Result<String> {
    let text = lattice_shaders::op("sum_sites").map_err(|e| Error::op("sum_sites", "its shader", e))?;
    Ok(lattice_shaders::rename(&text, "", &[]))
}

/// Adds the sums of chunks.
fn finish(planner: &mut Planner<'_>, sums: &[usize], chunks: usize) -> Result<Dispatch> {
    let mut main = String::new();
    let begin = planner.chunk_sums;
    let mut operands = vec![begin as u32];
    for (k, &sum) in sums.iter().enumerate() {
        operands.push(sum as u32);
        let (slot, at) = (operand(k + 1), 2 * k * chunks);
        let _ = writeln!(
            main,
            "    numbers[{slot} * run.batch + run.first + sample] = sum_chunks({} + {at}u, {chunks}u);",
            operand(0)
        );
    }
    let body = format!(
        "{}
@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {{
    if (id.x >= run.samples) {{
        return;
    }}
    sample = id.x;
    base = sample * run.stride;
{main}}}
",
        sum_sites()?
    );
    let kernel = kernel("sums of chunks".into(), planner, &body)?;
    let cost = Cost::default();
    Ok(Dispatch { kernel, operands, chunks: 0, field_in: None, field_out: None, steps: vec!["sum_chunks"], cost })
}

/// The operand of this number.
fn operand(k: usize) -> String {
    format!("op[{}].{}", k / 4, ["x", "y", "z", "w"][k % 4])
}

struct Writer<'p, 'g> {
    planner: &'p mut Planner<'g>,
    functions: String,
    main: String,
    operands: Vec<u32>,
    near: usize,
}

impl Writer<'_, '_> {
    /// An operand with this value.
    fn operand(&mut self, value: usize) -> String {
        self.operands.push(value as u32);
        operand(self.operands.len() - 1)
    }

    /// The value of a number of a field, at an index among those of its sample.
    fn load(&mut self, id: NodeId, home: Home, index: &str) -> Result<String> {
        let place = self.place(id, home, index)?;
        Ok(if matches!(home, Home::Half(_)) { format!("f32({place})") } else { place })
    }

    /// The statement that stores a value there.
    fn store(&mut self, id: NodeId, home: Home, index: &str, value: &str) -> Result<String> {
        let place = self.place(id, home, index)?;
        let half = matches!(home, Home::Half(_));
        Ok(if half { format!("{place} = f16({value});") } else { format!("{place} = {value};") })
    }

    fn place(&mut self, id: NodeId, home: Home, index: &str) -> Result<String> {
        Ok(match home {
            Home::Half(offset) => format!("halves[sample * run.halves + {} + {index}]", self.operand(offset)),
            Home::Arena(offset) => format!("arena[base + {} + {index}]", self.operand(offset)),
            Home::Near(offset) => {
                self.near += 1;
                format!("near[{} + {index}]", self.operand(offset))
            }
            Home::In(_) => {
                format!("field_in[run.shift_in + sample * {}u + {index}]", self.planner.len(self.planner.spec(id))?)
            }
            Home::Out(_) => {
                format!("field_out[run.shift_out + sample * {}u + {index}]", self.planner.len(self.planner.spec(id))?)
            }
        })
    }

    fn home(&self, id: NodeId) -> Result<Home> {
        self.planner.home[id.index()].ok_or_else(|| {
            let node = self.planner.graph.node(id);
            Error::op(node.op.name(), "a value that has a place", node.spec).at(node.line)
        })
    }

    /// A number that the host computes, as an expression.
    fn number(&mut self, id: NodeId) -> Result<String> {
        if let Role::Constant(value) = self.planner.graph.node(id).op.role() {
            let x = value as f32;
            if x == 0.0 || x.is_normal() {
                return Ok(format!("{x:e}f"));
            }
        }
        let step = self.planner.number(id)?;
        let known = |list: &mut Vec<usize>| {
            list.iter().position(|&s| s == step).unwrap_or_else(|| {
                list.push(step);
                list.len() - 1
            })
        };
        if self.planner.host[step].per_sample {
            let slot = known(&mut self.planner.slots);
            let slot = self.operand(slot);
            // Slots follow the uniform numbers and keys, whose count is in the last word of `op`.
            Ok(format!("bitcast<f32>(given[op[OPERANDS - 1u].w + {slot} * run.batch + run.first + sample])"))
        } else {
            let at = known(&mut self.planner.uniforms);
            let at = self.operand(at);
            Ok(format!("bitcast<f32>(given[{at}])"))
        }
    }

    /// The loop over a step's items.
    fn each(&mut self, k: usize, items: usize, chunks: usize) {
        let Writer { main, .. } = self;
        if chunks == 1 {
            let _ = writeln!(main, "    for (var i = local; i < {items}u; i += WG) {{\n        s{k}(i);\n    }}");
        } else {
            let length = items.div_ceil(chunks);
            let _ = writeln!(
                main,
                "    for (var i = chunk * {length}u + local; i < min((chunk + 1u) * {length}u, {items}u); i += WG) {{\n        s{k}(i);\n    }}"
            );
        }
    }

    /// One number after the other from one place to another.
    fn copy(&mut self, k: usize, node: NodeId, bound: Home, output: Option<usize>, chunks: usize) -> Result<()> {
        let own = self.home(node)?;
        let (from, to) = if output.is_some() { (own, bound) } else { (bound, own) };
        let from = self.load(node, from, "i")?;
        let store = self.store(node, to, "i", &from)?;
        let _ = writeln!(self.functions, "fn s{k}(i: u32) {{\n    {store}\n}}");
        let items = self.planner.len(self.planner.spec(node))?;
        self.each(k, items, chunks);
        Ok(())
    }

    /// A chain; returns the sums over the lattice that it ends in.
    fn chain(&mut self, k: usize, domain: Spec, nodes: &[NodeId], chunks: usize) -> Result<Vec<usize>> {
        let (rows, components) = self.planner.shape(domain)?;
        let mut names: HashMap<NodeId, String> = HashMap::new();
        let (mut body, mut sums, mut elements) = (String::new(), Vec::new(), false);
        for (v, &id) in nodes.iter().enumerate() {
            let node = self.planner.graph.node(id);
            let role = node.op.role();
            let expression = if self.planner.is_element(id)? {
                elements = true;
                let name = format!("s{k}_{v}_");
                self.element(&name, id)?;
                format!("{name}{}(c, row)", self.planner.shader(id)?.name)
            } else {
                let fused = self.planner.products.multiply_add(self.planner.graph, id);
                let mut operands = Vec::new();
                for input in self.planner.products.operands(self.planner.graph, id) {
                    let name = match names.get(&input) {
                        Some(name) => name.clone(),
                        None => {
                            // Names count from the first use, not from the graph: equal chains have equal texts.
                            let name = format!("x{}", names.len());
                            let value = match self.planner.spec(input) {
                                Spec::Field { .. } => {
                                    let home = self.home(input)?;
                                    self.load(input, home, "i")?
                                }
                                _ => self.number(input)?,
                            };
                            let _ = writeln!(body, "    let {name} = {value};");
                            names.insert(input, name.clone());
                            name
                        }
                    };
                    operands.push(name);
                }
                match (role, fused) {
                    (_, Some((_, _, kind))) => fill(kind.wgsl(), &operands),
                    (Role::Pointwise(kind), None) => fill(kind.wgsl(), &operands),
                    (Role::Spread, None) => operands[0].clone(),
                    (Role::SumSites, None) => {
                        let sum = sums.len();
                        let _ = writeln!(
                            body,
                            "    s{k}_sum{sum} = add(s{k}_sum{sum}, vec2({}, 0.0), run.zero);",
                            operands[0]
                        );
                        let _ = writeln!(self.functions, "var<private> s{k}_sum{sum}: vec2<f32>;");
                        sums.extend(self.planner.sum_of[id.index()]);
                        continue;
                    }
                    _ => return Err(Error::op(node.op.name(), "an op that fits into a chain", &node.op).at(node.line)),
                }
            };
            let _ = writeln!(body, "    let v{v} = {expression};");
            names.insert(id, format!("v{v}"));
            if let Some(home) = self.planner.home[id.index()] {
                let store = self.store(id, home, "i", &format!("v{v}"))?;
                let _ = writeln!(body, "    {store}");
            }
        }
        let coordinates = match (elements, components) {
            (false, _) => String::new(),
            (true, 1) => "    let c = 0u;\n    let row = i;\n".into(),
            (true, _) => format!("    let c = i / {rows}u;\n    let row = i % {rows}u;\n"),
        };
        let _ = write!(self.functions, "fn s{k}(i: u32) {{\n{coordinates}{body}}}\n");
        self.each(k, rows * components, chunks);
        self.add_sums(k, &sums, chunks);
        Ok(sums)
    }

    fn add_sums(&mut self, k: usize, sums: &[usize], chunks: usize) {
        for (s, &sum) in sums.iter().enumerate() {
            let target = if chunks == 1 {
                let slot = self.operand(sum);
                format!("numbers[{slot} * run.batch + run.first + sample] = total;")
            } else {
                let begin = self.operand(self.planner.chunk_sums + 2 * s * chunks);
                format!(
                    "arena[base + {begin} + 2u * chunk] = total.x;\n            arena[base + {begin} + 2u * chunk + 1u] = total.y;"
                )
            };
            let _ = writeln!(
                self.main,
                "    {{\n        let total = sum_sites(s{k}_sum{s}, local);\n        if (local == 0u) {{\n            {target}\n        }}\n    }}"
            );
        }
    }

    /// The function of an op, with what it reads, under a prefix.
    fn function(&mut self, prefix: &str, id: NodeId, shader: &Shader) -> Result<()> {
        let node = self.planner.graph.node(id);
        let mut names: Vec<&str> = vec!["y", "y_matrix", "y_algebra", "key"];
        let of_matrices: Vec<String> =
            shader.inputs.iter().flat_map(|name| [format!("{name}_matrix"), format!("{name}_algebra")]).collect();
        names.extend(of_matrices.iter().map(String::as_str));
        names.extend(shader.inputs.iter().map(AsRef::as_ref));
        names.extend(shader.constants.iter().map(|(name, _)| *name));
        names.extend(shader.tables.iter().map(|(name, _)| *name));
        for (name, &input) in shader.inputs.iter().zip(&node.inputs) {
            match self.planner.spec(input) {
                spec @ Spec::Field { .. } => {
                    let rows = self.planner.shape(spec)?.0;
                    let home = self.home(input)?;
                    let value = self.load(input, home, &format!("c * {rows}u + row"))?;
                    let _ = writeln!(
                        self.functions,
                        "fn {prefix}{name}(c: u32, row: u32) -> f32 {{\n    return {value};\n}}"
                    );
                    if let Some((kind, numbers)) = of_group(spec, shader) {
                        let _ = writeln!(
                            self.functions,
                            "fn {prefix}{name}_{}(which: u32, row: u32) -> {kind} {{
    var m: {kind};
    for (var k = 0u; k < bound({numbers}); k++) {{
        m[k] = {prefix}{name}(which * {numbers} + k, row);
    }}
    return m;
}}",
                            kind.to_lowercase()
                        );
                    }
                }
                Spec::Weights { offset, .. } => {
                    let from =
                        shader.weights.iter().map(|&w| if w == crate::ops::NONE { w } else { w + offset as u32 });
                    let at = self.planner.packed(from.collect());
                    let at = self.operand(at as usize);
                    let _ = writeln!(
                        self.functions,
                        "fn {prefix}{name}(n: u32) -> vec4<f32> {{\n    return weights[{at} + n];\n}}"
                    );
                }
                _ => {
                    let value = self.number(input)?;
                    let _ = writeln!(self.functions, "fn {prefix}{name}() -> f32 {{\n    return {value};\n}}");
                }
            }
        }
        for (name, value) in &shader.constants {
            let _ = match value {
                ShaderConstant::Number(n) => writeln!(self.functions, "const {prefix}{name}: u32 = {n}u;"),
                ShaderConstant::Truth(t) => writeln!(self.functions, "const {prefix}{name}: bool = {t};"),
            };
        }
        for (name, words) in &shader.tables {
            let at = self.planner.table(words);
            let at = self.operand(at as usize);
            let _ = writeln!(self.functions, "fn {prefix}{name}() -> u32 {{\n    return {at};\n}}");
        }
        if let Some(stream) = &shader.stream {
            let known = self.planner.streams.iter().position(|s| s == stream);
            let stream = known.unwrap_or_else(|| {
                self.planner.streams.push(stream.clone());
                self.planner.streams.len() - 1
            });
            let at = self.operand(2 * stream);
            // Keys follow the uniform numbers, whose count is in the last but one word of `op`.
            let _ = writeln!(
                self.functions,
                "fn {prefix}key() -> vec2<u32> {{\n    let at = op[OPERANDS - 1u].z + {at};\n    return vec2(given[at], given[at + 1u]);\n}}"
            );
        }
        let text = match &shader.text {
            Some(text) => text.to_string(),
            None => lattice_shaders::op(shader.name)
                .map_err(|e| Error::op(node.op.name(), "an op with a shader", e).at(node.line))?,
        };
        let group = shader.group.map_or("", |group| group.name());
        let text = text.replace("#import group", &format!("#import {group}"));
        self.functions += &lattice_shaders::rename(&text, prefix, &names);
        Ok(())
    }

    fn element(&mut self, prefix: &str, id: NodeId) -> Result<()> {
        let shader = self.planner.shader(id)?;
        self.function(prefix, id, &shader)
    }

    fn items(&mut self, k: usize, id: NodeId, chunks: usize) -> Result<()> {
        let shader = self.planner.shader(id)?;
        let prefix = format!("s{k}_");
        let rows = self.planner.shape(self.planner.spec(id))?.0;
        let home = self.home(id)?;
        let store = self.store(id, home, &format!("c * {rows}u + row"), "value")?;
        let _ = writeln!(self.functions, "fn {prefix}y(c: u32, row: u32, value: f32) {{\n    {store}\n}}");
        if let Some((kind, numbers)) = of_group(self.planner.spec(id), &shader) {
            let _ = writeln!(
                self.functions,
                "fn {prefix}y_{}(which: u32, row: u32, matrix: {kind}) {{
    var m = matrix;
    for (var k = 0u; k < bound({numbers}); k++) {{
        {prefix}y(which * {numbers} + k, row, m[k]);
    }}
}}",
                kind.to_lowercase()
            );
        }
        self.function(&prefix, id, &shader)?;
        let _ = writeln!(self.functions, "fn s{k}(i: u32) {{\n    {prefix}{}(i);\n}}", shader.name);
        let Form::Items(items) = shader.form else { return Ok(()) };
        self.each(k, items, chunks);
        Ok(())
    }
}

/// The type of what is on a site, and how many numbers it has, where the op computes in a group.
fn of_group(spec: Spec, shader: &Shader) -> Option<(&'static str, &'static str)> {
    shader.group?;
    match spec {
        Spec::Field { fibre: Fibre::Matrix { .. }, .. } => Some(("Matrix", "MATRIX")),
        Spec::Field { fibre: Fibre::Algebra { .. }, .. } => Some(("Algebra", "ALGEBRA")),
        _ => None,
    }
}

/// An expression with names for its operands.
fn fill(expression: &str, operands: &[String]) -> String {
    let mut text = expression.to_string();
    for (mark, operand) in ["{a}", "{b}", "{c}"].into_iter().zip(operands) {
        text = text.replace(mark, operand);
    }
    text
}

impl Planner<'_> {
    /// The weight gradients of a stage: convolutions of one shape share a dispatch.
    pub(super) fn groups(&mut self, jobs: &[Job], partials: usize) -> Result<Vec<Groups>> {
        let mut groups: Vec<(Shader, String, Groups)> = Vec::new();
        for job in jobs {
            let shader = self.shader(job.node)?;
            let Form::Groups { tiles, .. } = shader.form else { continue };
            let node = self.graph.node(job.node);
            let mut operands = Vec::new();
            let mut read = String::new();
            for (name, &input) in shader.inputs.iter().zip(&node.inputs) {
                let (offset, value) = match self.home[input.index()] {
                    Some(Home::Arena(offset)) => (offset, "arena[s * run.stride + n]"),
                    Some(Home::Half(offset)) => (offset, "f32(halves[s * run.halves + n])"),
                    _ => return Err(Error::op(node.op.name(), "operands in the arena", node.spec).at(node.line)),
                };
                operands.push(offset as u32);
                let _ = writeln!(read, "fn {name}_at(s: u32, n: u32) -> f32 {{\n    return {value};\n}}");
            }
            for (_, words) in &shader.tables {
                operands.push(self.table(words));
            }
            operands.push(job.to as u32);
            let cost = self.graph.cost(job.node);
            let alike = groups.iter_mut().find(|(known, known_read, group)| {
                let same = known.constants == shader.constants && known.form == shader.form && *known_read == read;
                same && group.operands.len() + 4 < OPERANDS
            });
            match alike {
                Some((_, _, group)) => {
                    group.operands.extend(operands);
                    group.jobs += 1;
                    group.cost += cost;
                }
                None => {
                    let mut body = format!("const GROUP: u32 = {GROUP}u;\nconst TOTAL: u32 = {partials}u;\n{read}");
                    for (name, value) in &shader.constants {
                        let _ = match value {
                            ShaderConstant::Number(n) => writeln!(body, "const {name}: u32 = {n}u;"),
                            ShaderConstant::Truth(t) => writeln!(body, "const {name}: bool = {t};"),
                        };
                    }
                    let text = lattice_shaders::op(shader.name).map_err(|e| Error::op("conv", "its shader", e))?;
                    body += &lattice_shaders::rename(&text, "", &[]);
                    let kernel = kernel(node.op.name().into(), self, &body)?;
                    groups.push((shader, read, Groups { kernel, tiles, operands, jobs: 1, cost }));
                }
            }
        }
        Ok(groups.into_iter().map(|(_, _, group)| group).collect())
    }
}
