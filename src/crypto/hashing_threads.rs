//! The threads that hash passwords: as many as there are cores, which stand back for everything else.

use super::hashing::Worker;
use crate::config::PasswordHasher;
use rustix::time::{ClockId, clock_gettime};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, Once, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::Receiver,
    },
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

/// Starts threads that take jobs from the queue until nobody can put any there; `waiting` counts down as they are done.
pub(super) fn start(hasher: PasswordHasher, queue: Receiver<Job>, waiting: &Arc<AtomicUsize>) {
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let queue = Arc::new(Mutex::new(queue));
    let turns: Vec<Arc<Mutex<()>>> = (0..threads.div_ceil(2)).map(|_| Arc::default()).collect();
    for number in 0..threads {
        let (queue, waiting) = (Arc::clone(&queue), Arc::clone(waiting));
        let turn = Arc::clone(&turns[number / 2]);
        thread::spawn(move || run(Worker::new(hasher), &queue, &turn, &waiting));
    }
}

/// Does one job after the other. Two threads share a turn, and while processors are short, only the one
/// that has it hashes: however far a hash stands back, once it is on a core it runs for milliseconds, and
/// half of the cores stay free of that for who reads.
fn run(mut worker: Worker, queue: &Mutex<Receiver<Job>>, turn: &Mutex<()>, waiting: &AtomicUsize) {
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
        let next = lock(queue).recv();
        let Ok(job) = next else { return };
        let (begun, used) = (Instant::now(), processor_time());
        job(&mut worker);
        // With a core to itself the two would be the same.
        processors_are_short = begun.elapsed() > processor_time().saturating_sub(used).mul_f64(1.5);
        drop(turn);
        waiting.fetch_sub(1, Ordering::Relaxed);
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
        mpsc::{channel, sync_channel},
    };

    #[cfg(target_os = "linux")]
    #[test]
    fn hashing_stands_back_and_nothing_else_does() {
        let nice = || rustix::process::getpriority_process(None);
        let before = nice().unwrap_or_default();
        let (jobs, queue) = sync_channel::<Job>(1);
        start(
            PasswordHasher::Argon2id,
            queue,
            &Arc::new(AtomicUsize::new(1)),
        );
        let (answer, hashing) = channel();
        let asked = jobs.send(Box::new(move |_| {
            let _ = answer.send(nice().ok());
        }));
        assert!(asked.is_ok());
        assert_eq!(hashing.recv(), Ok(Some((before + NICE).min(19))));
        assert_eq!(nice(), Ok(before));
    }

    /// A thread that sleeps gets no more of a processor than one that other programs leave none.
    #[test]
    fn while_processors_are_short_two_threads_take_turns() {
        let threads = thread::available_parallelism().map_or(2, usize::from);
        let (jobs, queue) = sync_channel::<Job>(10 * threads);
        start(
            PasswordHasher::Argon2id,
            queue,
            &Arc::new(AtomicUsize::new(10 * threads)),
        );
        let all_run = Arc::new(Barrier::new(threads));
        let starve = || thread::sleep(Duration::from_millis(5));
        // Each thread has one of these.
        for _ in 0..threads {
            let all_run = Arc::clone(&all_run);
            let sent = jobs.send(Box::new(move |_| {
                all_run.wait();
                starve();
            }));
            assert!(sent.is_ok());
        }
        let at_once = Arc::new(AtomicUsize::new(0));
        let (answer, seen) = channel();
        for _ in 0..9 * threads {
            let (at_once, answer) = (Arc::clone(&at_once), answer.clone());
            let sent = jobs.send(Box::new(move |_| {
                let _ = answer.send(at_once.fetch_add(1, Ordering::SeqCst) + 1);
                starve();
                at_once.fetch_sub(1, Ordering::SeqCst);
            }));
            assert!(sent.is_ok());
        }
        drop(answer);
        let most = seen.iter().max();
        assert!(most <= Some(threads.div_ceil(2)), "{most:?}");
    }
}
