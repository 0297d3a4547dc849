//! A layer of one's own: a site-wise map that is checked, and then composed with couplings.
//!
//! `cargo run --release --example own_layer`

use lattice_fields::autograd::params::Parameters;
use lattice_fields::flows::check;
use lattice_fields::prelude::*;

/// `y = sinh x` on every site, `log |dy/dx| = ln cosh x`: makes large fields larger.
#[derive(Debug)]
struct Sinh;

impl Bijection for Sinh {
    fn forward<'t>(&self, x: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        let (up, down) = (x.exp(), (-x).exp());
        ((up - down) * 0.5, ((up + down) * 0.5).ln().sum_sites())
    }

    fn inverse<'t>(&self, y: Var<'t, Scalar>) -> (Var<'t, Scalar>, Var<'t, PerSample>) {
        let cosh = (y.square() + 1.0).sqrt();
        ((y + cosh).ln(), -cosh.ln().sum_sites())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let lattice = Lattice::periodic([3, 4])?;
    let found = check::bijection(&Sinh, &Parameters::new(), &lattice, 1)?;
    eprintln!("inverse off by {:.1e}, Jacobian off by {:.1e}", found.inverse, found.jacobian);
    assert!(found.inverse < 1e-9 && found.jacobian < 1e-6, "{found:?}");
    Ok(())
}
