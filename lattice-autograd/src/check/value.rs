//! Data of programs as plain numbers, whatever the layout.

/// Data of an argument or output. A field is `[sample][site · components + component]`, sites in the order of their
/// numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Numbers on sites.
    Field(Vec<Vec<f64>>),
    /// A number for each sample.
    PerSample(Vec<f64>),
    /// A number for all samples.
    Uniform(f64),
    /// A run of the parameters.
    Weights(Vec<f64>),
    /// Sums over the batch.
    Sums(Vec<f64>),
}

impl Value {
    /// All numbers, one after the other.
    pub fn numbers(&self) -> Vec<f64> {
        match self {
            Value::Field(samples) => samples.concat(),
            Value::PerSample(x) | Value::Weights(x) | Value::Sums(x) => x.clone(),
            Value::Uniform(x) => vec![*x],
        }
    }

    /// The numbers that belong to one sample; all, where samples have none of their own.
    pub fn of_sample(&self, sample: usize) -> Vec<f64> {
        match self {
            Value::Field(samples) => samples[sample].clone(),
            Value::PerSample(x) => vec![x[sample]],
            other => other.numbers(),
        }
    }

    /// Every number replaced by `f(number, position)`.
    pub fn map(&self, mut f: impl FnMut(f64, usize) -> f64) -> Value {
        let mut at = 0..;
        let mut each = |x: &f64| f(*x, at.next().unwrap_or(0));
        match self {
            Value::Field(samples) => Value::Field(samples.iter().map(|s| s.iter().map(&mut each).collect()).collect()),
            Value::PerSample(x) => Value::PerSample(x.iter().map(each).collect()),
            Value::Weights(x) => Value::Weights(x.iter().map(each).collect()),
            Value::Sums(x) => Value::Sums(x.iter().map(each).collect()),
            Value::Uniform(x) => Value::Uniform(each(x)),
        }
    }

    /// The samples in another order; also some of them, or some several times.
    pub fn permuted(&self, order: &[usize]) -> Value {
        match self {
            Value::Field(samples) => Value::Field(order.iter().map(|&s| samples[s].clone()).collect()),
            Value::PerSample(x) => Value::PerSample(order.iter().map(|&s| x[s]).collect()),
            other => other.clone(),
        }
    }

    /// Whether it is equal to another bit for bit, all NaN being one.
    pub fn same_bits(&self, other: &Value) -> bool {
        let same = |(a, b): (&f64, &f64)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        let (a, b) = (self.numbers(), other.numbers());
        std::mem::discriminant(self) == std::mem::discriminant(other)
            && a.len() == b.len()
            && a.iter().zip(&b).all(same)
    }

    /// Whether it differs from another by at most `bound` times the entry of `size`.
    ///
    /// # Errors
    /// Where it does not, and by how much.
    pub fn within(&self, other: &Value, size: &Value, bound: f64) -> Result<(), String> {
        let (a, b, size) = (self.numbers(), other.numbers(), size.numbers());
        if a.len() != b.len() || a.len() != size.len() {
            return Err(format!("{} numbers, {} expected, {} sizes", a.len(), b.len(), size.len()));
        }
        let far = |i: &usize| a[*i].is_nan() || b[*i].is_nan() || (a[*i] - b[*i]).abs() > bound * size[*i] + 1e-300;
        match (0..a.len()).find(far) {
            Some(i) => Err(format!(
                "number {i}: {:e}, expected {:e}, off by {:e}, allowed {:e}",
                a[i],
                b[i],
                (a[i] - b[i]).abs(),
                bound * size[i]
            )),
            None => Ok(()),
        }
    }
}
