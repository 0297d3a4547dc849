//! Random fields and numbers: uniform in [0, 1) or standard normal.
//!
//! `y(x) = draw(seed, stream, step, sample, element)`, counter-based: the same numbers for any layout, thread count and
//! order of computation. The element counts the components of the sub-lattice's sites, in the order of their numbers.
//!
//! * in    nothing
//! * out   a field, or an `f64` for each sample
//! * vjp   none: nothing goes in
//! * cost  about 20 flops a number; writes the field once
//! * see   Salmon et al., SC 2011 (Philox4x32-10); `random` for the layout of the counter

use super::{Form, Op, Shader, Site};
use crate::device::cpu::{Args, Kernel};
use crate::error::{Error, Result};
use crate::lanes::{Isa, Real, Vectorize};
use crate::lattice::Lattice;
use crate::random::{Draw, Stream, fill_normal, fill_normal_with, fill_uniform, fill_uniform_with, uniform_f64_at};
use crate::spec::{Cost, Spec};

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Uniform in [0, 1).
    Uniform,
    /// Mean 0, variance 1.
    Normal,
}

/// Independent random numbers from a named stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    /// The name of the stream: different names give independent numbers.
    pub stream: String,
    /// What is drawn.
    pub distribution: Distribution,
    /// A field or numbers per sample.
    pub spec: Spec,
}

impl Op for Random {
    const NAME: &'static str = "random";

    fn infer(&self, lattice: &Lattice, _inputs: &[Spec]) -> Result<Spec> {
        match (self.spec, self.distribution) {
            (Spec::Field { location, .. }, _) => location.check(lattice).map(|()| self.spec),
            (Spec::PerSample, Distribution::Uniform) => Ok(self.spec),
            _ => Err(Error::op(Self::NAME, "a field, or uniform numbers per sample", self)),
        }
    }

    fn cost(&self, lattice: &Lattice, _inputs: &[Spec], output: &Spec) -> Cost {
        let n = output.numbers(lattice) as f64;
        Cost { flops: 20.0 * n, bytes: 4.0 * n }
    }

    super::compiled_here!();

    fn kernel<R: Real>(&self, at: &Site<'_>) -> Result<Box<dyn Kernel<R>>> {
        let stream = Stream::named(&self.stream);
        let layout = at.layout;
        let Spec::Field { location, fibre } = self.spec else { return Ok(Box::new(PerSample(stream))) };
        let rows = layout.rows(location)?;
        let (nodes, components) = (layout.nodes(), fibre.components());
        let mut elements = Vec::new();
        if nodes > 1 {
            let mut sites: Vec<(usize, usize, usize)> = Vec::with_capacity(rows.len() * nodes);
            for (row, &outer) in rows.iter().enumerate() {
                sites.extend((0..nodes).map(|node| (layout.site(outer, node), row, node)));
            }
            sites.sort_unstable();
            elements = vec![0; sites.len()];
            for (rank, (_, row, node)) in sites.into_iter().enumerate() {
                elements[row * nodes + node] = rank * components;
            }
        }
        Ok(Box::new(OnSites { stream, distribution: self.distribution, rows: rows.len(), components, nodes, elements }))
    }

    fn stream(&self) -> Option<&str> {
        Some(&self.stream)
    }

    fn shader(&self, at: &Site<'_>) -> Result<Option<Shader>> {
        let Spec::Field { location, fibre } = self.spec else { return Ok(None) };
        let (rows, components) = (at.layout.rows(location)?.len(), fibre.components());
        let items = (rows * components).div_ceil(4);
        let shader = Shader { stream: Some(self.stream.clone()), ..Shader::new("random", Form::Items(items), &[]) };
        let shader = shader.truth("NORMAL", self.distribution == Distribution::Normal);
        Ok(Some(shader.number("COMPONENTS", components).number("ROWS", rows).turns(14)))
    }
}

struct PerSample(Stream);

impl<R: Real> Kernel<R> for PerSample {
    fn run(&self, args: &mut Args<'_, R>) {
        let draws = args.draws();
        let nodes = args.layout().nodes();
        let draw = Draw { key: self.0.key(draws.seed), step: draws.step };
        for (lane, x) in args.output_per_sample().iter_mut().enumerate() {
            *x = uniform_f64_at(draw, draws.first_sample + (lane / nodes) as u64, 0);
        }
    }
}

struct OnSites {
    stream: Stream,
    distribution: Distribution,
    rows: usize,
    components: usize,
    nodes: usize,
    /// With virtual nodes: the first element of each row and node.
    elements: Vec<usize>,
}

impl<R: Real> Kernel<R> for OnSites {
    fn run(&self, args: &mut Args<'_, R>) {
        let draws = args.draws();
        let draw = Draw { key: self.stream.key(draws.seed), step: draws.step };
        args.level().run(Fill { random: self, draw, first: draws.first_sample, out: args.output() });
    }
}

struct Fill<'a, R> {
    random: &'a OnSites,
    draw: Draw,
    first: u64,
    out: &'a mut [R],
}

impl<R: Real> Vectorize for Fill<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Fill { random, draw, first, out } = self;
        let (nodes, components) = (random.nodes, random.components);
        let count = random.rows * components;
        if nodes == 1 {
            match random.distribution {
                Distribution::Normal => fill_normal(simd, draw, first, count, out),
                Distribution::Uniform => fill_uniform(simd, draw, first, count, out),
            }
            return;
        }
        let mut samples = [0; 16];
        for (lane, sample) in samples[..R::WIDTH].iter_mut().enumerate() {
            *sample = first + (lane / nodes) as u64;
        }
        let samples = &samples[..R::WIDTH];
        let element = |row: usize, lane: usize| {
            (random.elements[row / components * nodes + lane % nodes] + row % components) as u64
        };
        match random.distribution {
            Distribution::Normal => fill_normal_with(simd, draw, samples, element, &mut out[..count * R::WIDTH]),
            Distribution::Uniform => fill_uniform_with(simd, draw, samples, element, &mut out[..count * R::WIDTH]),
        }
    }
}
