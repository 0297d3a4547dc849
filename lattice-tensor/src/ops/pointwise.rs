//! Arithmetic and elementary functions, site by site.
//!
//! * in    one to three operands: fields of one type, and numbers per sample or for all samples, which spread over it
//! * out   a field if any operand is one, else per sample if any is, else uniform
//! * vjp   the entry's last column, the derivative but for `half`; summed over the sites for an operand that was spread
//! * cost  the entry's flops; chains of them are one pass through memory
//! * see   Abramowitz and Stegun for the derivatives
//!
//! Fields are computed in the program's precision, numbers per sample in `f64`. One entry of the table below is the
//! whole op: its lanes, its `f64` form, its WGSL and its gradient.
//!
//! On GPUs a multiply-add may be rounded twice, quotients and roots are within 2.5 units in the last place, numbers below
//! the least normal one may be 0, and the smaller or larger of two numbers, one of which is NaN, is either of them.

use super::{Adjoint, Op, Role, SumSites, Vjp};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::lanes::{self, Isa, Lane, Real};
use crate::lattice::Lattice;
use crate::spec::{Cost, Spec};
use std::f64::consts::{PI, TAU};

/// A gradient rule under construction: pushes pointwise nodes without spelling out the graph.
struct Rule<'a> {
    graph: &'a mut Graph,
    error: Option<Error>,
}

impl Rule<'_> {
    fn push(&mut self, kind: Pointwise, inputs: &[NodeId]) -> NodeId {
        match self.graph.push(kind, inputs) {
            Ok(id) => id,
            Err(e) => {
                self.error.get_or_insert(e);
                inputs[0]
            }
        }
    }
    fn number(&mut self, value: f64) -> NodeId {
        self.graph.constant(value)
    }
}

macro_rules! rule_methods {
    ($($method:ident $kind:ident ($($x:ident),+);)*) => {
        impl Rule<'_> {
            $(fn $method(&mut self, $($x: NodeId),+) -> NodeId { self.push(Pointwise::$kind, &[$($x),+]) })*
        }
    };
}
rule_methods! {
    sub Sub(a, b); mul Mul(a, b); div Div(a, b); neg Neg(a);
    sin Sin(a); cos Cos(a); select Select(c, a, b);
}

macro_rules! pointwise {
    ($($(#[$doc:meta])* $kind:ident $name:literal ($($x:ident),+) => $y:ident, flops $flops:literal:
       lanes { $lanes:expr } f64 { $f64:expr } wgsl $wgsl:literal
       vjp |$g:ident, $dy:ident| [$($dx:expr),+];)*) => {
        /// A pointwise op.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Pointwise { $($(#[$doc])* $kind),* }

        impl Pointwise {
            /// Every pointwise op.
            pub const ALL: &'static [Pointwise] = &[$(Pointwise::$kind),*];

            /// The name, as in Rust.
            pub fn name(self) -> &'static str {
                match self { $(Pointwise::$kind => $name),* }
            }

            /// The number of operands.
            pub fn arity(self) -> usize {
                match self { $(Pointwise::$kind => [$(stringify!($x)),+].len()),* }
            }

            /// Floating-point operations a number, elementary functions counted by their polynomials.
            pub fn flops(self) -> f64 {
                match self { $(Pointwise::$kind => $flops),* }
            }

            /// The WGSL expression, operands written as `{a}`, `{b}`, `{c}`.
            pub fn wgsl(self) -> &'static str {
                match self { $(Pointwise::$kind => $wgsl),* }
            }

            /// The value for numbers in `f64`.
            pub fn on_f64(self, inputs: &[f64]) -> f64 {
                match self { $(Pointwise::$kind => { let &[$($x),+] = inputs else { return f64::NAN }; $f64 })* }
            }

            /// Applies the op to strips of registers: `out[i] = op(a[i], …)` for `i` in `0..rows`, through `load` and
            /// `store`.
            #[inline(always)]
            pub(crate) fn on_strip<S: Isa, R: Real>(
                self,
                rows: usize,
                load: impl Fn(usize, usize) -> Lane<S, R>,
                mut store: impl FnMut(usize, Lane<S, R>),
            ) {
                match self {
                    $(Pointwise::$kind => {
                        for i in 0..rows {
                            let mut operand = 0..;
                            $(let $x = load(operand.next().unwrap_or(0), i);)+
                            store(i, $lanes);
                        }
                    })*
                }
            }

            fn rule(self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<NodeId>> {
                let mut rule = Rule { graph, error: None };
                let result = match self {
                    $(Pointwise::$kind => {
                        let &[$($x),+] = at.inputs else {
                            return Err(Error::op($name, "as many operands as the op has", at.inputs));
                        };
                        let $y = at.output;
                        let $dy = at.cotangent;
                        let $g = &mut rule;
                        let _ = ($($x,)+ $y, &$g);
                        vec![$($dx),+]
                    })*
                };
                match rule.error {
                    Some(error) => Err(error),
                    None => Ok(result),
                }
            }
        }
    };
}

