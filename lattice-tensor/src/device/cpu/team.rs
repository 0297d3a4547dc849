//! A team of threads for many short jobs, one after the other.
//!
//! One large lattice is a job for each step of a program, every one a fraction of a millisecond, so that neither a queue nor
//! a sleep may stand between them. Whoever calls is thread 0 and leads; each of the others has a *desk*, a word on a line of
//! its own, and watches it for some time before it sleeps. A job is offered by a store to each desk and begun by whoever
//! finds it there. Nobody waits for a thread that has not begun: what it would have done is done by the others, and the offer
//! is withdrawn. So a team whose cores have other work is slow, but no slower than its leader alone.

use std::any::Any;
use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Alone on its cache line, and on the one that is fetched with it.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Padded<T>(pub T);

/// What a desk says: there is nothing to do,
const IDLE: u32 = 0;
/// there is a job to begin,
const OFFERED: u32 = 1;
/// the thread has begun,
const BUSY: u32 = 2;
/// the thread sleeps and must be woken,
const ASLEEP: u32 = 3;
/// or is to end.
const DISMISSED: u32 = 4;

/// For so long a thread watches its desk alone, which is the fastest way to hear of a job;
const WATCHING: Duration = Duration::from_micros(20);
/// until then it lets others have the core between two looks, then sleeps.
const AWAKE: Duration = Duration::from_micros(60);

/// The tasks of one thread: a range that it begins at its start, and of which others take what is left.
#[derive(Debug, Default)]
struct Share {
    next: AtomicUsize,
    end: AtomicUsize,
}

impl Share {
    fn set(&self, next: usize, end: usize) {
        self.next.store(next, Ordering::Relaxed);
        self.end.store(end, Ordering::Relaxed);
    }

    fn take(&self) -> Option<usize> {
        let end = self.end.load(Ordering::Relaxed);
        // A look first, so that a share that is done is not written by all who come by.
        let left = self.next.load(Ordering::Relaxed) < end;
        left.then(|| self.next.fetch_add(1, Ordering::Relaxed)).filter(|&task| task < end)
    }
}

/// The tasks that a thread gets, one by one: those of its own share, which are the same at every call and so may find in
/// its caches what they left there, then what others have not begun.
#[derive(Debug)]
pub struct Tasks<'a> {
    shares: &'a [Padded<Share>],
    /// The share to look at, counted from the thread's own.
    turn: usize,
    thread: usize,
}

impl Tasks<'_> {
    /// Hands all tasks to the caller alone.
    pub(super) fn alone<T>(tasks: usize, work: impl FnOnce(Tasks<'_>) -> T) -> T {
        let all = Padded(Share { next: 0.into(), end: tasks.into() });
        work(Tasks { shares: std::slice::from_ref(&all), turn: 0, thread: 0 })
    }
}

impl Iterator for Tasks<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while self.turn < self.shares.len() {
            let share = &self.shares[(self.thread + self.turn) % self.shares.len()];
            if let Some(task) = share.0.take() {
                return Some(task);
            }
            self.turn += 1;
        }
        None
    }
}

/// What a thread is called with for a job: its number.
type Job = dyn Fn(usize) + Sync;

/// What the threads of a team share.
struct Office {
    /// Whether somebody leads.
    led: Padded<AtomicBool>,
    /// The job, which whoever finds it offered may call until its desk says that it is done. Written by the leader alone,
    /// while no desk says so.
    job: Padded<UnsafeCell<Option<*const Job>>>,
    /// Of all threads but the leader, number 1 first.
    desks: Box<[Padded<AtomicU32>]>,
    /// Of all threads.
    shares: Box<[Padded<Share>]>,
    /// The first panic of a thread that does not lead.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

// SAFETY: the job is a shared reference to what is `Sync`; who may look at it when is said beside it.
unsafe impl Send for Office {}
// SAFETY: as above.
unsafe impl Sync for Office {}

/// The threads beside the caller's. They end when the team is dropped.
pub(super) struct Team {
    office: Arc<Office>,
    threads: Vec<JoinHandle<()>>,
}

impl Team {
    /// A team of `threads`, the caller's among them.
    ///
    /// # Errors
    /// What the system says if it cannot start a thread.
    pub fn new(threads: usize) -> std::io::Result<Team> {
        let office = Arc::new(Office {
            led: Padded::default(),
            job: Padded(UnsafeCell::new(None)),
            desks: (1..threads).map(|_| Padded::default()).collect(),
            shares: (0..threads).map(|_| Padded::default()).collect(),
            panic: Mutex::new(None),
        });
        let mut team = Team { office, threads: Vec::with_capacity(threads - 1) };
        for thread in 1..threads {
            let office = team.office.clone();
            let name = format!("lattice {thread}");
            team.threads.push(std::thread::Builder::new().name(name).spawn(move || office.follow(thread))?);
        }
        Ok(team)
    }

