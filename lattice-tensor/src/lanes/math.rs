//! Elementary functions on lanes.
