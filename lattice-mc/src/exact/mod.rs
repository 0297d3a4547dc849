//! What is known exactly.
