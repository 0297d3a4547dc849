//! The ops: what can be done to fields. Each file holds an op whole: formula, types, gradient rule, cost, kernel.
//!
//! | file | ops |
//! |---|---|
//! | `argument` | arguments, constants, the sample mask |
//! | `pointwise` | arithmetic and elementary functions, site by site |
//! | `shift` | periodic shifts; restriction to and embedding of sub-lattices |
//! | `neighbours` | the sum over nearest neighbours |
//! | `channels` | one channel of many; channels side by side |
//! | `spread` | a number on every site |
//! | `sum_sites` | sums over the lattice, per sample |
//! | `add_sums` | sums over the batch, added |
//! | `conv` | periodic convolution and its two gradients |
//! | `random` | uniform and normal fields |
//! | `wave` | plane waves |
//! | `multiply`, `adjoint`, `trace`, `scale` | arithmetic of matrices, site by site |
//! | `project`, `bracket`, `exp`, `log` | the algebra of a group, its exponential and logarithm |
//! | `reunitarise`, `eigenphases` | back to a group; the spectrum of its elements |
//! | `directions` | one link of many; links together |
//! | `path`, `plaquette`, `staple` | products of links |
//! | `momentum_update`, `link_update` | a step of Hamilton's equations for links, in place |
//! | `local_update` | heat bath, overrelaxation, Metropolis |
//! | `moebius`, `spline` | monotone maps of one number, with parameters: of the circle, of an interval |

mod add_sums;
mod adjoint;
mod argument;
mod bracket;
mod channels;
mod conv;
mod directions;
mod eigenphases;
mod exp;
mod link_update;
mod local_update;
mod log;
mod matrices;
mod moebius;
mod momentum_update;
mod multiply;
mod neighbours;
mod path;
mod plaquette;
mod pointwise;
mod project;
mod random;
mod reunitarise;
mod scale;
mod shader;
mod shift;
mod spline;
mod spread;
mod staple;
mod sum_sites;
mod trace;
mod transforms;
mod wave;

pub use add_sums::AddSums;
pub use adjoint::MatrixAdjoint;
pub use argument::{Argument, Constant, Mask};
pub use bracket::Bracket;
pub use channels::{Channel, Stack};
pub(crate) use conv::Tables;
pub use conv::{Biases, Conv, ConvInputGrad, ConvWeightGrad, Kernel as ConvKernel};
pub use directions::{Direction, Directions};
pub use eigenphases::{Eigenphases, EigenphasesTangent};
pub use exp::left_derivative;
pub use exp::{Exp, ExpTangent};
pub use link_update::LinkUpdate;
pub use local_update::{Colouring, LocalUpdate, Loops, Rule};
pub use log::{Log, LogTangent};
pub use moebius::{Moebius, MoebiusMap, MoebiusTangent};
pub use momentum_update::MomentumUpdate;
pub use multiply::Multiply;
pub use neighbours::Neighbours;
pub use path::{Path, Step};
pub use plaquette::{Plaquettes, planes};
pub use pointwise::Pointwise;
pub use project::{Embed, Moments};
pub use random::{Distribution, Random};
pub use reunitarise::{Reunitarise, ReunitariseTangent};
pub use scale::{Dot, Scale};
pub use shader::{Constant as ShaderConstant, Form, NONE, Shader};
pub use shift::Shift;
pub use spline::{Spline, SplineMap, SplineTangent};
pub use spread::Spread;
pub use staple::Staples;
pub use sum_sites::SumSites;
pub use trace::{ScaledUnit, Trace};
pub use wave::Wave;

use crate::device::cpu::{Args, Kernel};
use crate::error::{Error, Result};
use crate::graph::{Graph, NodeId};
use crate::lanes::Real;
use crate::lattice::Lattice;
use crate::layout::Layout;
use crate::spec::{Cost, Spec};
use std::fmt::Debug;
use std::sync::Arc;

