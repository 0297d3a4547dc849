//! The charge of U(1) fields on a two-dimensional torus.

use lattice_autograd::{PerSample, Var};
use lattice_tensor::field::{Element, Links, Scalar};
use lattice_tensor::group::U1;
use lattice_tensor::ops::Path;
use std::f64::consts::{PI, TAU};

/// `Q = Σ_x wrap(P_01(x))/2π` with angles in `(−π, π]`: an integer on a torus, since all angles add up to 0 before they
/// are wrapped. In two directions; in more it is that of all planes (0, 1) together.
pub fn charge<'t>(u: Var<'t, Links<U1>>) -> Var<'t, PerSample> {
    angle(u.path(&Path::rectangle(0, 1, 1, 1).0)).sum_sites() * (1.0 / TAU)
}

/// The coefficients of `asin x = x Σ a_k x^{2k}`, enough for `|x| < 0.1` in `f64`.
const ASIN: [f64; 8] =
    [1.0, 1.0 / 6.0, 3.0 / 40.0, 5.0 / 112.0, 35.0 / 1152.0, 63.0 / 2816.0, 231.0 / 13312.0, 143.0 / 10240.0];

/// The angle in `(−π, π]` of `c + is`: that of `|c| + is`, halved four times, by its sine, and its supplement where `c` is
/// negative. Exact to a few roundings everywhere; off the cut its derivative is 1.
fn angle<'t>(z: Var<'t, Element<U1>>) -> Var<'t, Scalar> {
    const HALVINGS: i32 = 4;
    let (c, s) = (z.re_trace(), z.im_trace());
    let (mut cos, mut sin) = (c.abs(), s);
    for _ in 0..HALVINGS {
        cos = ((cos + 1.0) * 0.5).sqrt();
        sin = sin / (cos * 2.0);
    }
    let square = sin.square();
    let series = ASIN.iter().rev().fold(square * 0.0, |sum, &a| sum * square + a);
    let near = series * sin * f64::from(1 << HALVINGS);
    let half_turn = (s * 0.0 - PI).where_positive(-s, s * 0.0 + PI);
    near.where_positive(c, half_turn - near)
}
