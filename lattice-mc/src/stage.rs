//! Work on single configurations between programs, such as building clusters.

use crate::Error;
use lattice_tensor::device::cpu::Cpu;
use lattice_tensor::{Draws, FieldData, Layout, Real};
use std::fmt::Debug;
use std::sync::Arc;

/// A part of an update that treats configurations one by one, in `f64`.
pub trait Stage: Debug + Send + Sync {
    /// The names of the numbers that it reports.
    fn names(&self) -> &[&'static str];

    /// Updates one configuration. Random numbers must come from `of.draws` alone, whose `first_sample` is the number
    /// of the chain.
    fn run(&self, of: Configuration<'_>);
}

/// One configuration, as a [`Stage`] sees it.
#[derive(Debug)]
pub struct Configuration<'a> {
    /// The field, `[site][component]`.
    pub phi: &'a mut [f64],
    /// The numbers that the stage asked for.
    pub inputs: &'a [f64],
    /// Seed, step and chain.
    pub draws: Draws,
    /// What the stage reports, one number for each of its names.
    pub numbers: &'a mut [f64],
    /// Memory to work in, kept from one call to the next.
    pub marks: &'a mut Vec<usize>,
}

/// A stage with the memory that it works in, one bench for each block of chains.
pub(crate) struct Staged {
    pub stage: Arc<dyn Stage>,
    /// Where the numbers of a configuration lie in its block, before the lane of its sample.
    places: Vec<usize>,
    benches: Vec<Bench>,
    per_block: usize,
    nodes: usize,
}

#[derive(Default)]
struct Bench {
    phi: Vec<f64>,
    inputs: Vec<f64>,
    marks: Vec<usize>,
    /// `[chain of the block][name]`.
    numbers: Vec<f64>,
}

impl Staged {
    pub fn new(stage: Arc<dyn Stage>, layout: &Layout, components: usize, chains: usize) -> Staged {
        let place = |site: usize, c: usize| {
            let (row, node) = layout.place(site);
            (row * components + c) * layout.width() + node
        };
        let sites = 0..layout.lattice().volume();
        let places = sites.flat_map(|site| (0..components).map(move |c| (site, c))).map(|(s, c)| place(s, c)).collect();
        let per_block = layout.samples_per_row();
        let benches = (0..layout.blocks(chains)).map(|_| Bench::default()).collect();
        Staged { stage, places, benches, per_block, nodes: layout.nodes() }
    }

    /// Runs the stage on every configuration, on all threads of the host; `inputs` and `numbers` are `[name][chain]`.
    pub fn run<R: Real>(
        &mut self,
        phi: &mut FieldData<R>,
        processor: &Cpu,
        draws: Draws,
        inputs: &[Vec<f64>],
        numbers: &mut [Vec<f64>],
    ) -> Result<(), Error> {
        let chains = phi.samples();
        let Staged { stage, places, benches, per_block, nodes } = self;
        let reported = stage.names().len().max(1);
        let block = |b: usize, bench: &mut Bench, field: &mut [R]| {
            let first = b * *per_block;
            bench.numbers.resize(*per_block * reported, 0.0);
            for (i, numbers) in bench.numbers.chunks_exact_mut(reported).enumerate().take(chains - first) {
                let lane = i * *nodes;
                bench.phi.clear();
                bench.phi.extend(places.iter().map(|&place| field[place + lane].to_f64()));
                bench.inputs.clear();
                bench.inputs.extend(inputs.iter().map(|input| input[first + i]));
                stage.run(Configuration {
                    phi: &mut bench.phi,
                    inputs: &bench.inputs,
                    draws: Draws { first_sample: draws.first_sample + (first + i) as u64, ..draws },
                    numbers,
                    marks: &mut bench.marks,
                });
                places.iter().zip(&bench.phi).for_each(|(&place, &x)| field[place + lane] = R::from_f64(x));
            }
        };
        let fields = phi.numbers_mut()?;
        // Padding has no place here: blocks hold whole rows.
        let block_len = fields.len() / benches.len().max(1);
        processor.for_each_with(benches, (fields, block_len), block);
        for (chain, values) in benches.iter().flat_map(|bench| bench.numbers.chunks_exact(reported)).enumerate() {
            numbers.iter_mut().zip(values).filter(|_| chain < chains).for_each(|(number, &x)| number[chain] = x);
        }
        Ok(())
    }
}