/// An op, as its author writes it. Everything but the name and [`Op::infer`] has a default that refuses.
///
/// A new op needs no entry anywhere: implement this trait and push it into a graph. See `examples/own_op.rs`.
pub trait Op: Debug + Clone + Send + Sync + 'static {
    /// The name, as errors and reports print it.
    const NAME: &'static str;

    /// The type of the output.
    ///
    /// # Errors
    /// If the op does not take these inputs.
    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec>;

    /// The gradient rule: pushes nodes that carry the cotangent of the output to the inputs. It computes nothing.
    ///
    /// # Errors
    /// If a node that it pushes is refused.
    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        let _ = graph;
        Ok(vec![Vjp::NotDifferentiable; at.inputs.len()])
    }

    /// Arithmetic and traffic for one sample.
    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost;

    /// How the planner treats the op; a kernel unless it says otherwise.
    fn role(&self) -> Role {
        Role::Kernel
    }

    /// Whether the op is linear in its first input, all others held fixed.
    fn is_linear(&self) -> bool {
        false
    }

    /// The input in whose memory the output may lie, if its kernel reads of it only the rows that it writes, through
    /// [`Args::field_and_rows_in_place`].
    fn in_place(&self) -> Option<usize> {
        None
    }

    /// The kernel on the processor, prepared for a layout.
    ///
    /// # Errors
    /// If the layout does not fit.
    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let _ = at;
        Err(Error::op(Self::NAME, "an op with a kernel", self))
    }

    /// [`Op::kernel`] in `f32`, for where a node is planned. The ops of this crate have both instances compiled here, by the
    /// macro `compiled_here`, and not again in every crate and program that uses them.
    ///
    /// # Errors
    /// As [`Op::kernel`].
    fn kernel_in_f32(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<f32>>> {
        self.kernel::<f32>(at)
    }

    /// [`Op::kernel`] in `f64`.
    ///
    /// # Errors
    /// As [`Op::kernel`].
    fn kernel_in_f64(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<f64>>> {
        self.kernel::<f64>(at)
    }

    /// The name of the random stream that it draws from.
    fn stream(&self) -> Option<&str> {
        None
    }

    /// How it is computed on a GPU, in a layout whose rows are sites; nothing means that a GPU refuses the op by name.
    /// Pointwise ops and those that have a role of their own need none.
    ///
    /// # Errors
    /// If the layout does not fit.
    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let _ = at;
        Ok(None)
    }
}

/// Within `impl Op`: the kernel of either precision as code of this crate. What is generic is compiled in every crate that
/// uses it, and a kernel is large.
macro_rules! compiled_here {
    () => {
        #[inline(never)]
        fn kernel_in_f32(
            &self,
            at: &crate::ops::Site<'_>,
        ) -> crate::error::Result<Box<dyn crate::device::cpu::Kernel<f32>>> {
            self.kernel::<f32>(at)
        }

        #[inline(never)]
        fn kernel_in_f64(
            &self,
            at: &crate::ops::Site<'_>,
        ) -> crate::error::Result<Box<dyn crate::device::cpu::Kernel<f64>>> {
            self.kernel::<f64>(at)
        }
    };
}
pub(crate) use compiled_here;

/// Where a gradient rule is applied.
#[derive(Clone, Copy, Debug)]
pub struct Adjoint<'a> {
    /// The inputs of the node.
    pub inputs: &'a [NodeId],
    /// The node.
    pub output: NodeId,
    /// The cotangent of its output.
    pub cotangent: NodeId,
}

/// What a gradient rule answers for one input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vjp {
    /// The output does not depend on the input.
    Zero,
    /// The cotangent of the input.
    Node(NodeId),
    /// There is no gradient; asking for it is an error that names the op.
    NotDifferentiable,
}

