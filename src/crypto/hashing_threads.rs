//! The threads that hash passwords: as many as there are cores, which stand back for everything else.

use super::{
    hashing::Worker,
    hashing_queue::{Full, Queue, Standing},
};
use crate::config::PasswordHasher;
use rustix::time::{ClockId, clock_gettime};
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How far hashing stands back (see nice(2)): while processors are short, whoever reads goes first.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Whether it was said that hashing can't: once for all threads.
#[cfg(target_os = "linux")]
static TOLD: Once = Once::new();

/// Something to do on a hashing thread, with the memory that it keeps.
pub(super) type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// The jobs that wait and those that are being done.
#[derive(Default)]
pub(super) struct Jobs {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: Queue<Job>,
    hashing: usize,
    is_closed: bool,
}

impl Jobs {
    /// Lets a job wait for a thread.
    pub(super) fn push(&self, standing: Standing, network: String, job: Job) -> Result<(), Full> {
        lock(&self.state).queue.push(standing, network, job)?;
        self.changed.notify_one();
        Ok(())
    }

    /// How many wait or are being done.
    pub(super) fn count(&self) -> usize {
        let state = lock(&self.state);
        state.queue.len() + state.hashing
    }

    /// Ends the threads once they have done what waits.
    pub(super) fn close(&self) {
        lock(&self.state).is_closed = true;
        self.changed.notify_all();
    }

    /// Waits for the next job; none: there will be no more.
    fn next(&self) -> Option<Job> {
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.queue.pop() {
                state.hashing += 1;
                return Some(job);
            }
            if state.is_closed {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self) {
        lock(&self.state).hashing -= 1;
    }
}

/// Starts so many threads, which take jobs until there will be no more.
pub(super) fn start(hasher: PasswordHasher, jobs: &Arc<Jobs>, threads: usize) {
    let turns: Vec<Arc<Mutex<()>>> = (0..threads.div_ceil(2)).map(|_| Arc::default()).collect();
    for number in 0..threads {
        let (jobs, turn) = (Arc::clone(jobs), Arc::clone(&turns[number / 2]));
        thread::spawn(move || run(Worker::new(hasher), &jobs, &turn));
    }
}

/// Does one job after the other. Two threads share a turn, and while processors are short, only the one
/// that has it hashes: however far a hash stands back, once it is on a core it runs for milliseconds, and
/// half of the cores stay free of that for who reads.
fn run(mut worker: Worker, jobs: &Jobs, turn: &Mutex<()>) {
    // Elsewhere it would be the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        TOLD.call_once(|| {
            tracing::warn!(
                %error,
                "hashing can't stand back, so log-ins slow down everything else: is setpriority forbidden?"
            );
        });
    }
    let mut processors_are_short = false;
    loop {
        let turn = processors_are_short.then(|| lock(turn));
        let Some(job) = jobs.next() else { return };
        let (begun, used) = (Instant::now(), processor_time());
        job(&mut worker);
        // With a core to itself the two would be the same.
        processors_are_short = begun.elapsed() > processor_time().saturating_sub(used).mul_f64(1.5);
        drop(turn);
        jobs.done();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long this thread has run on a processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let nanoseconds = time.tv_nsec.try_into().unwrap_or_default();
    Duration::new(time.tv_sec.unsigned_abs(), nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
        mpsc::channel,
    };

    fn started(threads: usize) -> Arc<Jobs> {
        let jobs = Arc::default();
        start(PasswordHasher::Argon2id, &jobs, threads);
        jobs
    }

    fn send(jobs: &Jobs, job: impl FnOnce() + Send + 'static) {
        let sent = jobs.push(Standing::Unknown, String::new(), Box::new(move |_| job()));
        assert_eq!(sent, Ok(()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn hashing_stands_back_and_nothing_else_does() {
        let nice = || rustix::process::getpriority_process(None);
        let before = nice().unwrap_or_default();
        let jobs = started(1);
        let (answer, hashing) = channel();
        send(&jobs, move || {
            let _ = answer.send(nice().ok());
        });
        assert_eq!(hashing.recv(), Ok(Some((before + NICE).min(19))));
        assert_eq!(nice(), Ok(before));
        jobs.close();
    }

    /// A thread that sleeps gets no more of a processor than one that other programs leave none.
    #[test]
    fn while_processors_are_short_two_threads_take_turns() {
        let threads = thread::available_parallelism().map_or(2, usize::from);
        let jobs = started(threads);
        let all_run = Arc::new(Barrier::new(threads));
        let starve = || thread::sleep(Duration::from_millis(5));
        // Each thread has one of these.
        for _ in 0..threads {
            let all_run = Arc::clone(&all_run);
            send(&jobs, move || {
                all_run.wait();
                starve();
            });
        }
        let at_once = Arc::new(AtomicUsize::new(0));
        let (answer, seen) = channel();
        for _ in 0..9 * threads {
            let (at_once, answer) = (Arc::clone(&at_once), answer.clone());
            send(&jobs, move || {
                let _ = answer.send(at_once.fetch_add(1, Ordering::SeqCst) + 1);
                starve();
                at_once.fetch_sub(1, Ordering::SeqCst);
            });
        }
        drop(answer);
        let most = seen.iter().max();
        assert!(most <= Some(threads.div_ceil(2)), "{most:?}");
        jobs.close();
    }
}
