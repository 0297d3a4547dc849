//! One channel of many, and channels side by side.
//!
//! `Channel`: `y(x) = f_i(x)`; `Stack`: `y_i(x) = f⁽ⁱ⁾(x)`.
//!
//! * in    `Channel`: a field of channels; `Stack`: real fields on one sub-lattice
//! * out   a real field; a field of as many channels
//! * vjp   each is the other's: zeros are stacked around `ȳ`; channel `i` of `ȳ` is taken
//! * cost  no flops; `Channel` folds into a chain's load, `Stack` copies once
//! * see   `Conv`, whose outputs they take apart

use super::{Adjoint, Form, Op, Role, Shader, Site, Vjp};
use crate::device::cpu::{Args, Kernel};
use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::lanes::Real;
use crate::lattice::Lattice;
use crate::spec::{Cost, Fibre, Spec};
use std::borrow::Cow;

/// Channel number `.0` of a field of channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel(pub usize);

impl Op for Channel {
    const NAME: &'static str = "channel";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match *inputs {
            [Spec::Field { location, fibre }] if self.0 < fibre.components() => {
                Ok(Spec::Field { location, fibre: Fibre::Scalar })
            }
            _ => Err(Error::op(Self::NAME, format!("a field with more than {} channels", self.0), inputs)),
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let Spec::Field { location, fibre } = graph.spec(at.inputs[0]) else {
            return Err(Error::op(Self::NAME, "a field", at.inputs));
        };
        let zero = graph.constant(0.0);
        let zeros = graph.push(super::Spread { spec: Spec::Field { location, fibre: Fibre::Scalar } }, &[zero])?;
        let mut parts = vec![zeros; fibre.components()];
        parts[self.0] = at.cotangent;
        let stack = graph.push(Stack { fibre }, &parts)?;
        Ok(vec![Vjp::Node(stack)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        Cost { flops: 0.0, bytes: 8.0 * output.numbers(lattice) as f64 }
    }

    fn role(&self) -> Role {
        Role::Channel(self.0)
    }

    fn is_linear(&self) -> bool {
        true
    }

    fn shader(&self, _at: &Site<'_>) -> Result<Option<Shader>> {
        Ok(Some(Shader::new("channels", Form::Element, &["f"]).number("SOURCE", self.0)))
    }
}

/// Real fields as the components of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The fibre of the result.
    pub fibre: Fibre,
}

impl Op for Stack {
    const NAME: &'static str = "stack";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match inputs.first() {
            Some(&first @ Spec::Field { location, fibre: Fibre::Scalar })
                if inputs.iter().all(|&s| s == first) && inputs.len() == self.fibre.components() =>
            {
                Ok(Spec::Field { location, fibre: self.fibre })
            }
            _ => {
                let expected = format!("{} real fields on one sub-lattice", self.fibre.components());
                Err(Error::op(Self::NAME, expected, inputs))
            }
        }
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        (0..at.inputs.len()).map(|i| Ok(Vjp::Node(graph.push(Channel(i), &[at.cotangent])?))).collect()
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        Cost { flops: 0.0, bytes: 8.0 * output.numbers(lattice) as f64 }
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, _at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let components = self.fibre.components();
        Ok(Box::new(move |args: &mut Args<'_, R>| {
            for c in 0..components {
                let (from, to) = args.field_and_output(c);
                for (from, to) in from.chunks_exact(R::WIDTH).zip(to.chunks_exact_mut(R::WIDTH * components)) {
                    to[c * R::WIDTH..][..R::WIDTH].copy_from_slice(from);
                }
            }
        }))
    }

    /// The input of number `c`.
    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let names: Vec<Cow<'static, str>> = (0..at.inputs.len()).map(|c| format!("f_{c}").into()).collect();
        let mut text = "fn channels(c: u32, row: u32) -> f32 {\n    switch c {\n".to_string();
        for (c, name) in names.iter().enumerate().skip(1) {
            text += &format!("        case {c}u: {{ return {name}(0u, row); }}\n");
        }
        text += "        default: { return f_0(0u, row); }\n    }\n}\n";
        Ok(Some(Shader { text: Some(text.into()), inputs: names, ..Shader::new("channels", Form::Element, &[]) }))
    }
}
