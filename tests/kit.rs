//! The verification kit on ops: right ones pass, planted faults are caught and named; and the page that shows it.

use lattice_autograd::check::{self, Options, Report, Symmetry, Verdict};
use lattice_fields::prelude::*;
use lattice_tensor::device::cpu::{Args, Kernel};
use lattice_tensor::ops::{Adjoint, Biases, Conv, ConvKernel, Neighbours, Op, Pointwise, Shift, Site, SumSites, Vjp};
use lattice_tensor::{Cost, Error, Fibre, Graph, Spec};

#[path = "../examples/own_layer.rs"]
#[allow(dead_code, reason = "the example's main is not called")]
mod own_layer;

/// `y = x²`, and faults to order.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Square {
    Right,
    /// The gradient is 1 % too large.
    Gradient,
    /// The gradient has a gradient that is 1 % too large.
    Second,
    /// A thousandth of the first lane is added to the last one.
    Lanes,
    /// A row is larger than the others.
    Rows,
    /// The square is computed as `(x² + 10⁴) − 10⁴`.
    Digits,
    /// There is no gradient.
    None,
}

/// `2 x ȳ`, as an op whose own gradient is wrong.
#[derive(Clone, Copy, Debug)]
struct Slope;

fn field(name: &'static str, inputs: &[Spec]) -> lattice_tensor::Result<Spec> {
    match inputs.first() {
        Some(field @ Spec::Field { .. }) => Ok(*field),
        _ => Err(Error::op(name, "a field", inputs)),
    }
}

impl Op for Square {
    const NAME: &'static str = "square";

    fn infer(&self, _: &Lattice, inputs: &[Spec]) -> lattice_tensor::Result<Spec> {
        field(Self::NAME, inputs)
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> lattice_tensor::Result<Vec<Vjp>> {
        let factor = match self {
            Square::None => return Ok(vec![Vjp::NotDifferentiable]),
            Square::Second => return Ok(vec![Vjp::Node(graph.push(Slope, &[at.inputs[0], at.cotangent])?)]),
            Square::Gradient => 2.02,
            _ => 2.0,
        };
        let factor = graph.constant(factor);
        let slope = graph.push(Pointwise::Mul, &[factor, at.inputs[0]])?;
        Ok(vec![Vjp::Node(graph.push(Pointwise::Mul, &[slope, at.cotangent])?)])
    }

    fn cost(&self, lattice: &Lattice, _: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: n, bytes: 8.0 * n }
    }

    fn kernel<R: Real>(&self, _: &Site<'_>) -> lattice_tensor::Result<Box<dyn Kernel<R>>> {
        let fault = *self;
        Ok(Box::new(move |args: &mut Args<'_, R>| {
            let (x, y) = args.field_and_output(0);
            for (i, (x, y)) in x.chunks(R::WIDTH).zip(y.chunks_mut(R::WIDTH)).enumerate() {
                for (x, y) in x.iter().zip(y.iter_mut()) {
                    let x = x.to_f64();
                    *y = R::from_f64(match fault {
                        Square::Digits => (R::from_f64(x * x + 1e4)).to_f64() - 1e4,
                        Square::Rows if i == 2 => x * x * (1.0 + 1e-9),
                        _ => x * x,
                    });
                }
                if fault == Square::Lanes {
                    let last = &mut y[R::WIDTH - 1];
                    *last = R::from_f64(last.to_f64() + 1e-3 * x[0].to_f64());
                }
            }
        }))
    }
}

impl Op for Slope {
    const NAME: &'static str = "slope";

    fn infer(&self, _: &Lattice, inputs: &[Spec]) -> lattice_tensor::Result<Spec> {
        field(Self::NAME, inputs)
    }

    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> lattice_tensor::Result<Vec<Vjp>> {
        let mut part = |factor: f64, other| {
            let factor = graph.constant(factor);
            let scaled = graph.push(Pointwise::Mul, &[factor, other])?;
            graph.push(Pointwise::Mul, &[scaled, at.cotangent]).map(Vjp::Node)
        };
        Ok(vec![part(2.02, at.inputs[1])?, part(2.0, at.inputs[0])?])
    }

    fn cost(&self, lattice: &Lattice, _: &[Spec], output: &Spec) -> Cost {
        Square::Right.cost(lattice, &[], output)
    }

