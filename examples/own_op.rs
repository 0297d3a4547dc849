//! An op of one's own, pushed into a program without touching any list: `y(x) = x₊² `, the square of the positive part.
//!
//! Most new operations are plain functions of handles; an op is for what they cannot say or do fast enough.
//!
//! `cargo run --release --example own_op`

use lattice_fields::prelude::*;
use lattice_fields::tensor::device::cpu::{Args, Kernel};
use lattice_fields::tensor::ops::{Adjoint, Form, Op, Pointwise, Shader, Site, Vjp};
use lattice_fields::tensor::{Cost, Error, Graph, Result, Spec};

/// The square of the positive part.
#[derive(Clone, Copy, Debug)]
struct PositiveSquare;

impl Op for PositiveSquare {
    const NAME: &'static str = "positive_square";

    fn infer(&self, _lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        match inputs {
            [field @ Spec::Field { .. }] => Ok(*field),
            _ => Err(Error::op(Self::NAME, "a field", inputs)),
        }
    }

    /// `x̄ = 2 x₊ ȳ`, written with ops that exist.
    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let zero = graph.constant(0.0);
        let positive = graph.push(Pointwise::Max, &[at.inputs[0], zero])?;
        let slope = graph.push(Pointwise::Add, &[positive, positive])?;
        Ok(vec![Vjp::Node(graph.push(Pointwise::Mul, &[slope, at.cotangent])?)])
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: 2.0 * n, bytes: 8.0 * n }
    }

    fn kernel<R: Real>(&self, _at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        Ok(Box::new(|args: &mut Args<'_, R>| {
            let (x, y) = args.field_and_output(0);
            for (x, y) in x.iter().zip(y) {
                let positive = x.to_f64().max(0.0);
                *y = R::from_f64(positive * positive);
            }
        }))
    }

    /// The same on a GPU: the value of component `c` at a row, to be joined to whatever is computed around it.
    fn shader(&self, _at: &Site<'_>) -> Result<Option<Shader>> {
        let text = "fn positive_square(c: u32, row: u32) -> f32 { let x = max(f(c, row), 0.0); return x * x; }";
        Ok(Some(Shader { text: Some(text.into()), ..Shader::new("positive_square", Form::Element, &["f"]) }))
    }
}

/// The sums `Σ x₊²` of five samples, and those of the squared gradient.
fn sums<R: Real>(device: &Device) -> std::result::Result<[[f64; 5]; 2], Box<dyn std::error::Error>> {
    let lattice = Lattice::periodic([4, 4])?;
    let trace = Trace::new(&lattice);
    let phi = trace.normal("phi", Location::All);
    let total = trace.apply::<Scalar>(PositiveSquare, &[phi.id()]).sum_sites();
    let gradient = trace.gradient(total, phi).square().sum_sites();
    let (mut a, mut b) = ([0.0; 5], [0.0; 5]);
    trace
        .program::<R>(&[total.id(), gradient.id()], &Layout::samples(&lattice, R::WIDTH))?
        .run(device, &mut Bindings { samples: 5, out_per_sample: &mut [&mut a, &mut b], ..Default::default() })?;
    Ok([a, b])
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // The gradient of Σ x₊² is 2 x₊, so its square is four times the sum.
    let [a, b] = sums::<f64>(&Device::cpu(1)?)?;
    assert!(a.iter().zip(&b).all(|(a, b)| (4.0 * a - b).abs() < 1e-12));
    eprintln!("sums {a:.3?}, squared gradients {b:.3?}");
    match Device::gpu() {
        Ok(gpu) => {
            let (here, there) = (sums::<f32>(&Device::cpu(1)?)?, sums::<f32>(&gpu)?);
            assert!(here.iter().flatten().zip(there.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-4));
            eprintln!("and the same on {}", gpu.describe());
        }
        Err(reason) => eprintln!("not run on a GPU: {reason}"),
    }
    Ok(())
}