    /// Has `work(thread, tasks)` called by the caller and by others of the first `threads`, each of them once at most; all
    /// tasks below `tasks` are handed out, each once, and done on return. Without effect, and false, if somebody leads the
    /// team already: another thread, or the caller, whose task this call is a part of.
    ///
    /// # Panics
    /// If a call of `work` does.
    pub fn share(&self, threads: usize, tasks: usize, work: &(impl Fn(usize, Tasks<'_>) + Sync)) -> bool {
        let office = &*self.office;
        if office.led.0.swap(true, Ordering::Acquire) {
            return false;
        }
        let members = office.shares.len().min(threads);
        let shares = &office.shares[..members];
        for (i, share) in shares.iter().enumerate() {
            share.0.set(i * tasks / members, (i + 1) * tasks / members);
        }
        let part = |thread: usize| work(thread, Tasks { shares, turn: 0, thread });
        let job: &(dyn Fn(usize) + Sync) = &part;
        // SAFETY: the lifetime of a reference says nothing about what it looks like.
        let job = unsafe { std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), *const Job>(job) };
        // SAFETY: no desk has a job, so that nobody looks.
        unsafe { *office.job.0.get() = Some(job) };
        let desks = &office.desks[..members.saturating_sub(1)];
        for (desk, thread) in desks.iter().zip(&self.threads) {
            if desk.0.swap(OFFERED, Ordering::AcqRel) == ASLEEP {
                thread.thread().unpark();
            }
        }
        // From here to the end of the loop nothing unwinds: `part` must outlive the calls of others.
        let own = catch_unwind(AssertUnwindSafe(|| part(0)));
        for desk in desks {
            let withdrawn = desk.0.compare_exchange(OFFERED, IDLE, Ordering::Relaxed, Ordering::Relaxed);
            if withdrawn.is_err() {
                let mut pause = Pause::new();
                while desk.0.load(Ordering::Acquire) == BUSY {
                    pause.take();
                }
            }
        }
        let others = office.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        office.led.0.store(false, Ordering::Release);
        if let Some(panic) = own.err().or(others) {
            resume_unwind(panic);
        }
        true
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        for (desk, thread) in self.office.desks.iter().zip(&self.threads) {
            desk.0.store(DISMISSED, Ordering::Release);
            thread.thread().unpark();
        }
        for thread in self.threads.drain(..) {
            // Panics of jobs have been handed on; there are no others.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Team {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Team").field("threads", &(self.threads.len() + 1)).finish()
    }
}

impl Office {
    /// What a thread does: jobs, until it is dismissed.
    fn follow(&self, thread: usize) {
        let desk = &self.desks[thread - 1].0;
        let mut pause = Pause::new();
        loop {
            match desk.load(Ordering::Relaxed) {
                OFFERED => {
                    // It may have been withdrawn since.
                    if desk.compare_exchange(OFFERED, BUSY, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                        self.work(thread);
                        desk.store(IDLE, Ordering::Release);
                    }
                    pause = Pause::new();
                }
                DISMISSED => return,
                // Sleep ends by itself now and then.
                ASLEEP => {
                    std::thread::park();
                    pause = Pause::new();
                }
                // If this fails a job has come.
                _ if pause.is_over() => drop(desk.compare_exchange(IDLE, ASLEEP, Ordering::Relaxed, Ordering::Relaxed)),
                _ => pause.take(),
            }
        }
    }

    fn work(&self, thread: usize) {
        // SAFETY: the desk said that there is a job, and will until this returns.
        let job = unsafe { (*self.job.0.get()).map(|job| &*job) };
        if let Some(job) = job
            && let Err(panic) = catch_unwind(AssertUnwindSafe(|| job(thread)))
        {
            self.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(panic);
        }
    }
}

/// Waiting for another thread.
struct Pause {
    since: Instant,
    looks: u32,
    /// What has gone by since, looked up now and then.
    gone: Duration,
}

impl Pause {
    fn new() -> Pause {
        Pause { since: Instant::now(), looks: 0, gone: Duration::ZERO }
    }

    /// Whether to sleep is better.
    fn is_over(&self) -> bool {
        self.gone > AWAKE
    }

    /// A moment. Threads that want the core get it, after a while.
    fn take(&mut self) {
        self.looks += 1;
        if self.gone > WATCHING {
            std::thread::yield_now();
            self.gone = self.since.elapsed();
        } else {
            std::hint::spin_loop();
            if self.looks.is_multiple_of(32) {
                self.gone = self.since.elapsed();
            }
        }
    }
}
