//! WGSL compute shaders, as text.
