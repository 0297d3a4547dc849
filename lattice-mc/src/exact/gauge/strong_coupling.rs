//! The plaquette in any number of dimensions at small β.

use super::characters::Characters;
use super::error::GaugeError;
use lattice_tensor::group::GroupName;

/// The plaquette `⟨Re tr P⟩/N` of the infinite lattice of `dimensions` directions to leading order of the character expansion
/// beyond independent plaquettes: `w + 2(d − 2) C`, with the elementary cube
/// `C = (1/6) d/dβ Σ_{r≠0} d_r² (u_r/u_0)⁶`, which tends to `w⁵` as `β → 0` (U(1), SU(N); there is one cube for
/// each `3/(d − 2)` plaquettes; Drouffe and Zuber, Phys. Rep. 102 (1983) 1, §3.2).
///
/// The corrections are of order `w⁹` (two cubes with a face in common). In two dimensions it is exact.
///
/// # Errors
/// `beta` negative, not a number or above 10⁶ (where the expansion has long ceased to mean anything), or fewer than two
/// dimensions.
///
/// ```
/// use lattice_mc::exact::gauge::{GroupName, strong_coupling_plaquette};
/// let plaquette = strong_coupling_plaquette(GroupName::SU3, 3.0, 4)?;
/// assert!((plaquette - 0.204971).abs() < 5e-7);
/// # Ok::<(), lattice_mc::exact::gauge::GaugeError>(())
/// ```
pub fn strong_coupling_plaquette(group: GroupName, beta: f64, dimensions: usize) -> Result<f64, GaugeError> {
    if dimensions < 2 {
        return Err(GaugeError::Dimensions { dimensions });
    }
    let characters = Characters::of_power(group, beta, 6)?;
    let log_plaquette = characters.log_plaquette();
    if log_plaquette == f64::NEG_INFINITY {
        return Ok(0.0);
    }
    let slopes = characters.log_slopes();
    let plaquette = log_plaquette.exp();
    let mut cube = 0.0;
    for (r, slope) in characters.irreps().iter().zip(slopes).filter(|(r, _)| r.log_ratio < 0.0) {
        let weight = r.dimension * r.dimension * (6.0 * r.log_ratio).exp();
        if weight > 0.0 {
            cube += weight * (slope - plaquette);
        }
    }
    Ok(plaquette + 2.0 * (dimensions - 2) as f64 * cube)
}
