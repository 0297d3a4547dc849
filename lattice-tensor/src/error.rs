//! What can go wrong with fields and programs.

use std::panic::Location as Line;

/// An error of lattice-tensor: what, where, expected, found.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A lattice that cannot be.
    #[error("lattice {extents:?}: {expected}")]
    Lattice {
        /// The extents asked for.
        extents: Vec<usize>,
        /// What a lattice must satisfy.
        expected: String,
    },
    /// A layout that does not fit its lattice.
    #[error("layout of lattice {extents:?} split {inner:?}: {expected}")]
    Layout {
        /// The extents.
        extents: Vec<usize>,
        /// How many virtual nodes were asked for in each direction.
        inner: Vec<usize>,
        /// What a split must satisfy.
        expected: String,
    },
    /// An op was given inputs that it cannot take.
    #[error("{op} at {line}: expected {expected}, found {found}")]
    Op {
        /// The op.
        op: &'static str,
        /// The line of the user's program.
        line: String,
        /// What it takes.
        expected: String,
        /// What it was given.
        found: String,
    },
    /// A gradient was asked for that does not exist.
    #[error("{op} at {line}: not differentiable with respect to its input {input}")]
    NotDifferentiable {
        /// The op.
        op: &'static str,
        /// The line of the user's program.
        line: String,
        /// Which input.
        input: usize,
    },
    /// A program was run with data of the wrong size or kind.
    #[error("{what}: expected {expected}, found {found}")]
    Binding {
        /// Which argument or output.
        what: String,
        /// What the program needs.
        expected: String,
        /// What it was given.
        found: String,
    },
    /// More memory than there is.
    #[error("{what} needs {bytes} bytes, which cannot be had")]
    OutOfMemory {
        /// What was to be allocated.
        what: String,
        /// How much.
        bytes: u128,
    },
    /// No adapter to run programs on.
    #[error(
        "device {asked}: expected a GPU with a driver for Vulkan, Metal or DirectX 12, found none ({reason}); install its \
         vendor's driver, or on Debian `apt-get install mesa-vulkan-drivers libvulkan1` for one in software, or use \
         --device cpu"
    )]
    NoAdapter {
        /// Which was asked for.
        asked: String,
        /// What the system said.
        reason: String,
    },
    /// A name that is not that of one adapter.
    #[error("device {asked}: expected the number, or a part of the name, of one adapter, found {found}")]
    WhichAdapter {
        /// Which was asked for.
        asked: String,
        /// How many it means, and a list of them or of all, one a line.
        found: String,
    },
    /// A GPU that is gone: reset, unplugged, or given up by its driver.
    #[error(
        "{device}: lost ({reason}); what it held is gone, so start again from the last checkpoint, or use --device cpu"
    )]
    DeviceLost {
        /// Which device.
        device: String,
        /// What its driver said.
        reason: String,
    },
    /// More memory than a GPU has.
    #[error("{what} on {device}: expected {bytes} bytes, found {reason}; use a smaller batch, or --device cpu")]
    DeviceMemory {
        /// Which device.
        device: String,
        /// What was to be allocated.
        what: String,
        /// How much.
        bytes: u64,
        /// What there is.
        reason: String,
    },
    /// A kernel that a driver does not take.
    #[error("kernel {kernel} on {device}: expected a shader that compiles, found: {reason}")]
    Kernel {
        /// Which kernel.
        kernel: String,
        /// Which device.
        device: String,
        /// What the compiler or the driver said.
        reason: String,
    },
    /// A GPU that no longer answers.
    #[error(
        "{device}: expected the end of a submission, found no progress for {seconds} s; use a smaller batch if the \
         device is slow, another driver if it hangs, or --device cpu"
    )]
    DeviceSilent {
        /// Which device.
        device: String,
        /// How long it was waited for.
        seconds: f64,
    },
    /// A call that wgpu or a driver refused.
    #[error("{what} on {device}: expected a valid call, found: {reason}")]
    DeviceCall {
        /// Which device.
        device: String,
        /// What was to be done.
        what: String,
        /// What was said.
        reason: String,
    },
    /// Threads could not be started.
    #[error("cannot start {threads} threads: {reason}")]
    Threads {
        /// How many.
        threads: usize,
        /// What the system said.
        reason: String,
    },
    /// A device that cannot be had.
    #[error("device {asked}: {reason}")]
    Device {
        /// Which was asked for.
        asked: String,
        /// Why not.
        reason: String,
    },
    /// A program in a precision that its device does not compute in.
    #[error("program on {device}: expected f32, found {found}; use --precision f32 or --device cpu")]
    Precision {
        /// Which device.
        device: String,
        /// The precision.
        found: &'static str,
    },
}

impl Error {
    /// An op's complaint; the line is filled in where the op is pushed.
    pub fn op(op: &'static str, expected: impl Into<String>, found: impl std::fmt::Debug) -> Error {
        Error::Op { op, line: String::new(), expected: expected.into(), found: format!("{found:?}") }
    }

    /// Adds the line of the user's program to an op's complaint.
    pub fn at(self, at: &Line<'_>) -> Error {
        match self {
            Error::Op { op, line, expected, found } if line.is_empty() => {
                Error::Op { op, line: at.to_string(), expected, found }
            }
            Error::NotDifferentiable { op, line, input } if line.is_empty() => {
                Error::NotDifferentiable { op, line: at.to_string(), input }
            }
            other => other,
        }
    }
}

/// The result of lattice-tensor's functions.
pub type Result<T> = std::result::Result<T, Error>;
