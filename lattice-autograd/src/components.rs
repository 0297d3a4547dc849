//! Fields of several components: scalar products, and components one by one.

use crate::var::{OnSites, PerSample, Var};
use lattice_tensor::field::Scalar;
use lattice_tensor::ops::{Channel, Pointwise, Stack, SumSites};
use lattice_tensor::{Fibre, NodeId, Spec};

impl<'t, K: OnSites> Var<'t, K> {
    /// The real components, as real fields.
    #[track_caller]
    pub fn parts(self) -> Vec<Var<'t, Scalar>> {
        match self.spec() {
            Spec::Field { fibre: Fibre::Scalar, .. } => vec![Var::new(self.trace(), self.id())],
            _ => (0..self.components()).map(|i| self.trace().apply(Channel(i), &[self.id()])).collect(),
        }
    }

    /// A field of this one's type with these components.
    #[track_caller]
    pub fn with_parts(self, parts: &[Var<'t, Scalar>]) -> Self {
        match (self.spec(), parts) {
            (Spec::Field { fibre: Fibre::Scalar, .. }, [part]) => Var::new(self.trace(), part.id()),
            (Spec::Field { fibre, .. }, _) => {
                let ids: Vec<NodeId> = parts.iter().map(|part| part.id()).collect();
                self.trace().apply(Stack { fibre }, &ids)
            }
            _ => self,
        }
    }

    /// The real scalar product on each site: `Σ_c a_c(x) b_c(x)`, for complex fields `Re a* b`.
    #[track_caller]
    pub fn dot(self, other: Self) -> Var<'t, Scalar> {
        let products = self.parts().into_iter().zip(other.parts()).map(|(a, b)| a * b);
        products.reduce(|a, b| a + b).unwrap_or_else(|| Var::new(self.trace(), self.id()))
    }

    /// The real scalar product of two fields: `Σ_x Σ_c a_c(x) b_c(x)`, in `f64`.
    #[track_caller]
    pub fn inner(self, other: Self) -> Var<'t, PerSample> {
        let product: Var<'t, K> = self.trace().apply(Pointwise::Mul, &[self.id(), other.id()]);
        self.trace().apply(SumSites, &[product.id()])
    }
}
