//! What a transformation of the inputs does to the outputs.

use super::error::Result;
use super::report::Finding;
use super::rounding::UNIT_F64;
use super::subject::Subject;
use super::symmetry::Symmetry;
use super::value::Value;

impl Subject {
    /// `F(T x) = T F(x)` within twice the rounding of `F`.
    ///
    /// # Errors
    /// If the transformation does not fit the lattice or the fields.
    pub fn equivariance(&self, symmetries: &[Symmetry]) -> Result<Vec<Finding>> {
        if symmetries.is_empty() {
            return Ok(Vec::new());
        }
        let mut host = self.plan::<f64>(&self.output_nodes())?;
        let before = self.run_on(&mut host, &self.values, self.samples, 0)?;
        let bounds = self.rounding()?;
        let lattice = self.lattice();
        let mut findings = Vec::new();
        for symmetry in symmetries {
            let moved = self.arguments.iter().zip(&self.values);
            let moved: Vec<Value> =
                moved.map(|((_, spec), value)| symmetry.apply(lattice, *spec, value, false)).collect::<Result<_>>()?;
            let after = self.run_on(&mut host, &moved, self.samples, 0)?;
            let mut finding = Finding::new(symmetry.name());
            for (i, (after, before)) in after.iter().zip(&before).enumerate() {
                let expected = symmetry.apply(lattice, self.graph.spec(self.outputs[i].1), before, true)?;
                let bounds: Vec<f64> = bounds[i].iter().map(|b| 2.0 * UNIT_F64 * b).collect();
                self.compare(&mut finding, i, after, &expected, &bounds);
            }
            findings.push(finding);
        }
        Ok(findings)
    }
}
