//! WGSL compute shaders, as text.
#![forbid(unsafe_code)]
