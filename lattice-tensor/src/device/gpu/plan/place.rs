//! Where values lie: in the arena, each range reused when the last reader of its value is done; or, if nobody outside
//! their dispatch reads them, in the workgroup's memory.

use super::schedule::Job;
use super::segments::Segment;
use super::{Home, Planner, Work};
use crate::error::Result;
use crate::graph::NodeId;
use crate::ops::{Pointwise, Role};
use crate::spec::Spec;

/// Numbers of the workgroup's memory for values: 10 KiB of the 16 that every adapter has.
pub(in super::super) const NEAR: usize = 2560;

/// When a value is computed and last read, in dispatches and in steps.
#[derive(Clone, Copy, Debug)]
struct Life {
    node: NodeId,
    len: usize,
    born: (usize, usize),
    /// In the order of steps.
    last: (usize, usize),
}

/// Ranges of memory that are taken until a step.
#[derive(Default)]
struct Ranges {
    taken: Vec<(usize, usize, (usize, usize))>,
    size: usize,
}

impl Ranges {
    fn place(&mut self, len: usize, born: (usize, usize), last: (usize, usize)) -> usize {
        self.taken.retain(|&(_, _, until)| until >= born);
        self.taken.sort_unstable();
        let mut offset = 0;
        for &(at, size, _) in &self.taken {
            if offset + len <= at {
                break;
            }
            offset = offset.max(at + size);
        }
        self.taken.push((offset, len, last));
        self.size = self.size.max(offset + len);
        offset
    }
}

impl Planner<'_> {
    /// Gives every value that is read from memory a place. Returns the numbers of the arena for
    /// each sample, and of the arena of halves.
    pub(super) fn place(
        &mut self,
        stages: &[Vec<Segment>],
        jobs: &[Vec<Job>],
        delivered: &[NodeId],
    ) -> Result<[usize; 2]> {
        let mut lives: Vec<Life> = Vec::new();
        let mut life_of = vec![None; self.live.len()];
        let mut far = vec![false; self.live.len()];
        let mut dispatch = 0;
        for (segments, jobs) in stages.iter().zip(jobs) {
            for segment in segments {
                for (s, step) in segment.steps.iter().enumerate() {
                    let at = (dispatch, s);
                    for id in self.read_from_memory(step)? {
                        if let Some(life) = life_of[id.index()].map(|l: usize| &mut lives[l]) {
                            life.last = at;
                            far[id.index()] |= life.born.0 != dispatch;
                        }
                    }
                    let computed: Vec<NodeId> = match step {
                        Work::Chain { nodes, .. } => nodes.clone(),
                        Work::Items(id) => vec![*id],
                        Work::Fetch { node, .. } => vec![*node],
                        Work::Deliver { .. } => Vec::new(),
                    };
                    for node in computed {
                        if matches!(self.spec(node), Spec::Field { .. }) && self.home[node.index()].is_none() {
                            life_of[node.index()] = Some(lives.len());
                            lives.push(Life { node, len: self.len(self.spec(node))?, born: at, last: at });
                        }
                    }
                }
                dispatch += 1;
            }
            // Weight gradients come last in a stage, and read the arena.
            for id in jobs.iter().flat_map(|job| self.graph.node(job.node).inputs.clone()) {
                if let Some(life) = life_of[id.index()].map(|l: usize| &mut lives[l]) {
                    life.last = (dispatch, 0);
                    far[id.index()] = true;
                }
            }
            dispatch += 1;
        }
        let (mut arena, mut halves) = (Ranges::default(), Ranges::default());
        let mut near = (0, Ranges::default());
        // Sums of chunks have places of their own, given by `text`; they follow the values.
        for life in lives {
            let id = life.node;
            if life.last == life.born && !far[id.index()] && !delivered.contains(&id) {
                // Read inside its chain only: it never leaves the registers. What nobody reads is not stored either.
                if !self.is_items(id)? {
                    continue;
                }
            }
            if !far[id.index()] && self.is_whole() {
                if near.0 != life.born.0 {
                    near = (life.born.0, Ranges::default());
                }
                let before = (near.1.taken.clone(), near.1.size);
                let offset = near.1.place(life.len, life.born, life.last);
                if near.1.size <= NEAR {
                    self.home[id.index()] = Some(Home::Near(offset));
                    continue;
                }
                (near.1.taken, near.1.size) = before;
            }
            let rounded = matches!(self.graph.node(id).op.role(), Role::Pointwise(Pointwise::Half));
            self.home[id.index()] = Some(if rounded && self.half_precision {
                Home::Half(halves.place(life.len, life.born, life.last))
            } else {
                Home::Arena(arena.place(life.len, life.born, life.last))
            });
        }
        // Whole words.
        Ok([arena.size, halves.size.next_multiple_of(2)])
    }

    fn is_items(&mut self, id: NodeId) -> Result<bool> {
        Ok(matches!(self.graph.node(id).op.role(), Role::Kernel) && !self.is_element(id)?)
    }

    /// The values that a step reads from memory: all operands of elements and items, and those of pointwise nodes that
    /// the chain does not compute itself.
    fn read_from_memory(&mut self, step: &Work) -> Result<Vec<NodeId>> {
        let mut read = Vec::new();
        match step {
            Work::Chain { nodes, .. } => {
                for (k, &id) in nodes.iter().enumerate() {
                    let element = self.is_element(id)?;
                    let operands = self.products.operands(self.graph, id);
                    read.extend(operands.into_iter().filter(|operand| element || !nodes[..k].contains(operand)));
                }
            }
            Work::Items(id) => read.extend(&self.graph.node(*id).inputs),
            Work::Deliver { node, .. } => read.push(*node),
            Work::Fetch { .. } => {}
        }
        Ok(read)
    }
}
