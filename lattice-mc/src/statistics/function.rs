//! A function of several numbers, written once on traced numbers: value and gradient by reverse mode.
//!
//! The program lives on a lattice of one site; its samples are the points at which the function is wanted, so a
//! jackknife, a bootstrap or the points of a fit are one run.
use lattice_autograd::{PerSample, Trace, Var};
use lattice_tensor::{Bindings, Device, Lattice, Layout, NodeId, Program, Real};

use super::StatisticsError;

/// A function `f(a_0, a_1, …)` with its gradient.
///
/// ```
/// use lattice_mc::statistics::Function;
/// let mut ratio = Function::new(2, |a| a[0] / a[1])?;
/// assert_eq!(ratio.value_and_gradient(&[1.0, 4.0])?, (0.25, vec![0.25, -0.0625]));
/// assert_eq!(ratio.value(&[3.0, 4.0]), 0.75);
/// # Ok::<(), lattice_mc::statistics::StatisticsError>(())
/// ```
#[derive(Debug)]
pub struct Function {
    arguments: usize,
    value: Program<f64>,
    both: Program<f64>,
    device: Device,
}

impl Function {
    /// Traces `f` of `arguments` numbers. It may use all that numbers per sample offer: arithmetic, `exp`, `ln`, `sqrt`,
    /// `where_positive`, …
    ///
    /// # Errors
    /// The first error made in `f`, or what the planner refuses.
    pub fn new(
        arguments: usize,
        f: impl for<'t> Fn(&[Var<'t, PerSample>]) -> Var<'t, PerSample>,
    ) -> Result<Self, StatisticsError> {
        let lattice = Lattice::periodic([1])?;
        let layout = Layout::samples(&lattice, <f64 as Real>::WIDTH);
        let trace = Trace::new(&lattice);
        let inputs: Vec<Var<'_, PerSample>> = (0..arguments).map(|i| trace.per_sample(&format!("a{i}"))).collect();
        // A result per sample even where the function is an argument or a constant.
        let value = (f(&inputs) + trace.mask() * 0.0).id();
        let wanted: Vec<NodeId> = inputs.iter().map(|a| a.id()).collect();
        let seed = trace.mask();
        let zero = (seed * 0.0).id();
        let slopes = trace.vjp(value, seed.id(), &wanted);
        let outputs: Vec<NodeId> = [value].into_iter().chain(slopes.into_iter().map(|s| s.unwrap_or(zero))).collect();
        let (value, both) = (trace.program(&[value], &layout)?, trace.program(&outputs, &layout)?);
        Ok(Self { arguments, value, both, device: Device::cpu(1)? })
    }

    /// `f` at a point; NaN where it is not defined.
    pub fn value(&mut self, at: &[f64]) -> f64 {
        let columns: Vec<&[f64]> = at.iter().map(std::slice::from_ref).collect();
        self.values(&columns, 1).map_or(f64::NAN, |values| values[0])
    }

    /// `f` at many points, `columns[i][point]`.
    ///
    /// # Errors
    /// If the columns are not as many as the arguments, or not as long as there are points.
    pub fn values(&mut self, columns: &[&[f64]], points: usize) -> Result<Vec<f64>, StatisticsError> {
        let mut values = vec![f64::NAN; points];
        run(&mut self.value, &self.device, self.arguments, columns, points, &mut [&mut values])?;
        Ok(values)
    }

    /// `f` and its gradient at a point.
    ///
    /// # Errors
    /// If there are not as many numbers as arguments.
    pub fn value_and_gradient(&mut self, at: &[f64]) -> Result<(f64, Vec<f64>), StatisticsError> {
        let columns: Vec<&[f64]> = at.iter().map(std::slice::from_ref).collect();
        let (value, slopes) = self.values_and_gradients(&columns, 1)?;
        Ok((value[0], slopes.into_iter().map(|s| s[0]).collect()))
    }

    /// `f` and its derivatives at many points: `columns[i][point]` in, `[point]` and `[i][point]` out.
    ///
    /// # Errors
    /// As [`Function::values`].
    #[allow(clippy::type_complexity, reason = "values, and a list of the same for each argument")]
    pub fn values_and_gradients(
        &mut self,
        columns: &[&[f64]],
        points: usize,
    ) -> Result<(Vec<f64>, Vec<Vec<f64>>), StatisticsError> {
        let mut results = vec![vec![f64::NAN; points]; 1 + self.arguments];
        let mut views: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
        run(&mut self.both, &self.device, self.arguments, columns, points, &mut views)?;
        let slopes = results.split_off(1);
        Ok((results.remove(0), slopes))
    }
}

fn run<'f>(
    program: &mut Program<f64>,
    device: &Device,
    arguments: usize,
    columns: &[&'f [f64]],
    samples: usize,
    out_per_sample: &mut [&'f mut [f64]],
) -> Result<(), StatisticsError> {
    let mismatch = |what: &str, expected, found| {
        Err(StatisticsError::LengthMismatch { what: format!("{what} of a function"), expected, found })
    };
    if columns.len() != arguments {
        return mismatch("arguments", arguments, columns.len());
    }
    if let Some(column) = columns.iter().find(|c| c.len() != samples) {
        return mismatch("points", samples, column.len());
    }
    Ok(program.run(device, &mut Bindings { samples, per_sample: columns, out_per_sample, ..Default::default() })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradient_is_that_of_difference_quotients() {
        let mut f =
            Function::new(3, |a| (a[0] * a[1]).exp() / (a[2].square() + 1.0).ln() - a[1].sqrt()).expect("valid");
        let at = [0.3, 1.7, 2.1];
        let (value, slope) = f.value_and_gradient(&at).expect("a run");
        let plain = |a: &[f64]| (a[0] * a[1]).exp() / (a[2] * a[2] + 1.0).ln() - a[1].sqrt();
        assert!((value - plain(&at)).abs() < 1e-13);
        for i in 0..3 {
            let (mut up, mut down) = (at, at);
            up[i] += 1e-5;
            down[i] -= 1e-5;
            let quotient = (plain(&up) - plain(&down)) / 2e-5;
            assert!((slope[i] - quotient).abs() < 1e-8, "{i}: {} against {quotient}", slope[i]);
        }
    }

    #[test]
    fn arguments_and_constants_are_functions() {
        let mut first = Function::new(2, |a| a[0]).expect("valid");
        assert_eq!(first.value_and_gradient(&[3.0, 4.0]), Ok((3.0, vec![1.0, 0.0])));
        let mut constant = Function::new(1, |a| a[0] * 0.0 + 2.0).expect("valid");
        assert_eq!(constant.value_and_gradient(&[3.0]), Ok((2.0, vec![0.0])));
    }

    #[test]
    fn many_points_are_one_run() {
        let mut f = Function::new(2, |a| a[0] * a[1]).expect("valid");
        let x: Vec<f64> = (0..21).map(f64::from).collect();
        let (values, slopes) = f.values_and_gradients(&[&x, &x], 21).expect("a run");
        for i in 0..21 {
            assert_eq!((values[i], slopes[0][i], slopes[1][i]), (x[i] * x[i], x[i], x[i]));
        }
        assert!(f.values(&[&x], 21).is_err() && f.values(&[&x, &x[1..]], 21).is_err());
    }
}