/// Where a kernel is prepared.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    /// The layout of all fields.
    pub layout: &'a Layout,
    /// The types of the inputs.
    pub inputs: &'a [Spec],
    /// The type of the output.
    pub output: Spec,
    /// What kernels of one program share.
    pub(crate) tables: &'a Tables,
}

impl Site<'_> {
    /// Calls `with` for an op that stands alone, outside of any program.
    pub fn alone<T>(layout: &Layout, inputs: &[Spec], output: Spec, with: impl FnOnce(&Site<'_>) -> T) -> T {
        with(&Site { layout, inputs, output, tables: &Tables::default() })
    }
}

/// How the planner treats an op.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// Bound at each run.
    Argument,
    /// A number that never changes.
    Constant(f64),
    /// 1 for a sample of the batch, 0 for padding.
    Mask,
    /// Joined into chains with its neighbours.
    Pointwise(Pointwise),
    /// A load in a chain: the row of a neighbour.
    Shift(Shift),
    /// A load in a chain: the sum of the rows of all neighbours.
    Neighbours(Neighbours),
    /// A load in a chain: one channel of many.
    Channel(usize),
    /// A number on every site, in a chain.
    Spread,
    /// The end of a chain: a sum over its rows.
    SumSites,
    /// Two sums over the batch in one place.
    AddSums,
    /// Runs its own kernel.
    Kernel,
}

/// An op behind a pointer: what a node holds. Implemented for every [`Op`].
pub trait AnyOp: Debug + Send + Sync {
    /// See [`Op::NAME`].
    fn name(&self) -> &'static str;
    /// See [`Op::infer`].
    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec>;
    /// See [`Op::vjp`].
    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>>;
    /// See [`Op::cost`].
    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost;
    /// See [`Op::role`].
    fn role(&self) -> Role;
    /// See [`Op::is_linear`].
    fn is_linear(&self) -> bool;
    /// See [`Op::in_place`].
    fn in_place(&self) -> Option<usize>;
    /// The `f32` instance of [`Op::kernel`].
    fn kernel_f32(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<f32>>>;
    /// The `f64` instance of [`Op::kernel`].
    fn kernel_f64(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<f64>>>;
    /// See [`Op::shader`].
    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>>;
    /// See [`Op::stream`].
    fn stream(&self) -> Option<&str>;
    /// The op once more, to push it on other inputs.
    fn shared(&self) -> Arc<dyn AnyOp>;
}

impl<T: Op> AnyOp for T {
    fn name(&self) -> &'static str {
        T::NAME
    }
    fn infer(&self, lattice: &Lattice, inputs: &[Spec]) -> Result<Spec> {
        Op::infer(self, lattice, inputs)
    }
    fn vjp(&self, graph: &mut Graph, at: &Adjoint<'_>) -> Result<Vec<Vjp>> {
        Op::vjp(self, graph, at)
    }
    fn cost(&self, lattice: &Lattice, inputs: &[Spec], output: &Spec) -> Cost {
        Op::cost(self, lattice, inputs, output)
    }
    fn role(&self) -> Role {
        Op::role(self)
    }
    fn is_linear(&self) -> bool {
        Op::is_linear(self)
    }
    fn in_place(&self) -> Option<usize> {
        Op::in_place(self)
    }
    fn kernel_f32(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<f32>>> {
        self.kernel_in_f32(at)
    }
    fn kernel_f64(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<f64>>> {
        self.kernel_in_f64(at)
    }
    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        Op::shader(self, at)
    }
    fn stream(&self) -> Option<&str> {
        Op::stream(self)
    }
    fn shared(&self) -> Arc<dyn AnyOp> {
        Arc::new(self.clone())
    }
}

/// A kernel that does nothing else than call a function; for ops whose kernel needs no preparation.
impl<R: Real, F: Fn(&mut Args<'_, R>) + Send + Sync> Kernel<R> for F {
    fn run(&self, args: &mut Args<'_, R>) {
        self(args)
    }
}
