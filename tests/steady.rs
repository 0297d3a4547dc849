//! After the first run, a program allocates nothing. Apart from the other tests, because it counts what the allocator
//! is asked for.

use lattice_autograd::Trace;
use lattice_tensor::field::{FieldData, ScalarField};
use lattice_tensor::{Bindings, Device, Lattice, Layout, Location};
use std::alloc::{GlobalAlloc, Layout as Block, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

struct Counting;

static COUNTING: AtomicBool = AtomicBool::new(false);
static COUNT: AtomicUsize = AtomicUsize::new(0);

impl Counting {
    fn note() {
        if COUNTING.load(Ordering::Relaxed) {
            COUNT.fetch_add(1, Ordering::Relaxed);
        }
    }
}

// SAFETY: every request is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, block: Block) -> *mut u8 {
        Self::note();
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(block) }
    }
    unsafe fn realloc(&self, at: *mut u8, block: Block, size: usize) -> *mut u8 {
        Self::note();
        // SAFETY: as promised by the caller.
        unsafe { System.realloc(at, block, size) }
    }
    unsafe fn dealloc(&self, at: *mut u8, block: Block) {
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(at, block) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` asks for memory.
fn allocations(work: impl FnOnce()) -> usize {
    COUNT.store(0, Ordering::SeqCst);
    COUNTING.store(true, Ordering::SeqCst);
    work();
    COUNTING.store(false, Ordering::SeqCst);
    COUNT.load(Ordering::SeqCst)
}

/// One test, so that nothing else runs beside it.
#[test]
fn steps_allocate_nothing() {
    assert!(allocations(|| drop(std::hint::black_box(vec![0; 100]))) > 0, "the counter counts");
    const SAMPLES: usize = 500;
    let lattice = Lattice::periodic([4, 4]).unwrap();
    let trace = Trace::new(&lattice);
    let phi = trace.scalar_field("phi");
    let mass = trace.uniform("mass");
    let weights = [trace.weights("first", 0..30), trace.weights("second", 30..58)];
    let hidden = phi.on(Location::Parity(0)).conv(&[3, 3], Location::All, 3, weights[0]).tanh();
    let net = hidden.conv(&[3, 3], Location::Parity(1), 1, weights[1]);
    let action = (mass * phi.square() - phi * phi.neighbours()).sum_sites() + net.sum_sites();
    let loss = action * trace.per_sample("beta");
    let sums = trace.batch_gradient(loss, trace.constant(1.0), &weights);
    let mut outputs = vec![loss.id(), trace.gradient(loss, phi).id()];
    outputs.extend(sums.into_iter().map(|s| s.unwrap().id()));
    let layout = Arc::new(Layout::samples(&lattice, 16));
    let mut field = ScalarField::<f32>::zeros(&layout, SAMPLES).unwrap();
    field.numbers_mut().unwrap().iter_mut().enumerate().for_each(|(i, x)| *x = (i % 7) as f32 - 3.0);
    let field: &FieldData<f32> = &field;
    for threads in [1, 2] {
        let device = Device::cpu(threads).unwrap();
        let mut program = trace.program::<f32>(&outputs, &layout).unwrap();
        let mut force = ScalarField::zeros(&layout, SAMPLES).unwrap();
        let (mut loss, mut sums) = ([0.0; SAMPLES], vec![0.0; program.sums()]);
        let beta = [1.0; SAMPLES];
        let mut steps = |n: usize| {
            for step in 0..n {
                let weights = [0.1 * step as f32; 58];
                program
                    .run(
                        &device,
                        &mut Bindings {
                            samples: SAMPLES,
                            fields: &[field],
                            per_sample: &[&beta],
                            uniforms: &[0.5 + step as f64],
                            weights: &weights,
                            out_fields: &mut [&mut force],
                            out_per_sample: &mut [&mut loss],
                            out_sums: &mut sums,
                            ..Default::default()
                        },
                    )
                    .unwrap();
            }
        };
        steps(20);
        let count = allocations(|| steps(100));
        assert_eq!(count, 0, "{threads} threads: allocations in 100 steps");
    }
    trainings_allocate_nothing();
}

/// A step of a training, by each estimator and memory policy, told its couplings or not.
fn trainings_allocate_nothing() {
    use lattice_flows::{Architecture, Condition, Estimator, Flow, Memory, Trainer, Training};
    let lattice = Lattice::periodic([4, 4]).unwrap();
    let action = lattice_mc::Phi4 { mass2: -4.0, lambda: 8.0 };
    let condition = Condition { coupling: "lambda".into(), from: 7.0, to: 9.0 };
    let numbers: Vec<f64> = (0..20 * 16).map(|i| f64::from(i).sin()).collect();
    let ensemble = lattice_flows::given::field::<f32, _>(&lattice, &action, &numbers).unwrap();
    for (architecture, estimator, memory) in [
        (Architecture::default(), Estimator::Reparam, Memory::Keep),
        (Architecture::symmetric(), Estimator::Path, Memory::Recompute),
        (Architecture::symmetric(), Estimator::Reinforce, Memory::Keep),
        (Architecture::symmetric(), Estimator::Forward, Memory::Keep),
        (Architecture { conditions: vec![condition], ..Architecture::symmetric() }, Estimator::Path, Memory::Invert),
    ] {
        let mut flow = Flow::new(&lattice, architecture).unwrap();
        let training = Training { estimator, memory, ..Training::default() };
        let device = Device::cpu(2).unwrap();
        let mut trainer = match estimator {
            Estimator::Forward => Trainer::on_ensemble(&mut flow, &action, &ensemble, training, &device).unwrap(),
            _ => Trainer::new(&mut flow, &action, training, &device).unwrap(),
        };
        (0..20).for_each(|_| assert!(trainer.step().is_ok()));
        let count = allocations(|| (0..30).for_each(|_| assert!(trainer.step().is_ok())));
        assert_eq!(count, 0, "{estimator:?}, {memory:?}: allocations in 30 steps of a training");
    }
}
