//! Values as they are written to a `--config` file.

use super::CPU;
use serde::Serializer;

/// TOML has integers of 63 bits; larger ones are written as text.
pub fn as_integer<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
    match i64::try_from(*value) {
        Ok(small) => to.serialize_i64(small),
        Err(_) => to.collect_str(value),
    }
}

pub fn as_device<S: Serializer>(device: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(device.as_deref().unwrap_or(CPU))
}

pub fn as_texts<T: std::fmt::Display, S: Serializer>(values: &[T], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(values.iter().map(T::to_string))
}

pub fn as_text_if_any<T: std::fmt::Display, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => to.collect_str(value),
        None => to.serialize_none(),
    }
}

pub fn as_text<T: std::fmt::Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}
