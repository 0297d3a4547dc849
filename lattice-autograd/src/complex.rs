//! Complex fields: `φ = a + ib`, products and quotients as complex numbers have them.
//!
//! Each is written in real and imaginary parts, so that gradients follow from those of real products. The gradient of
//! a real number with respect to a complex field is `∂/∂a + i ∂/∂b`.

use crate::var::Var;
use lattice_tensor::Fibre;
use lattice_tensor::field::{Complex, Scalar};
use lattice_tensor::ops::{Channel, Stack};
use std::ops::{Div, Mul};

/// The complex field `re + i im`.
#[track_caller]
pub fn complex<'t>(re: Var<'t, Scalar>, im: Var<'t, Scalar>) -> Var<'t, Complex> {
    re.trace().apply(Stack { fibre: Fibre::Complex }, &[re.id(), im.id()])
}

impl<'t> Var<'t, Complex> {
    /// The real part.
    #[track_caller]
    pub fn re(self) -> Var<'t, Scalar> {
        self.trace().apply(Channel(0), &[self.id()])
    }

    /// The imaginary part.
    #[track_caller]
    pub fn im(self) -> Var<'t, Scalar> {
        self.trace().apply(Channel(1), &[self.id()])
    }

    /// The complex conjugate.
    #[track_caller]
    pub fn conj(self) -> Self {
        complex(self.re(), -self.im())
    }

    /// `|z|²`.
    #[track_caller]
    pub fn norm2(self) -> Var<'t, Scalar> {
        self.dot(self)
    }
}

impl<'t> Mul for Var<'t, Complex> {
    type Output = Self;
    #[track_caller]
    fn mul(self, other: Self) -> Self {
        let (a, b, c, d) = (self.re(), self.im(), other.re(), other.im());
        complex(a * c - b * d, a * d + b * c)
    }
}

impl<'t> Div for Var<'t, Complex> {
    type Output = Self;
    #[track_caller]
    fn div(self, other: Self) -> Self {
        self * other.conj() / other.norm2()
    }
}

impl<'t> Mul<Var<'t, Scalar>> for Var<'t, Complex> {
    type Output = Self;
    #[track_caller]
    fn mul(self, other: Var<'t, Scalar>) -> Self {
        complex(self.re() * other, self.im() * other)
    }
}

impl<'t> Mul<Var<'t, Complex>> for Var<'t, Scalar> {
    type Output = Var<'t, Complex>;
    #[track_caller]
    fn mul(self, other: Var<'t, Complex>) -> Var<'t, Complex> {
        other * self
    }
}

impl<'t> Div<Var<'t, Scalar>> for Var<'t, Complex> {
    type Output = Self;
    #[track_caller]
    fn div(self, other: Var<'t, Scalar>) -> Self {
        complex(self.re() / other, self.im() / other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trace;
    use lattice_tensor::{Bindings, Device, Field, FieldData, Lattice, Layout, Location};
    use std::sync::Arc;

    type C = (f64, f64);

    fn times(a: C, b: C) -> C {
        (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
    }

    fn over(a: C, b: C) -> C {
        let norm = b.0 * b.0 + b.1 * b.1;
        let (re, im) = times(a, (b.0, -b.1));
        (re / norm, im / norm)
    }

    /// Values of a function of three complex numbers, and the gradient of `Re c* f` with respect to the first two.
    fn evaluate(numbers: [C; 3], f: impl for<'t> Fn(Var<'t, Complex>, Var<'t, Complex>) -> Var<'t, Complex>) -> [C; 3] {
        let lattice = Lattice::periodic([1]).unwrap();
        let trace = Trace::new(&lattice);
        let [z, w, c] = ["z", "w", "c"].map(|name| trace.field::<Complex>(name, Fibre::Complex));
        let value = f(z, w);
        let end = value.inner(c);
        let outputs = [value, trace.gradient(end, z), trace.gradient(end, w)].map(Var::id);
        let layout = Arc::new(Layout::samples(&lattice, 8));
        let zeros = || FieldData::<f64>::zeros(&layout, Location::All, Fibre::Complex, 1).unwrap();
        let inputs = numbers.map(|(re, im)| {
            let mut field = zeros();
            field.set_sample(0, &[re, im]).unwrap();
            Field::<Complex, f64>::from_data(field)
        });
        let mut results = [zeros(), zeros(), zeros()];
        let [a, b, g] = &mut results;
        let mut bindings = Bindings {
            samples: 1,
            fields: &[&inputs[0], &inputs[1], &inputs[2]],
            out_fields: &mut [a, b, g],
            ..Default::default()
        };
        trace.program::<f64>(&outputs, &layout).unwrap().run(&Device::cpu(1).unwrap(), &mut bindings).unwrap();
        results.map(|r| (r.sample(0).unwrap()[0], r.sample(0).unwrap()[1]))
    }

    fn close(found: C, expected: C) {
        assert!((found.0 - expected.0).hypot(found.1 - expected.1) < 1e-13, "{found:?} is not {expected:?}");
    }

    #[test]
    fn products_and_quotients_are_those_of_complex_numbers_and_so_are_their_gradients() {
        let (z, w, c) = ((0.7, -1.3), (0.4, 2.1), (-0.6, 0.9));
        let conj = |(re, im): C| (re, -im);
        let [value, dz, dw] = evaluate([z, w, c], |z, w| z * w);
        close(value, times(z, w));
        // d Re(c* z w) = Re(c* w dz): with the gradient as ∂/∂a + i ∂/∂b, that is c w*.
        close(dz, times(c, conj(w)));
        close(dw, times(c, conj(z)));
        let [value, dz, dw] = evaluate([z, w, c], |z, w| z / w);
        close(value, over(z, w));
        close(dz, over(c, conj(w)));
        close(dw, times((-1.0, 0.0), times(c, conj(over(over(z, w), w)))));
        let [value, dz, _] = evaluate([z, w, c], |z, _| z.conj() * z.norm2());
        let norm2 = z.0 * z.0 + z.1 * z.1;
        close(value, times(conj(z), (norm2, 0.0)));
        // d Re(c* z* |z|²) = |z|² Re(c* dz*) + 2 Re(z* dz) Re(c* z*).
        let along = 2.0 * times(conj(c), conj(z)).0;
        close(dz, (c.0 * norm2 + along * z.0, -c.1 * norm2 + along * z.1));
    }
}
