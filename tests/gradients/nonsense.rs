//! Whatever is asked for, the answer is a result or an error, never a panic.
