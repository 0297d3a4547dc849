//! What a program does on a GPU, dispatch by dispatch.

use super::run::Plan;
use crate::spec::Cost;
use std::collections::HashMap;
use std::fmt;

/// One kernel of a program and all its dispatches in one pass over the samples.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelReport {
    /// The stage of the program: between stages the host decides.
    pub stage: usize,
    /// The ops that it computes one after the other, chains of pointwise ops counting as one.
    pub steps: Vec<String>,
    /// How many dispatches run it.
    pub dispatches: usize,
    /// Workgroups for each sample; for gradients of weights, for each group of samples.
    pub workgroups: usize,
    /// Arithmetic and traffic of all of them together, for one sample, each op counted as if it stood alone.
    pub cost: Cost,
}

impl KernelReport {
    /// Whether it does several steps for a sample in one dispatch.
    pub fn is_fused(&self) -> bool {
        self.steps.len() > 1
    }
}

/// A program on a GPU.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The kernels, in the order in which they first run.
    pub kernels: Vec<KernelReport>,
    /// Submissions of a run, where the batch fits into one pass or the program has one stage.
    pub submissions: usize,
    /// Numbers of the arena for each sample.
    pub arena: usize,
    /// Numbers with 16 bits besides.
    pub halves: usize,
    /// Whether weights are arranged, and sums over the batch added up, by a dispatch of their own.
    pub around: [bool; 2],
}

impl Report {
    /// Dispatches of one pass over the samples.
    pub fn dispatches(&self) -> usize {
        let around = self.around.iter().filter(|&&x| x).count();
        self.kernels.iter().map(|kernel| kernel.dispatches).sum::<usize>() + around
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { kernels, submissions, arena, halves, .. } = self;
        writeln!(
            f,
            "{} dispatches of {} kernels in {submissions} submission(s); {arena} numbers and {halves} halves in the arena for a sample",
            self.dispatches(),
            kernels.len()
        )?;
        writeln!(f, "stage dispatches workgroups      flops      bytes  steps")?;
        for KernelReport { stage, steps, dispatches, workgroups, cost } in kernels {
            let (flops, bytes) = (cost.flops, cost.bytes);
            writeln!(
                f,
                "{stage:>5} {dispatches:>10} {workgroups:>10} {flops:>10.0} {bytes:>10.0}  {}",
                steps.join(", ")
            )?;
        }
        Ok(())
    }
}

impl Plan {
    /// What the program does, dispatch by dispatch.
    pub fn report(&self) -> Report {
        let mut kernels: Vec<KernelReport> = Vec::new();
        let mut known: HashMap<(usize, &str), usize> = HashMap::new();
        for (s, stage) in self.planned.stages.iter().enumerate() {
            let mut add = |text, steps: Vec<String>, dispatches, workgroups, cost| {
                let at = *known.entry((s, text)).or_insert(kernels.len());
                match kernels.get_mut(at) {
                    Some(kernel) => {
                        kernel.dispatches += dispatches;
                        kernel.cost += cost;
                    }
                    None => kernels.push(KernelReport { stage: s, steps, dispatches, workgroups, cost }),
                }
            };
            for d in &stage.dispatches {
                let steps = d.steps.iter().map(|step| step.to_string()).collect();
                add(d.kernel.text.as_str(), steps, 1, d.chunks, d.cost);
            }
            for g in &stage.groups {
                let steps = vec![format!("{} of {}", g.kernel.name, g.jobs)];
                add(g.kernel.text.as_str(), steps, 1, g.tiles * g.jobs, g.cost);
            }
        }
        Report {
            kernels,
            submissions: self.planned.stages.len(),
            arena: self.planned.stride,
            halves: self.planned.halves,
            around: [!self.planned.packed.is_empty(), !self.planned.batch_sums.is_empty()],
        }
    }
}
