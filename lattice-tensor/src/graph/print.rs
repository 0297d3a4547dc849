//! A program as text: one typed equation a line.

use super::Graph;
use crate::lattice::Location;
use crate::spec::{Fibre, Spec};
use std::fmt;

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "program on {:?}", self.lattice().extents())?;
        for (i, node) in self.nodes().iter().enumerate() {
            let inputs: Vec<String> = node.inputs.iter().map(|n| format!("%{}", n.index())).collect();
            writeln!(f, "  %{i}: {} = {:?}({})", node.spec, node.op, inputs.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spec::Field { location, fibre } => {
                match fibre {
                    Fibre::Scalar => write!(f, "scalar")?,
                    Fibre::Complex => write!(f, "complex")?,
                    Fibre::Channels(n) => write!(f, "channels[{n}]")?,
                    Fibre::Matrix { group, count } => write!(f, "{}[{count}]", group.name())?,
                    Fibre::Algebra { group, count } => write!(f, "algebra-{}[{count}]", group.name())?,
                }
                match location {
                    Location::All => Ok(()),
                    Location::Parity(p) => write!(f, "@{}", if *p == 0 { "even" } else { "odd" }),
                    Location::Stripe { mu, period, offset } => write!(f, "@x{mu}≡{offset} mod {period}"),
                    Location::Grid(grid) => write!(f, "{grid}"),
                }
            }
            Spec::PerSample => write!(f, "per-sample"),
            Spec::Uniform => write!(f, "uniform"),
            Spec::Weights { offset, len } => write!(f, "weights[{offset}..{}]", offset + len),
            Spec::BatchSum { len } => write!(f, "batch-sum[{len}]"),
        }
    }
}
