//! What errors say: the op, the line of the program that caused it, what was expected and what was found.

use lattice_autograd::{PerSample, Trace, Var};
use lattice_tensor::field::Scalar;
use lattice_tensor::ops::{AddSums, Pointwise, SumSites};
use lattice_tensor::{Boundary, Error, Fibre, Lattice, Layout, Location, Spec};

fn trace() -> Trace {
    Trace::new(&Lattice::periodic([4, 4]).unwrap())
}

/// The first error of a trace, the path before its file name taken away.
fn text(trace: &Trace) -> String {
    let text = trace.check().expect_err("an error").to_string();
    text.replace('\\', "/").replace("tests/gradients/", "")
}

/// Where a line below this one is.
macro_rules! here {
    ($column:literal) => {
        format!("errors.rs:{}:{}", line!() - 1, $column)
    };
}

#[test]
fn an_op_names_the_line_that_pushed_it() {
    let t = trace();
    let (even, odd) = (t.scalar_field_on("a", Location::Parity(0)), t.scalar_field_on("b", Location::Parity(1)));
    let _ = even + odd;
    let at = here!(13);
    let found = "[Field { location: Parity(0), fibre: Scalar }, Field { location: Parity(1), fibre: Scalar }]";
    assert_eq!(text(&t), format!("add at {at}: expected fields of one type, found {found}"));
}

#[test]
fn a_leaky_rectifier_of_negative_slope_is_refused() {
    let t = trace();
    let _ = t.scalar_field("phi").leaky_relu(-0.5);
    let at = here!(35);
    assert_eq!(text(&t), format!("leaky_relu at {at}: expected a slope of at least 0, found -0.5"));
}

#[test]
fn only_the_first_error_is_kept() {
    let t = trace();
    let (phi, w) = (t.scalar_field("phi"), t.weights("w", 0..5));
    let y = phi.conv(&[3, 3], Location::All, 2, w);
    let at = here!(17);
    let _ = (y.channel(7) + phi.shift(5, 1)).sum_sites();
    let found = "[Field { location: All, fibre: Scalar }, Weights { offset: 0, len: 5 }]";
    let expected = "a field of 1 channels on All and 20 weights";
    assert_eq!(text(&t), format!("conv at {at}: expected {expected}, found {found}"));
}

#[test]
fn wrong_inputs_are_refused_by_name() {
    let mut seen = Vec::new();
    let mut refused = |write: &dyn Fn(&Trace)| {
        let t = trace();
        write(&t);
        let text = text(&t);
        assert!(text.contains("errors.rs:"), "no line in: {text}");
        let (op, rest) = text.split_once(" at ").unwrap();
        seen.push(format!("{op}:{}", rest.split_once(": ").unwrap().1));
    };
    refused(&|t| {
        t.scalar_field("phi").conv(&[2, 3], Location::All, 1, t.weights("w", 0..7));
    });
    refused(&|t| {
        let _: Var<PerSample> = t.apply(SumSites, &[t.uniform("m").id()]);
    });
    refused(&|t| {
        let _: Var<Scalar> = t.apply(Pointwise::Mul, &[t.scalar_field("phi").id()]);
    });
    refused(&|t| {
        let _: Var<Scalar> = t.apply(AddSums, &[t.scalar_field("phi").id(), t.constant(1.0).id()]);
    });
    let expected = [
        "conv:expected a kernel of 2 odd extents, found [2, 3]",
        "sum_sites:expected a field, found [Uniform]",
        "mul:expected 2 operands, found [Field { location: All, fibre: Scalar }]",
        "add_sums:expected two batch sums of one length, found [Field { location: All, fibre: Scalar }, Uniform]",
    ];
    assert_eq!(seen, expected);
}

/// Simplification must not let through what the op itself refuses.
#[test]
fn types_are_checked_before_anything_is_simplified() {
    let t = trace();
    let w: Var<Scalar> = t.var(t.weights("w", 0..5).id());
    let _ = w * 1.0;
    assert_eq!(t.check().expect_err("an error").to_string().split(' ').next(), Some("mul"));

    let t = trace();
    let phi = t.scalar_field("phi");
    let stack = |n| lattice_autograd::var::stack(&vec![phi; n]);
    let _ = stack(2) + stack(3);
    assert!(t.check().is_err(), "two channels and three cannot be added");

    let t = trace();
    let embedded = t.scalar_field_on("phi", Location::Parity(0)).on(Location::All);
    let wrong = lattice_tensor::ops::Shift { to: Location::Parity(0), displacement: vec![], from: Location::All };
    let _: Var<Scalar> = t.apply(wrong, &[embedded.id()]);
    assert!(t.check().is_err(), "a displacement must have two entries");
}

#[test]
fn twisted_boundaries_ask_for_complex_fields() {
    let lattice = Lattice::periodic([4]).unwrap().with_boundary(0, Boundary::twisted(0.3)).unwrap();
    let t = Trace::new(&lattice);
    let _ = t.scalar_field("phi").shift(0, 1);
    let at = here!(35);
    let expected = "a complex field under twisted boundaries";
    assert_eq!(text(&t), format!("shift at {at}: expected {expected}, found Scalar"));
}

#[test]
fn what_cannot_be_differentiated_names_its_op() {
    let t = trace();
    let phi = t.scalar_field("phi");
    let w = t.weights("w", 0..10);
    let loss = phi.conv(&[3, 3], Location::All, 1, w).sum_sites();
    let sums = t.batch_gradient(loss, t.constant(1.0), &[w])[0].unwrap();
    t.vjp(sums.id(), t.constant(1.0).id(), &[phi.id()]);
    let text = text(&t);
    assert!(text.starts_with("conv_weight_grad at "), "{text}");
    assert!(text.ends_with(": not differentiable with respect to its input 0"), "{text}");
}

#[test]
fn a_program_with_an_error_cannot_be_planned() {
    let t = trace();
    let bad = t.scalar_field("phi").shift(2, 1).sum_sites();
    let layout = Layout::samples(&t.lattice(), 8);
    let error = t.program::<f64>(&[bad.id()], &layout).err().unwrap();
    assert_eq!(error.to_string(), "lattice [4, 4]: there is no direction 2, only 0 to 1");
    assert!(matches!(error, Error::Lattice { .. }));
}

#[test]
fn a_layout_must_fit_the_program() {
    let t = trace();
    let sum = t.per_sample("x") + 1.0;
    let program = |layout: &Layout| t.program::<f64>(&[sum.id()], layout).map(|_| ()).map_err(|e| e.to_string());
    assert_eq!(program(&Layout::samples(&t.lattice(), 8)), Ok(()));
    let error = "layout: expected rows of 8 f64 numbers, found 16";
    assert_eq!(program(&Layout::samples(&t.lattice(), 16)), Err(error.into()));
    let other = Layout::samples(&Lattice::periodic([2, 4]).unwrap(), 8);
    assert_eq!(program(&other), Err("layout: expected lattice [4, 4], found [2, 4]".into()));
    let fibre = Fibre::Scalar;
    let part: Var<Scalar> = t.argument("part", Spec::Field { location: Location::Parity(0), fibre });
    let odd = Layout::split(&t.lattice(), &[4, 1], 8).unwrap();
    let error = t.program::<f64>(&[part.sum_sites().id()], &odd).err().unwrap().to_string();
    assert_eq!(
        error,
        "layout of lattice [4, 4] split [4, 1]: parts of 1 sites are no multiple of the sub-lattice's period"
    );
}
