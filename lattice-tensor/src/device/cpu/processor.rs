//! The processor as a device: an instruction set, and the threads that programs run on.

use super::team::{Tasks, Team};
use crate::error::{Error, Result};
use crate::lanes::Level;
use std::sync::Arc;

/// The processor as a device: an instruction set and a number of threads.
///
/// Clones share their threads, which are those of one caller at a time: what another one asks for meanwhile, or a task of
/// the first, is done on the thread that asks, with the same result.
#[derive(Clone, Debug)]
pub struct Cpu {
    level: Level,
    threads: usize,
    team: Option<Arc<Team>>,
}

impl Cpu {
    /// The best instruction set and `threads` threads; 0 means one for each core.
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub fn new(threads: usize) -> Result<Cpu> {
        Self::with_level(threads, Level::best())
    }

    /// With a given instruction set.
    ///
    /// # Errors
    /// If the threads cannot be started.
    pub fn with_level(threads: usize, level: Level) -> Result<Cpu> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if threads == 0 { cores() } else { threads };
        let failed = |e: std::io::Error| Error::Threads { threads, reason: e.to_string() };
        let team = (threads > 1).then(|| Team::new(threads).map(Arc::new)).transpose().map_err(failed)?;
        Ok(Cpu { level, threads, team })
    }

    /// The instruction set.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The number of threads, the caller's among them.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Hands out the tasks below `tasks`, each once, and returns when they are done. Each thread that takes part calls
    /// `work` once, with its number below [`Cpu::threads`] and an iterator over the tasks that it gets; the caller has
    /// number 0.
    ///
    /// # Panics
    /// If a call of `work` does, on any thread.
    pub fn for_each(&self, tasks: usize, work: impl Fn(usize, Tasks<'_>) + Sync) {
        self.for_each_among(self.threads, tasks, work);
    }

    /// As [`Cpu::for_each`], by `threads` threads at most.
    pub(super) fn for_each_among(&self, threads: usize, tasks: usize, work: impl Fn(usize, Tasks<'_>) + Sync) {
        let members = threads.min(tasks);
        let shared = members > 1 && self.team.as_ref().is_some_and(|team| team.share(members, tasks, &work));
        if !shared {
            Tasks::alone(tasks, |tasks| work(0, tasks));
        }
    }

    /// Calls `work` for each of `items` with its number and its part of `numbers`, `len` of them, on any thread.
    ///
    /// # Panics
    /// If there are too few numbers, or a call of `work` panics.
    pub fn for_each_with<T: Send, N: Send>(
        &self,
        items: &mut [T],
        (numbers, len): (&mut [N], usize),
        work: impl Fn(usize, &mut T, &mut [N]) + Sync,
    ) {
        assert!(items.len().checked_mul(len).is_some_and(|all| all <= numbers.len()), "numbers for every item");
        let (of, parts) = (Own(items.as_mut_ptr()), Own(numbers.as_mut_ptr()));
        self.for_each(items.len(), |_, tasks| {
            for i in tasks {
                // SAFETY: each task is handed out once, and both ranges lie within what is borrowed mutably.
                let (item, part) = unsafe { (&mut *of.at(i), std::slice::from_raw_parts_mut(parts.at(i * len), len)) };
                work(i, item, part);
            }
        });
    }
}

/// Memory of which each task touches its own.
struct Own<T>(*mut T);
// SAFETY: what is pointed to is `Send`, and no two threads touch the same.
unsafe impl<T: Send> Sync for Own<T> {}

impl<T> Own<T> {
    /// # Safety
    /// Number `i` lies in the memory.
    unsafe fn at(&self, i: usize) -> *mut T {
        // SAFETY: as promised by the caller.
        unsafe { self.0.add(i) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    fn cpu(threads: usize) -> Cpu {
        Cpu::new(threads).expect("threads")
    }

    /// How often each task is done.
    fn counts(cpu: &Cpu, tasks: usize) -> Vec<usize> {
        let counts: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
        cpu.for_each(tasks, |thread, own| {
            assert!(thread < cpu.threads());
            own.for_each(|task| _ = counts[task].fetch_add(1, Ordering::Relaxed));
        });
        counts.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn every_task_is_done_once() {
        for threads in [1, 2, 3, 8] {
            let cpu = cpu(threads);
            for tasks in [0, 1, 2, 3, 7, 100] {
                (0..50).for_each(|_| assert_eq!(counts(&cpu, tasks), vec![1; tasks], "{threads} threads"));
            }
        }
    }

    #[test]
    fn items_and_their_numbers_go_together() {
        for threads in [1, 2, 3] {
            let (mut items, mut numbers) = ([0; 17], [0; 52]);
            cpu(threads).for_each_with(&mut items, (&mut numbers, 3), |i, item, numbers| {
                *item += i;
                numbers.iter_mut().enumerate().for_each(|(k, x)| *x += 3 * i + k);
            });
            assert!(items.into_iter().eq(0..17) && numbers[..51].iter().copied().eq(0..51) && numbers[51] == 0);
        }
    }

    /// Two tasks of which each waits for the other.
    fn meet(cpu: &Cpu) {
        let here = AtomicUsize::new(0);
        cpu.for_each(2, |_, tasks| {
            for _ in tasks {
                here.fetch_add(1, Ordering::SeqCst);
                while here.load(Ordering::SeqCst) < 2 {
                    std::thread::yield_now();
                }
            }
        });
    }

    #[test]
    fn threads_that_sleep_are_woken() {
        let cpu = cpu(2);
        for pause in [0, 30, 60, 100, 5000] {
            std::thread::sleep(Duration::from_micros(pause));
            meet(&cpu);
        }
    }

    #[test]
    fn a_panic_of_any_task_reaches_the_caller_and_ends_nothing() {
        for threads in [1, 2, 3] {
            let cpu = cpu(threads);
            for bad in 0..6 {
                let run = || cpu.for_each(6, |_, mut tasks| assert!(tasks.all(|task| task != bad), "task {bad}"));
                let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("a panic");
                assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some(&*format!("task {bad}")));
                assert_eq!(counts(&cpu, 20), [1; 20]);
            }
        }
    }

    /// A thread that does not lead panics, surely.
    #[test]
    fn a_panic_of_another_thread_reaches_the_caller() {
        let cpu = cpu(2);
        let begun = AtomicUsize::new(0);
        let run = || {
            cpu.for_each(2, |thread, _| {
                begun.fetch_add(1, Ordering::SeqCst);
                while begun.load(Ordering::SeqCst) < 2 {
                    std::thread::yield_now();
                }
                assert_eq!(thread, 0, "not the leader");
            });
        };
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        meet(&cpu);
    }

    #[test]
    fn a_task_may_use_the_threads_that_run_it() {
        let cpu = cpu(3);
        let all = AtomicUsize::new(0);
        cpu.for_each(10, |_, tasks| {
            tasks.for_each(|_| _ = all.fetch_add(counts(&cpu, 10).into_iter().sum(), Ordering::Relaxed));
        });
        assert_eq!(all.into_inner(), 100);
    }

    #[test]
    fn clones_may_be_used_at_once() {
        let cpu = cpu(2);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let cpu = cpu.clone();
                scope.spawn(move || (0..500).for_each(|_| assert_eq!(counts(&cpu, 9), [1; 9])));
            }
        });
    }

    #[test]
    fn threads_end_with_the_last_clone() {
        struct Guard(Arc<AtomicUsize>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        thread_local!(static GUARD: std::cell::RefCell<Option<Guard>> = const { std::cell::RefCell::new(None) });
        let ended = Arc::new(AtomicUsize::new(0));
        let cpu = cpu(2);
        let (clone, begun) = (cpu.clone(), AtomicUsize::new(0));
        cpu.for_each(2, |thread, tasks| {
            if thread == 1 {
                GUARD.set(Some(Guard(ended.clone())));
            }
            begun.fetch_add(1, Ordering::SeqCst);
            while begun.load(Ordering::SeqCst) < 2 {
                std::thread::yield_now();
            }
            tasks.for_each(drop);
        });
        drop(cpu);
        assert_eq!(ended.load(Ordering::SeqCst), 0);
        drop(clone);
        assert_eq!(ended.load(Ordering::SeqCst), 1);
    }
}