pointwise! {
    /// `a + b`
    Add "add" (a, b) => y, flops 1.0: lanes { a + b } f64 { a + b } wgsl "{a} + {b}" vjp |g, dy| [dy, dy];
    /// `a − b`
    Sub "sub" (a, b) => y, flops 1.0: lanes { a - b } f64 { a - b } wgsl "{a} - {b}" vjp |g, dy| [dy, g.neg(dy)];
    /// `a · b`
    Mul "mul" (a, b) => y, flops 1.0: lanes { a * b } f64 { a * b } wgsl "{a} * {b}"
        vjp |g, dy| [g.mul(dy, b), g.mul(dy, a)];
    /// `a / b`
    Div "div" (a, b) => y, flops 1.0: lanes { a / b } f64 { a / b } wgsl "{a} / {b}"
        vjp |g, dy| [g.div(dy, b), { let q = g.mul(dy, y); let q = g.div(q, b); g.neg(q) }];
    /// `a · b + c`, rounded once
    MulAdd "mul_add" (a, b, c) => y, flops 2.0: lanes { a.mul_add(b, c) } f64 { a.mul_add(b, c) }
        wgsl "fma({a}, {b}, {c})" vjp |g, dy| [g.mul(dy, b), g.mul(dy, a), dy];
    /// `c − a · b`, rounded once
    MulSub "mul_sub" (a, b, c) => y, flops 2.0: lanes { (-a).mul_add(b, c) } f64 { (-a).mul_add(b, c) }
        wgsl "fma(-{a}, {b}, {c})"
        vjp |g, dy| [{ let q = g.mul(dy, b); g.neg(q) }, { let q = g.mul(dy, a); g.neg(q) }, dy];
    /// `−a`
    Neg "neg" (a) => y, flops 1.0: lanes { -a } f64 { -a } wgsl "-{a}" vjp |g, dy| [g.neg(dy)];
    /// `a`, as a node of its own
    Copy "copy" (a) => y, flops 0.0: lanes { a } f64 { a } wgsl "{a}" vjp |g, dy| [dy];
    /// `a` rounded to the nearest `f16`, at most 65504 in magnitude; the gradient passes straight through
    Half "half" (a) => y, flops 6.0: lanes { a.half() } f64 { lanes::half(a) } wgsl "half_of({a})" vjp |g, dy| [dy];
    /// `1 / a`
    Recip "recip" (a) => y, flops 1.0: lanes { a.recip() } f64 { 1.0 / a } wgsl "1.0 / {a}"
        vjp |g, dy| [{ let q = g.mul(y, y); let q = g.mul(dy, q); g.neg(q) }];
    /// `e^a`
    Exp "exp" (a) => y, flops 14.0: lanes { a.exp() } f64 { a.exp() } wgsl "exp_({a})" vjp |g, dy| [g.mul(dy, y)];
    /// `ln a`
    Ln "ln" (a) => y, flops 18.0: lanes { a.ln() } f64 { a.ln() } wgsl "ln_({a})" vjp |g, dy| [g.div(dy, a)];
    /// `√a`
    Sqrt "sqrt" (a) => y, flops 1.0: lanes { a.sqrt() } f64 { a.sqrt() } wgsl "sqrt({a})"
        vjp |g, dy| [{ let h = g.number(0.5); let q = g.mul(dy, h); g.div(q, y) }];
    /// `tanh a`
    Tanh "tanh" (a) => y, flops 20.0: lanes { a.tanh() } f64 { a.tanh() } wgsl "tanh_({a})"
        vjp |g, dy| [{ let o = g.number(1.0); let q = g.mul(y, y); let q = g.sub(o, q); g.mul(dy, q) }];
    /// `sin a`
    Sin "sin" (a) => y, flops 16.0: lanes { a.sin() } f64 { a.sin() } wgsl "sin_({a})"
        vjp |g, dy| [{ let q = g.cos(a); g.mul(dy, q) }];
    /// `cos a`
    Cos "cos" (a) => y, flops 16.0: lanes { a.cos() } f64 { a.cos() } wgsl "cos_({a})"
        vjp |g, dy| [{ let q = g.sin(a); let q = g.mul(dy, q); g.neg(q) }];
    /// The angle `a − 2π n` in `[−π, π]`, `n` whole, for `|a| < 2^20`
    Wrap "wrap" (a) => y, flops 6.0: lanes { a.wrapped() }
        f64 { (a - TAU * (a / TAU).round_ties_even()).clamp(-PI, PI) } wgsl "wrap_({a})" vjp |g, dy| [dy];
    /// The logistic function `1 / (1 + e^{−a})`
    Sigmoid "sigmoid" (a) => y, flops 16.0:
        lanes { ((-a).exp() + Lane::constant(a.simd(), 1.0)).recip() } f64 { 1.0 / (1.0 + (-a).exp()) }
        wgsl "sigmoid_({a})"
        vjp |g, dy| [{ let o = g.number(1.0); let q = g.sub(o, y); let q = g.mul(y, q); g.mul(dy, q) }];
    /// Leaky rectifier: `a` where `a > 0`, else `s · a`; the gradient needs the output alone
    LeakyRelu "leaky_relu" (a, s) => y, flops 2.0:
        lanes { Lane::select(Lane::constant(a.simd(), 0.0).lt(a), a, a * s) } f64 { if a > 0.0 { a } else { a * s } }
        wgsl "select({a} * {b}, {a}, {a} > 0.0)"
        vjp |g, dy| [{ let q = g.mul(dy, s); g.select(y, dy, q) },
                     { let z = g.number(0.0); let q = g.mul(dy, a); g.select(a, z, q) }];
    /// `|a|`, with derivative −1 at 0
    Abs "abs" (a) => y, flops 1.0: lanes { a.abs() } f64 { a.abs() } wgsl "abs({a})"
        vjp |g, dy| [{ let n = g.neg(dy); g.select(a, dy, n) }];
    /// `a` where `c > 0`, else `b`; no gradient flows to `c`
    Select "select" (c, a, b) => y, flops 1.0:
        lanes { Lane::select(Lane::constant(c.simd(), 0.0).lt(c), a, b) } f64 { if c > 0.0 { a } else { b } }
        wgsl "select({c}, {b}, {a} > 0.0)"
        vjp |g, dy| [{ let z = g.number(0.0); g.mul(dy, z) }, { let z = g.number(0.0); g.select(c, dy, z) },
                     { let z = g.number(0.0); g.select(c, z, dy) }];
    /// The smaller of `a` and `b`; the gradient goes to `b` where they are equal
    Min "min" (a, b) => y, flops 1.0: lanes { a.min(b) } f64 { if a < b { a } else { b } } wgsl "select({b}, {a}, {a} < {b})"
        vjp |g, dy| [{ let z = g.number(0.0); let d = g.sub(b, a); g.select(d, dy, z) },
                     { let z = g.number(0.0); let d = g.sub(b, a); g.select(d, z, dy) }];
    /// The larger of `a` and `b`; the gradient goes to `b` where they are equal
    Max "max" (a, b) => y, flops 1.0: lanes { a.max(b) } f64 { if b < a { a } else { b } } wgsl "select({b}, {a}, {b} < {a})"
        vjp |g, dy| [{ let z = g.number(0.0); let d = g.sub(a, b); g.select(d, dy, z) },
                     { let z = g.number(0.0); let d = g.sub(a, b); g.select(d, z, dy) }];
}

