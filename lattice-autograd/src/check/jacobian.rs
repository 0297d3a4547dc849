//! The full Jacobian of a map of fields, its determinant, and how far rounding may carry that.

use super::error::{Error, Result};
use super::gradient::{gradients, pair};
use super::host::Host;
use super::value::Value;
use lattice_tensor::{Device, Graph, Layout, NodeId, Spec};

/// The Jacobian `∂output/∂input` of one sample at a time, row by row from the reverse sweep: one sample of the run for
/// each row. That the sweep is right is the business of the gradient check.
pub struct Jacobian {
    host: Host<f64>,
    /// Positions of the input and of the seed `v` of `⟨v, output⟩` among the arguments.
    input: usize,
    rows: usize,
    columns: usize,
    vanishes: bool,
    device: Device,
}

/// A square matrix as `L U` with row exchanges, its inverse, and its determinant.
pub struct Determinant {
    /// `log |det|`; `−∞` for a singular matrix.
    pub log_abs: f64,
    /// The inverse.
    pub inverse: Vec<Vec<f64>>,
}

impl Jacobian {
    /// Prepares the Jacobian of `output` with respect to the argument `input`, both fields.
    ///
    /// # Errors
    /// If one of them is no field, or the map has no gradient.
    pub fn new(graph: &Graph, input: NodeId, output: NodeId) -> Result<Jacobian> {
        let mut graph = graph.clone();
        let lattice = graph.lattice().clone();
        let position = graph.arguments().iter().position(|&a| a == input);
        let (Some(position), Spec::Field { .. }, Spec::Field { .. }) =
            (position, graph.spec(input), graph.spec(output))
        else {
            return Err(Error::request("jacobian", "a field argument and a field", graph.spec(output)));
        };
        let (rows, columns) = (graph.spec(output).numbers(&lattice), graph.spec(input).numbers(&lattice));
        let Some((_, functional)) = pair(&mut graph, output, "v")? else {
            return Err(Error::request("jacobian", "a field", graph.spec(output)));
        };
        let gradient = gradients(&mut graph, functional, &[input])?[0];
        let layout = Layout::samples(&lattice, 8);
        let host = Host::new(&graph, &[gradient.unwrap_or(functional)], &layout)?;
        Ok(Jacobian { host, input: position, rows, columns, vanishes: gradient.is_none(), device: Device::cpu(1)? })
    }

    /// The matrix `[row][column]` where the input is `x`, all other arguments being as in sample `sample` of `values`.
    ///
    /// # Errors
    /// If the program cannot be run.
    pub fn at(&mut self, values: &[Value], sample: usize, x: &[f64]) -> Result<Vec<Vec<f64>>> {
        let repeated = vec![sample; self.rows];
        let mut values: Vec<Value> = values.iter().map(|v| v.permuted(&repeated)).collect();
        values[self.input] = Value::Field(vec![x.to_vec(); self.rows]);
        let unit = |i: usize| (0..self.rows).map(|k| f64::from(i == k)).collect();
        values.push(Value::Field((0..self.rows).map(unit).collect()));
        match self.host.run(&self.device, &values, self.rows)?.swap_remove(0) {
            Value::Field(rows) if !self.vanishes => Ok(rows),
            _ => Ok(vec![vec![0.0; self.columns]; self.rows]),
        }
    }
}

impl Determinant {
    /// By Gauß–Jordan elimination with partial pivoting.
    ///
    /// # Errors
    /// If the matrix is not square.
    pub fn of(matrix: &[Vec<f64>]) -> Result<Determinant> {
        let n = matrix.len();
        if let Some(row) = matrix.iter().find(|row| row.len() != n) {
            return Err(Error::request("determinant", format!("{n} numbers in a row"), row.len()));
        }
        let mut a = matrix.to_vec();
        let mut b: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(i == j)).collect()).collect();
        let mut log_abs = 0.0;
        for k in 0..n {
            let pivot = (k..n).max_by(|&i, &j| a[i][k].abs().total_cmp(&a[j][k].abs())).unwrap_or(k);
            a.swap(k, pivot);
            b.swap(k, pivot);
            log_abs += libm::log(a[k][k].abs());
            let scale = 1.0 / a[k][k];
            a[k].iter_mut().chain(&mut b[k]).for_each(|x| *x *= scale);
            for i in (0..n).filter(|&i| i != k) {
                let factor = a[i][k];
                if factor != 0.0 {
                    for j in 0..n {
                        (a[i][j], b[i][j]) = (a[i][j] - factor * a[k][j], b[i][j] - factor * b[k][j]);
                    }
                }
            }
        }
        Ok(Determinant { log_abs, inverse: b })
    }

    /// By how much `log |det|` may change if every entry of the matrix changes by `relative` times the largest entry of
    /// its row: `δ log det A = tr A⁻¹ δA`.
    pub fn rounding(&self, matrix: &[Vec<f64>], relative: f64) -> f64 {
        let largest = |row: &[f64]| row.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let column = |i: usize| self.inverse.iter().map(|row| row[i].abs()).sum::<f64>();
        relative * (0..matrix.len()).map(|i| largest(&matrix[i]) * column(i)).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn determinants_and_inverses_of_known_matrices() {
        let vandermonde: Vec<Vec<f64>> =
            [1.0f64, 2.0, 4.0, 5.0].iter().map(|x| (0..4).map(|k| x.powi(k)).collect()).collect();
        // The product of all differences.
        let expected = (1.0 * 3.0 * 4.0 * 2.0 * 3.0 * 1.0f64).ln();
        let found = Determinant::of(&vandermonde).expect("square");
        assert!((found.log_abs - expected).abs() < found.rounding(&vandermonde, 1e-15), "{}", found.log_abs);
        for i in 0..4 {
            for j in 0..4 {
                let entry: f64 = (0..4).map(|k| vandermonde[i][k] * found.inverse[k][j]).sum();
                assert!((entry - f64::from(i == j)).abs() < 1e-11);
            }
        }
        let swap = vec![vec![0.0, 2.0], vec![3.0, 0.0]];
        assert!((Determinant::of(&swap).expect("square").log_abs - 6f64.ln()).abs() < 1e-15);
        let singular = vec![vec![1.0, 2.0], vec![2.0, 4.0]];
        assert_eq!(Determinant::of(&singular).expect("square").log_abs, f64::NEG_INFINITY);
        assert!(Determinant::of(&[vec![1.0], vec![1.0, 2.0]]).is_err());
    }
}
