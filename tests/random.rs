//! Random fields in programs: the same numbers in every layout, sub-lattice by sub-lattice, whatever the batch.

use lattice_fields::prelude::*;
use lattice_tensor::random::{Draw, Stream, normal_at, uniform_at, uniform_f64_at};
use lattice_tensor::{Draws, Fibre, FieldData};
use std::sync::Arc;

const DRAWS: Draws = Draws { seed: 11, step: 5, first_sample: 3 };

fn check<R: Real>(layout: Layout, location: Location, samples: usize) {
    let layout = Arc::new(layout);
    let lattice = layout.lattice().clone();
    let trace = Trace::new(&lattice);
    let outputs =
        [trace.normal("a", location).id(), trace.uniform_noise("b", location).id(), trace.uniform_draw("c").id()];
    let mut program = trace.program::<R>(&outputs, &layout).expect("a program");
    let field = || FieldData::<R>::zeros(&layout, location, Fibre::Scalar, samples).expect("memory");
    let (mut normal, mut uniform, mut numbers) = (field(), field(), vec![0.0; samples]);
    let mut bindings = Bindings {
        samples,
        draws: DRAWS,
        out_fields: &mut [&mut normal, &mut uniform],
        out_per_sample: &mut [&mut numbers],
        ..Default::default()
    };
    program.run(&Device::cpu(2).expect("threads"), &mut bindings).expect("a run");
    let draw = |name| Draw { key: Stream::named(name).key(DRAWS.seed), step: DRAWS.step };
    for s in 0..samples {
        let sample = DRAWS.first_sample + s as u64;
        for (element, x) in normal.sample(s).unwrap().into_iter().enumerate() {
            assert_eq!(x, normal_at::<R>(draw("a"), sample, element as u64), "normal {s} {element}");
        }
        for (element, x) in uniform.sample(s).unwrap().into_iter().enumerate() {
            assert_eq!(x, uniform_at::<R>(draw("b"), sample, element as u64), "uniform {s} {element}");
        }
        assert_eq!(numbers[s], uniform_f64_at(draw("c"), sample, 0));
    }
}

#[test]
fn the_same_numbers_in_every_layout() {
    let lattice = Lattice::periodic([4, 8]).expect("a lattice");
    for location in [Location::All, Location::Parity(1), Location::Stripe { mu: 0, period: 2, offset: 1 }] {
        for samples in [1, 5, 33] {
            check::<f32>(Layout::samples(&lattice, 16), location, samples);
            check::<f64>(Layout::samples(&lattice, 8), location, samples);
            check::<f32>(Layout::split(&lattice, &[2, 4], 16).expect("a split"), location, samples);
            check::<f32>(Layout::split(&lattice, &[1, 4], 16).expect("a split"), location, samples);
            check::<f64>(Layout::split(&lattice, &[2, 2], 8).expect("a split"), location, samples);
        }
    }
}
