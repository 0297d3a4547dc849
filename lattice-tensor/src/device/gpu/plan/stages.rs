//! What the host computes, and when.

use super::{Home, Planner, Port};
use crate::error::{Error, Result};
use crate::graph::NodeId;
use crate::ops::{Pointwise, Role};
use crate::random::Stream;
use crate::spec::Spec;

/// A number, uniform or per sample, that the host computes in `f64`.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct HostStep {
    pub work: HostWork,
    /// Whether there is one for each sample.
    pub per_sample: bool,
    /// Known before the device's stage of this number.
    pub stage: usize,
}

#[derive(Clone, Copy, Debug)]
pub(in super::super) enum HostWork {
    Constant(f64),
    /// A uniform argument, by its position among those.
    Uniform(usize),
    /// An argument per sample, by its position among those.
    PerSample(usize),
    /// 1 for each sample: there is no padding.
    Mask,
    /// A uniform number in [0, 1) for each sample.
    Draw(Stream),
    /// A sum over the lattice, as the device returns it.
    Sum(usize),
    Pointwise(Pointwise, [usize; 3]),
}

impl Planner<'_> {
    pub(super) fn place_arguments(&mut self) -> Result<()> {
        let (mut uniforms, mut per_sample) = (0, 0);
        let count = |n: &mut usize| {
            *n += 1;
            *n - 1
        };
        for &id in self.graph.arguments() {
            match self.spec(id) {
                spec @ Spec::Field { .. } => {
                    let port = Port { len: self.len(spec)? };
                    self.field_arguments.push((id, port));
                }
                Spec::Uniform => {
                    let index = count(&mut uniforms);
                    self.add(id, HostWork::Uniform(index), false, 0);
                }
                Spec::PerSample => {
                    let index = count(&mut per_sample);
                    self.add(id, HostWork::PerSample(index), true, 0);
                }
                Spec::Weights { .. } | Spec::BatchSum { .. } => {}
            }
        }
        // One field argument is read where it is bound; several are fetched, as a dispatch binds one.
        if let [(id, _)] = self.field_arguments[..]
            && !self.is_summed_over(id)
        {
            self.home[id.index()] = Some(Home::In(0));
        }
        Ok(())
    }

    fn add(&mut self, id: NodeId, work: HostWork, per_sample: bool, stage: usize) {
        self.host_of[id.index()] = Some(self.host.len());
        self.stage[id.index()] = stage;
        self.host.push(HostStep { work, per_sample, stage });
    }

    /// Assigns every live node to a stage: device stage `s` follows the host's stage `s`, and its sums over the lattice
    /// are known to the host's stage `s + 1`.
    pub(super) fn split_stages(&mut self) -> Result<()> {
        let mut sums = 0;
        for i in 0..self.graph.nodes().len() {
            let id = NodeId(i as u32);
            if !self.live[i] || self.host_of[i].is_some() {
                continue;
            }
            let node = self.graph.node(id);
            let stage = node.inputs.iter().map(|input| self.stage[input.index()]).max().unwrap_or(0);
            self.stage[i] = stage;
            match (node.op.role(), node.spec) {
                (_, Spec::Field { .. } | Spec::Weights { .. } | Spec::BatchSum { .. }) => {}
                (Role::Constant(value), _) => self.add(id, HostWork::Constant(value), false, 0),
                (Role::Mask, _) => self.add(id, HostWork::Mask, true, 0),
                (Role::SumSites, _) => {
                    self.sum_of[i] = Some(sums);
                    self.add(id, HostWork::Sum(sums), true, stage + 1);
                    sums += 1;
                }
                (Role::Pointwise(kind), spec) => {
                    let mut places = [0; 3];
                    for (place, &input) in places.iter_mut().zip(&node.inputs) {
                        *place = self.number(input)?;
                    }
                    self.add(id, HostWork::Pointwise(kind, places), spec == Spec::PerSample, stage);
                }
                (Role::Kernel, _) if self.is_draw(id) => {
                    let stream = self.draw_stream(id)?;
                    self.add(id, HostWork::Draw(stream), true, stage);
                }
                _ => {
                    let expected = "numbers per sample from sums over the lattice and pointwise ops, to run on a GPU";
                    return Err(Error::op(node.op.name(), expected, &node.op).at(node.line));
                }
            }
        }
        Ok(())
    }

    fn is_draw(&self, id: NodeId) -> bool {
        let node = self.graph.node(id);
        node.op.name() == "random" && node.spec == Spec::PerSample
    }

    fn draw_stream(&self, id: NodeId) -> Result<Stream> {
        let node = self.graph.node(id);
        match node.op.stream() {
            Some(name) => Ok(Stream::named(name)),
            None => Err(Error::op(node.op.name(), "a random stream", &node.op).at(node.line)),
        }
    }
}
