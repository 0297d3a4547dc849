//! Elementary functions on lanes.
use super::{Isa, Lane, Real};
impl<S: Isa, R: Real> Lane<S, R> {
    /// t
    #[inline(always)]
    pub fn exp(self) -> Self {
        self
    }
    /// r
    #[inline(always)]
    pub fn recip(self) -> Self {
        Self::constant(self.simd(), 1.0) / self
    }
    /// t
    #[inline(always)]
    pub fn ln(self) -> Self {
        self
    }
    /// t
    #[inline(always)]
    pub fn tanh(self) -> Self {
        self
    }
    /// t
    #[inline(always)]
    pub fn sin(self) -> Self {
        self
    }
    /// t
    #[inline(always)]
    pub fn cos(self) -> Self {
        self
    }
}
