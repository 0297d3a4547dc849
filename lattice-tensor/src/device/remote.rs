//! Numbers of a field that lie on a GPU.

use crate::error::Result;
use std::fmt::Debug;

/// A copy of a field's numbers in the memory of a GPU.
pub(crate) trait Remote: Debug + Send + Sync {
    /// The numbers in the order of [`FieldData::numbers`](crate::FieldData::numbers), brought to the host.
    fn fetch(&self) -> Result<Vec<f32>>;

    /// The copy as its GPU knows it.
    #[cfg(feature = "gpu")]
    fn as_any(&self) -> &dyn std::any::Any;
}
