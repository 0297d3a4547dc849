//! The threads. `rayon` is used here and nowhere else.

use crate::error::{Error, Result};
use crate::lanes::Level;
use rayon::prelude::*;
use std::sync::Arc;

/// The processor as a device: an instruction set and a number of threads.
#[derive(Clone, Debug)]
pub struct Cpu {
    level: Level,
    threads: usize,
    pool: Option<Arc<rayon::ThreadPool>>,
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
        let pool = match threads {
            1 => None,
            _ => {
                let failed = |e: rayon::ThreadPoolBuildError| Error::Threads { threads, reason: e.to_string() };
                Some(Arc::new(rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(failed)?))
            }
        };
        Ok(Cpu { level, threads, pool })
    }

    /// The instruction set.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The number of threads.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Runs `work` inside the pool. Loops of many runs do so once, because entering the pool costs a wake-up.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }

    /// Calls `work(task)` for all tasks below `tasks`, each exactly once, on any thread.
    pub fn for_each(&self, tasks: usize, work: impl Fn(usize) + Send + Sync) {
        match &self.pool {
            Some(_) if tasks > 1 => {
                self.install(|| (0..tasks).into_par_iter().with_max_len(1).for_each(&work));
            }
            _ => (0..tasks).for_each(work),
        }
    }

    /// Calls `work(task)` for all tasks below `tasks`, task `t` on thread `t` of the pool. What a thread has left in its
    /// caches it finds there again at the next call.
    pub fn on_each_thread(&self, tasks: usize, work: impl Fn(usize) + Send + Sync) {
        match &self.pool {
            Some(pool) if tasks > 1 => {
                let each = |thread: rayon::BroadcastContext<'_>| {
                    (thread.index()..tasks).step_by(thread.num_threads()).for_each(&work);
                };
                pool.broadcast(each);
            }
            _ => (0..tasks).for_each(work),
        }
    }

    /// The number of the thread that calls, below [`Cpu::threads`].
    pub fn thread(&self) -> usize {
        match &self.pool {
            Some(pool) => pool.current_thread_index().unwrap_or(0),
            None => 0,
        }
    }
}
