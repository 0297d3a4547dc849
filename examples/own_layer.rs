//! A layer of one's own, checked: a mistake in its Jacobian is caught, and the layer without it passes.
//!
//! `cargo run --release --example own_layer`; docs/verification.md walks through it.

use lattice_fields::autograd::params::Parameters;
use lattice_fields::flows::check::{self, Options, Report, Symmetry};
use lattice_fields::prelude::*;

/// `y = sinh x` on the odd sites, `y = x` on the even ones: makes large fields larger.
#[derive(Debug)]
struct Stretch {
    /// Where the log-determinant is summed. The layer changes odd sites only.
    summed_over: Location,
}

const ODD: Location = Location::Parity(1);
const EVEN: Location = Location::Parity(0);

impl Bijection for Stretch {
    fn forward<'t>(&self, x: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        let sinh = (x.on(ODD).exp() - (-x.on(ODD)).exp()) * 0.5;
        let cosh = (x.exp() + (-x).exp()) * 0.5;
        let log_det = cosh.on(self.summed_over).ln().sum_sites();
        (sinh.on(Location::All) + x.on(EVEN).on(Location::All), log_det)
    }

    fn inverse<'t>(&self, y: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        let odd = y.on(ODD);
        let arsinh = (odd + (odd.square() + 1.0).sqrt()).ln();
        let x = arsinh.on(Location::All) + y.on(EVEN).on(Location::All);
        let log_det = ((x.exp() + (-x).exp()) * 0.5).on(self.summed_over).ln().sum_sites();
        (x, -log_det)
    }
}

/// Checks the layer; it claims to be odd, and equivariant under reflections.
pub fn report(summed_over: Location) -> check::Result<Report> {
    let lattice = Lattice::periodic([4, 2])?;
    let options = Options::from(1).claim(Symmetry::sign_flip()).claim(Symmetry::reflection(0));
    check::bijection(&Stretch { summed_over }, &Parameters::new(), &lattice, options)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wrong = report(Location::All)?;
    eprintln!("{wrong}\n");
    assert!(!wrong.passed());
    let right = report(ODD)?;
    eprintln!("{right}");
    right.assert();
    Ok(())
}
