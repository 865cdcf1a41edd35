//! What races must not do, told with a cache alone. Time stands still unless it is moved.

use super::{Kept, MAX_AGE, Rows, changes::MOST};
use crate::{Error, Result};
use futures_util::poll;
use std::{
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::{
    sync::oneshot,
    time::{Instant, advance},
};

/// What the database is asked, how often, and what it knows.
struct Source {
    asked: AtomicUsize,
}

impl Source {
    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// Loads these rows at once.
    fn has(&self, found: &[(u32, &'static str)]) -> impl Future<Output = Loaded> + Send + 'static {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let found = found.to_vec();
        async move {
            let as_of = Instant::now();
            Ok(Rows { found, as_of })
        }
    }

    /// Has looked already, and answers when it is told to.
    fn says_later(
        &self,
        answer: oneshot::Receiver<Loaded>,
    ) -> impl Future<Output = Loaded> + Send + 'static {
        self.asked.fetch_add(1, Ordering::Relaxed);
        async move {
            answer
                .await
                .unwrap_or_else(|_| Err(Error::unavailable("gone")))
        }
    }
}

type Loaded = Result<Rows<u32, &'static str>>;

fn rows(found: &[(u32, &'static str)]) -> Rows<u32, &'static str> {
    let (found, as_of) = (found.to_vec(), Instant::now());
    Rows { found, as_of }
}

async fn a_moment() {
    advance(Duration::from_millis(1)).await;
}

/// Nothing in it, and a moment after it was made.
async fn start() -> (Kept<u32, &'static str>, Source) {
    let kept = Kept::new("test", 1 << 20, |_, _| 0);
    a_moment().await;
    let asked = AtomicUsize::default();
    (kept, Source { asked })
}

#[tokio::test(start_paused = true)]
async fn nothing_is_older_than_its_bound_counted_from_what_it_shows() {
    let (kept, source) = start().await;
    let as_of = Instant::now();
    advance(Duration::from_secs(1)).await;
    kept.keep(1, Some("old"), as_of);
    advance(MAX_AGE.saturating_sub(Duration::from_millis(1_001))).await;
    let found = kept.get(&1, |_| source.has(&[(1, "new")])).await;
    assert_eq!((found.unwrap(), source.asked()), (Some("old"), 0));
    a_moment().await;
    let found = kept.get(&1, |_| source.has(&[(1, "new")])).await;
    assert_eq!((found.unwrap(), source.asked()), (Some("new"), 1));
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_at_once_are_one_load() {
    let (kept, source) = start().await;
    let (say, answer) = oneshot::channel();
    let mut first = pin!(kept.get(&1, |_| source.says_later(answer)));
    assert!(poll!(&mut first).is_pending());
    let mut others: Vec<_> = (0..100)
        .map(|_| Box::pin(kept.get(&1, |_| source.has(&[]))))
        .collect();
    for other in &mut others {
        assert!(poll!(other).is_pending());
    }
    say.send(Ok(rows(&[(1, "ana")]))).ok();
    assert_eq!(first.await.unwrap(), Some("ana"));
    for other in others {
        assert_eq!(other.await.unwrap(), Some("ana"));
    }
    assert_eq!(source.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_several_only_what_nobody_has_or_loads_is_loaded_at_once() {
    let (kept, source) = start().await;
    kept.get(&1, |_| source.has(&[(1, "ana")])).await.unwrap();
    let (say, answer) = oneshot::channel();
    let mut two = pin!(kept.get(&2, |_| source.says_later(answer)));
    assert!(poll!(&mut two).is_pending());
    let mut all = pin!(kept.all(&[1, 2, 3, 4], |missing| {
        assert_eq!(missing, [3, 4]);
        source.has(&[(4, "dan")])
    }));
    assert!(poll!(&mut all).is_pending());
    say.send(Ok(rows(&[(2, "ben")]))).ok();
    let all = all.await.unwrap();
    let all = [1, 2, 3, 4].map(|key| all[&key]);
    assert_eq!(all, [Some("ana"), Some("ben"), None, Some("dan")]);
    assert_eq!(source.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_before_a_change_is_not_kept_after_it() {
    let (kept, source) = start().await;
    let (say, answer) = oneshot::channel();
    let mut early = pin!(kept.get(&1, |_| source.says_later(answer)));
    assert!(poll!(&mut early).is_pending());
    let old = rows(&[(1, "old")]);
    a_moment().await;
    kept.forget(&1);
    a_moment().await;
    say.send(Ok(old)).ok();
    assert_eq!(
        early.await.unwrap(),
        Some("old"),
        "it asked before the change"
    );
    let late = kept.get(&1, |_| source.has(&[(1, "new")])).await;
    assert_eq!(late.unwrap(), Some("new"));
    let again = kept.get(&1, |_| source.has(&[])).await;
    assert_eq!(again.unwrap(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn nor_is_what_was_found_on_the_way() {
    let (kept, source) = start().await;
    let as_of = Instant::now();
    a_moment().await;
    kept.forget(&1);
    kept.keep(1, Some("old"), as_of);
    kept.keep(2, Some("ben"), as_of);
    let found = kept
        .all(&[1, 2], |_| source.has(&[(1, "new")]))
        .await
        .unwrap();
    assert_eq!((found[&1], found[&2]), (Some("new"), Some("ben")));
}

#[tokio::test(start_paused = true)]
async fn who_asks_after_a_change_waits_for_no_load_from_before_it() {
    for forget in [
        |kept: &Kept<u32, &'static str>| kept.forget(&1),
        |kept: &Kept<u32, &'static str>| kept.forget_everything(),
    ] {
        let (kept, source) = start().await;
        let (say, answer) = oneshot::channel();
        let mut early = pin!(kept.get(&1, |_| source.says_later(answer)));
        assert!(poll!(&mut early).is_pending());
        let old = rows(&[(1, "old")]);
        a_moment().await;
        forget(&kept);
        a_moment().await;
        let late = kept.get(&1, |_| source.has(&[(1, "new")])).await;
        assert_eq!(late.unwrap(), Some("new"));
        // The early one ends last, and neither puts back what it has nor ends the other's load.
        say.send(Ok(old)).ok();
        assert_eq!(early.await.unwrap(), Some("old"));
        let again = kept.get(&1, |_| source.has(&[])).await;
        assert_eq!(again.unwrap(), Some("new"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_everybodys_and_is_not_kept() {
    let (kept, source) = start().await;
    let (say, answer) = oneshot::channel();
    let mut first = pin!(kept.get(&1, |_| source.says_later(answer)));
    let mut second = pin!(kept.get(&1, |_| source.has(&[])));
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    say.send(Err(Error::unavailable("the database is away")))
        .ok();
    for outcome in [first.await, second.await] {
        assert!(matches!(outcome, Err(Error::Unavailable(_))));
    }
    let next = kept.get(&1, |_| source.has(&[(1, "ana")])).await;
    assert_eq!(next.unwrap(), Some("ana"));
}

#[tokio::test(start_paused = true)]
async fn whoever_began_may_go_away() {
    let (kept, source) = start().await;
    let (say, answer) = oneshot::channel();
    let mut first = Box::pin(kept.get(&1, |_| source.says_later(answer)));
    let mut second = Box::pin(kept.get(&1, |_| source.has(&[])));
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    drop(first);
    say.send(Ok(rows(&[(1, "ana")]))).ok();
    assert_eq!(second.await.unwrap(), Some("ana"));
    // When all have gone nobody waits for what nobody does.
    let (_say, answer) = oneshot::channel();
    let mut alone = Box::pin(kept.get(&2, |_| source.says_later(answer)));
    assert!(poll!(&mut alone).is_pending());
    drop(alone);
    let next = kept.get(&2, |_| source.has(&[(2, "ben")])).await;
    assert_eq!(next.unwrap(), Some("ben"));
}

#[tokio::test(start_paused = true)]
async fn that_there_is_none_is_known_until_its_time_or_a_change() {
    let (kept, source) = start().await;
    let ask = || kept.get(&1, |_| source.has(&[]));
    assert_eq!((ask().await.unwrap(), ask().await.unwrap()), (None, None));
    assert_eq!(source.asked(), 1);
    advance(MAX_AGE).await;
    assert_eq!(ask().await.unwrap(), None);
    assert_eq!(source.asked(), 2);
    a_moment().await;
    kept.forget(&1);
    let found = kept.get(&1, |_| source.has(&[(1, "ana")])).await;
    assert_eq!((found.unwrap(), source.asked()), (Some("ana"), 3));
}

#[tokio::test(start_paused = true)]
async fn more_changes_than_are_remembered_are_a_change_of_everything() {
    let (kept, source) = start().await;
    let as_of = Instant::now();
    kept.keep(0, Some("old"), as_of);
    a_moment().await;
    let most = u32::try_from(MOST).unwrap();
    (1..=most).for_each(|key| kept.forget(&key));
    let get = || kept.get(&0, |_| source.has(&[(0, "new")]));
    assert_eq!(get().await.unwrap(), Some("old"));
    kept.forget(&(most + 1));
    kept.keep(0, Some("old"), as_of);
    assert_eq!(get().await.unwrap(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn changes_are_remembered_for_as_long_as_anything_is_kept() {
    let (kept, _) = start().await;
    kept.forget(&1);
    let last = kept.last_change(&[1]);
    advance(MAX_AGE).await;
    kept.forget(&2);
    assert_eq!(kept.last_change(&[1]), last);
    assert!(kept.last_change(&[2, 1]) > last);
    for _ in 0..3 {
        advance(MAX_AGE + Duration::from_millis(1)).await;
        kept.forget(&2);
    }
    assert!(kept.last_change(&[1]) < last, "there is no end to it");
}

#[tokio::test]
async fn memory_is_bounded() {
    let kept: Kept<u32, &str> = Kept::new("test", 1 << 20, |_, _| 1_000);
    for key in 0..10_000 {
        kept.keep(key, Some("x"), Instant::now());
    }
    assert!(
        (500_000..=1 << 20).contains(&kept.bytes()),
        "{}",
        kept.bytes()
    );
}
