//! Parameters and the files that keep them.
//!
//! | question | file |
//! |---|---|
//! | the numbers that are learnt, with names and shapes | [`Parameters`] |
//! | named tensors on disk, as safetensors | [`TensorFile`], [`Tensor`] |
//! | types of numbers in files, rounding to them | [`NumberType`] |
//! | which tensors of a file belong to which buffer | [`Parameters::store`], [`Parameters::restore`] |
//! | files that are either old or new | [`replace`] |
//! | what can go wrong | [`ParamsError`] |
mod checkpoint;
mod digest;
mod error;
mod number_type;
mod parameters;
mod replace;
mod tensor_file;
#[cfg(test)]
mod tensor_file_tests;

pub use error::ParamsError;
pub use number_type::NumberType;
pub use parameters::{Entry, Parameters};
pub use replace::replace;
pub(crate) use tensor_file::unfit;
pub use tensor_file::{Tensor, TensorFile};