    fn kernel<R: Real>(&self, _: &Site<'_>) -> lattice_tensor::Result<Box<dyn Kernel<R>>> {
        Ok(Box::new(|args: &mut Args<'_, R>| {
            let (x, cotangent, y) = args.split(0, 1);
            x.iter().zip(cotangent).zip(y).for_each(|((x, c), y)| *y = R::from_f64(2.0 * x.to_f64() * c.to_f64()));
        }))
    }
}

fn square(fault: Square, options: impl Into<Options>) -> Report {
    let lattice = Lattice::periodic([4, 3]).expect("a lattice");
    check::op(fault, &[Spec::scalar_field()], &lattice, options).expect("a check")
}

#[test]
fn right_ops_pass_for_many_seeds() {
    let lattice = Lattice::periodic([4, 3]).expect("a lattice");
    let scalar = Spec::scalar_field();
    let channels = Spec::Field { location: Location::All, fibre: Fibre::Channels(2) };
    for seed in 0..20 {
        square(Square::Right, Options::from(seed).claim(Symmetry::sign_flip().leaving_outputs())).assert();
        let kernel = ConvKernel {
            extents: vec![3, 3],
            from: Location::All,
            to: Location::All,
            inputs: 2,
            outputs: 3,
            biases: Biases::Added,
        };
        let weights = Spec::Weights { offset: 4, len: kernel.weights() };
        check::op(Conv(kernel), &[channels, weights], &lattice, seed).expect("a check").assert();
        let shift = Shift { to: Location::All, displacement: vec![2, -1], from: Location::All };
        check::op(shift, &[channels], &lattice, seed).expect("a check").assert();
        let isotropic = Options::from(seed).claim(Symmetry::reflection(0)).claim(Symmetry::reflection(1));
        let neighbours = Neighbours { to: Location::All, from: Location::All };
        check::op(neighbours, &[scalar], &lattice, &isotropic).expect("a check").assert();
        check::op(SumSites, &[scalar], &lattice, &isotropic).expect("a check").assert();
        let positive = Options::from(seed).inputs(|x| (0.3 * x).exp());
        for kind in [Pointwise::Ln, Pointwise::Div, Pointwise::Tanh, Pointwise::Select, Pointwise::LeakyRelu] {
            let inputs = [scalar, Spec::PerSample, Spec::Uniform];
            check::op(kind, &inputs[..kind.arity()], &lattice, &positive).expect("a check").assert();
        }
    }
}

#[test]
fn faults_of_ops_are_caught_and_named() {
    for (fault, expected) in [
        // The gradient of the wrong gradient is right.
        (Square::Gradient, &["gradient, x0"][..]),
        (Square::Second, &["second gradient, x0"]),
        (Square::Digits, &["f32 against f64"]),
        (Square::Rows, &["translation by [1, 0]", "translation by [0, 1]", "translation by [1, -2]"]),
        (Square::Lanes, &["permuted samples", "no leak from a lane of NaN", "a part of the batch alone"]),
    ] {
        let report = square(fault, Options::from(1).samples(21));
        let failed: Vec<&str> = report.failures().map(|f| f.check.as_str()).collect();
        assert!(expected.iter().all(|e| failed.contains(e)), "{report}");
        // Lanes that talk spoil gradients and precision, too; all else is named alone.
        assert!(fault == Square::Lanes || failed == expected, "{report}");
    }
    let gradient = square(Square::Gradient, 1);
    let finding = gradient.find("gradient, x0").expect("a finding");
    assert!((finding.found / finding.expected - 1.01).abs() < 1e-6, "{gradient}");
    assert!(finding.place.site.is_some() && finding.place.sample.is_some(), "{gradient}");
    let none = square(Square::None, 1);
    assert!(none.passed() && none.find("gradient").is_some_and(|f| f.verdict == Verdict::Skipped), "{none}");
}

/// The page shows the code of the example and what it prints.
#[test]
fn the_page_says_what_the_example_does() {
    let read = |path: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let (page, example) = (read("docs/verification.md"), read("examples/own_layer.rs"));
    let [wrong, right] = [Location::All, Location::Parity(1)].map(|l| own_layer::report(l).expect("a report"));
    for text in [wrong.to_string(), right.to_string().lines().next().unwrap_or_default().into()] {
        assert!(page.contains(&text), "docs/verification.md does not show\n{text}");
    }
    let blocks: Vec<&str> = page.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        assert!(example.contains(block), "examples/own_layer.rs has no\n{block}");
    }
}
