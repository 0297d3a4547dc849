//! Which steps make one dispatch. A program of many equal layers is cut at the same place in each, so that all of them
//! run the same kernel with other operands.

use super::{CHUNK, Home, Planner, TURNS, Work};
use crate::error::Result;
use crate::graph::NodeId;
use crate::ops::{Form, Role};
use crate::spec::Spec;

/// The most steps in a dispatch: kernels are compiled whole.
const STEPS: usize = 16;
/// The longest part of a program that is looked for again behind itself.
const PERIOD: usize = 96;
/// Operands of a dispatch, at most.
pub(in super::super) const OPERANDS: usize = 256;

/// Steps that one dispatch does.
#[derive(Clone, Debug)]
pub(in super::super) struct Segment {
    pub steps: Vec<Work>,
    /// Workgroups for each sample; more than one allow one step only.
    pub chunks: usize,
}

impl Planner<'_> {
    pub(super) fn segments(&mut self, stages: &[Vec<Work>]) -> Result<Vec<Vec<Segment>>> {
        let mut all = Vec::new();
        for steps in stages {
            let mut segments = Vec::new();
            for part in self.parts(steps)? {
                self.cut(&steps[part], &mut segments)?;
            }
            all.push(segments);
        }
        Ok(all)
    }

    /// The ranges of steps that repeat, each repetition one range, and what is between them.
    fn parts(&mut self, steps: &[Work]) -> Result<Vec<std::ops::Range<usize>>> {
        let keys = steps.iter().map(|step| self.key(step)).collect::<Result<Vec<_>>>()?;
        let (mut parts, mut at, mut loose) = (Vec::new(), 0, 0);
        while at < keys.len() {
            let repeats = |period: usize| {
                let same = |k: usize| keys.get(k) == keys.get(k - period) && k < keys.len();
                let mut end = at + period;
                while end + period <= keys.len() && (end..end + period).all(same) {
                    end += period;
                }
                (end - at) / period
            };
            let longest = PERIOD.min((keys.len() - at) / 2);
            let best = (2..=longest).map(|period| (period, repeats(period))).filter(|&(_, n)| n > 1);
            match best.max_by_key(|&(period, n)| (period * n, std::cmp::Reverse(period))) {
                Some((period, n)) => {
                    if loose < at {
                        parts.push(loose..at);
                    }
                    parts.extend((0..n).map(|k| at + k * period..at + (k + 1) * period));
                    at += n * period;
                    loose = at;
                }
                None => at += 1,
            }
        }
        if loose < at {
            parts.push(loose..at);
        }
        Ok(parts)
    }

    /// Steps with equal keys have kernels that differ at most in where operands lie.
    fn key(&mut self, step: &Work) -> Result<String> {
        let describe = |planner: &mut Self, id: NodeId| -> Result<String> {
            let node = planner.graph.node(id);
            let inputs: Vec<Spec> = node.inputs.iter().map(|&i| planner.spec(i)).collect();
            let shape = planner.shape(node.spec)?;
            Ok(match node.op.role() {
                Role::Pointwise(kind) => format!("{} {:?}", kind.name(), inputs.len()),
                Role::Shift(_) | Role::Neighbours(_) | Role::Channel(_) | Role::Kernel => {
                    let shader = planner.shader(id)?;
                    format!("{} {:?} {:?} {shape:?}", shader.name, shader.form, shader.constants)
                }
                role => format!("{role:?}"),
            })
        };
        Ok(match step {
            Work::Chain { domain, nodes } => {
                let mut key = format!("{:?}", self.shape(*domain)?);
                for &id in nodes {
                    key += &describe(self, id)?;
                    let operands = self.products.operands(self.graph, id);
                    for operand in operands {
                        // Which value of the chain, or that it comes from outside; constants stand in the text.
                        match self.graph.constant_value(operand) {
                            Some(value) => key += &format!(" {value:e}"),
                            None => key += &format!(" {:?}", nodes.iter().position(|&n| n == operand)),
                        }
                    }
                    key.push(';');
                }
                key
            }
            Work::Items(id) => describe(self, *id)?,
            Work::Fetch { argument, .. } => format!("fetch {argument}"),
            Work::Deliver { output, .. } => format!("deliver {output}"),
        })
    }

    /// Cuts a range of steps into dispatches.
    fn cut(&mut self, steps: &[Work], segments: &mut Vec<Segment>) -> Result<()> {
        let workgroup = self.workgroup();
        let mut open: Option<(Segment, usize, usize, [Option<usize>; 2])> = None;
        for step in steps {
            let (items, turns) = self.items(step)?;
            let chunks = match step {
                Work::Items(_) => {
                    let each = workgroup * (TURNS / (turns + 1)).max(1);
                    if self.is_whole() { items.div_ceil(each) } else { items.div_ceil(each.min(CHUNK)) }
                }
                _ if self.is_whole() => 1,
                _ => items.div_ceil(CHUNK),
            };
            if chunks > 1 || !self.is_whole() {
                segments.extend(open.take().map(|(segment, ..)| segment));
                segments.push(Segment { steps: vec![step.clone()], chunks: chunks.max(1) });
                continue;
            }
            let turns = items.div_ceil(workgroup) * (turns + 1) + 64;
            let operands = self.most_operands(step)?;
            let bound = self.bound_fields(step);
            if let Some((segment, all_turns, all_operands, fields)) = &mut open {
                let clash = (0..2).any(|k| fields[k].is_some() && bound[k].is_some() && fields[k] != bound[k]);
                let fits = segment.steps.len() < STEPS && *all_turns + turns <= TURNS;
                if fits && *all_operands + operands <= OPERANDS - 4 && !clash {
                    segment.steps.push(step.clone());
                    *all_turns += turns;
                    *all_operands += operands;
                    (0..2).for_each(|k| fields[k] = fields[k].or(bound[k]));
                    continue;
                }
            }
            segments.extend(open.take().map(|(segment, ..)| segment));
            open = Some((Segment { steps: vec![step.clone()], chunks: 1 }, turns, operands, bound));
        }
        segments.extend(open.map(|(segment, ..)| segment));
        Ok(())
    }

    /// How many items a step has, and the turns of loops in each.
    pub(in super::super) fn items(&mut self, step: &Work) -> Result<(usize, usize)> {
        Ok(match step {
            Work::Chain { domain, nodes } => {
                let mut turns = 0;
                for &id in nodes {
                    if self.is_element(id)? {
                        turns += self.shader(id)?.turns;
                    }
                }
                (self.len(*domain)?, turns)
            }
            Work::Items(id) => {
                let shader = self.shader(*id)?;
                match shader.form {
                    Form::Items(items) => (items, shader.turns),
                    _ => (0, 0),
                }
            }
            Work::Fetch { node, .. } | Work::Deliver { node, .. } => (self.len(self.spec(*node))?, 0),
        })
    }

    fn most_operands(&mut self, step: &Work) -> Result<usize> {
        let mut count = 3;
        let ids: Vec<NodeId> = match step {
            Work::Chain { nodes, .. } => nodes.clone(),
            Work::Items(id) => vec![*id],
            _ => Vec::new(),
        };
        for id in ids {
            count += self.products.operands(self.graph, id).len() + 1;
            if self.is_element(id)? || matches!(step, Work::Items(_)) {
                let shader = self.shader(id)?;
                count += shader.tables.len() + usize::from(!shader.weights.is_empty()) + 1;
            }
        }
        Ok(count)
    }

    /// The field argument and the field output that a step wants bound.
    pub(in super::super) fn bound_fields(&self, step: &Work) -> [Option<usize>; 2] {
        let mut bound = [None, None];
        let mut see = |id: NodeId| match self.home[id.index()] {
            Some(Home::In(k)) => bound[0] = Some(k),
            Some(Home::Out(k)) => bound[1] = Some(k),
            _ => {}
        };
        match step {
            Work::Chain { nodes, .. } => {
                for &id in nodes {
                    see(id);
                    self.products.operands(self.graph, id).into_iter().for_each(&mut see);
                }
            }
            Work::Items(id) => {
                see(*id);
                self.graph.node(*id).inputs.iter().copied().for_each(&mut see);
            }
            Work::Fetch { argument, .. } => bound[0] = Some(*argument),
            Work::Deliver { output, node } => {
                see(*node);
                bound[1] = Some(*output);
            }
        }
        bound
    }
}