impl Op for Pointwise {
    const NAME: &'static str = "pointwise";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        if inputs.len() != self.arity() {
            return Err(Error::op(self.name(), format!("{} operands", self.arity()), inputs));
        }
        let mut result = Spec::Uniform;
        for &input in inputs {
            result = match (result, input) {
                (_, Spec::Weights { .. } | Spec::BatchSum { .. }) => {
                    return Err(Error::op(self.name(), "fields or numbers", inputs));
                }
                (Spec::Field { .. }, Spec::Field { .. }) if result != input => {
                    return Err(Error::op(self.name(), "fields of one type", inputs));
                }
                (_, Spec::Field { .. }) => input,
                (Spec::Uniform, Spec::PerSample) => input,
                (result, _) => result,
            };
        }
        Ok(result)
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let cotangents = self.rule(graph, at)?;
        let output = graph.spec(at.output);
        let spread = |graph: &mut Graph, (input, cotangent): (&NodeId, NodeId)| {
            if graph.constant_value(cotangent) == Some(0.0) || graph.constant_value(*input).is_some() {
                return Ok(Vjp::Zero);
            }
            match (output, graph.spec(*input)) {
                (Spec::Field { .. }, Spec::PerSample | Spec::Uniform) => {
                    let full = match graph.spec(cotangent) {
                        Spec::Field { .. } => cotangent,
                        _ => graph.push(super::Spread { spec: output }, &[cotangent])?,
                    };
                    Ok(Vjp::Node(graph.push(SumSites, &[full])?))
                }
                _ => Ok(Vjp::Node(cotangent)),
            }
        };
        at.inputs.iter().zip(cotangents).map(|pair| spread(graph, pair)).collect()
    }

    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        let read: f64 = inputs.iter().map(|i| i.numbers(lattice) as f64).sum();
        Cost { flops: self.flops() * n, bytes: 4.0 * (n + read) }
    }

    fn role(&self) -> Role {
        Role::Pointwise(*self)
    }
}
