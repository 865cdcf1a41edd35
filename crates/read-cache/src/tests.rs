//! What races must not do, told with a cache alone. Time stands still unless it is moved.

use crate::{ReadCache, Rows, changes::MOST};
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

const MAX_AGE: Duration = Duration::from_secs(4);

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
        async move { answer.await.unwrap_or(Err("gone")) }
    }
}

type Cache = ReadCache<u32, &'static str, &'static str>;
type Loaded = Result<Rows<u32, &'static str>, &'static str>;

fn rows(found: &[(u32, &'static str)]) -> Rows<u32, &'static str> {
    let (found, as_of) = (found.to_vec(), Instant::now());
    Rows { found, as_of }
}

async fn a_moment() {
    advance(Duration::from_millis(1)).await;
}

/// Nothing in it, and a moment after it was made.
async fn start() -> (Cache, Source) {
    let cache = ReadCache::new("test", MAX_AGE, 1 << 20, |_, _| 0);
    a_moment().await;
    let asked = AtomicUsize::default();
    (cache, Source { asked })
}

#[tokio::test(start_paused = true)]
async fn nothing_is_older_than_its_bound_counted_from_what_it_shows() {
    let (cache, source) = start().await;
    let as_of = Instant::now();
    advance(Duration::from_secs(1)).await;
    cache.insert(1, Some("old"), as_of);
    advance(MAX_AGE.saturating_sub(Duration::from_millis(1_001))).await;
    let found = cache.get(&1, |_| source.has(&[(1, "new")])).wait().await;
    assert_eq!((found.unwrap(), source.asked()), (Some("old"), 0));
    a_moment().await;
    let found = cache.get(&1, |_| source.has(&[(1, "new")])).wait().await;
    assert_eq!((found.unwrap(), source.asked()), (Some("new"), 1));
}

#[tokio::test(start_paused = true)]
async fn many_who_ask_at_once_are_one_load() {
    let (cache, source) = start().await;
    let (say, answer) = oneshot::channel();
    let mut first = pin!(cache.get(&1, |_| source.says_later(answer)).wait());
    assert!(poll!(&mut first).is_pending());
    let mut others: Vec<_> = (0..100)
        .map(|_| Box::pin(cache.get(&1, |_| source.has(&[])).wait()))
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
    let (cache, source) = start().await;
    cache
        .get(&1, |_| source.has(&[(1, "ana")]))
        .wait()
        .await
        .unwrap();
    let (say, answer) = oneshot::channel();
    let mut two = pin!(cache.get(&2, |_| source.says_later(answer)).wait());
    assert!(poll!(&mut two).is_pending());
    let mut all = pin!(
        cache
            .all(&[1, 2, 3, 4], |missing| {
                assert_eq!(missing, [3, 4]);
                source.has(&[(4, "dan")])
            })
            .wait()
    );
    assert!(poll!(&mut all).is_pending());
    say.send(Ok(rows(&[(2, "ben")]))).ok();
    let all = all.await.unwrap();
    let all = [1, 2, 3, 4].map(|key| all[&key]);
    assert_eq!(all, [Some("ana"), Some("ben"), None, Some("dan")]);
    assert_eq!(source.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_before_a_change_is_not_kept_after_it() {
    let (cache, source) = start().await;
    let (say, answer) = oneshot::channel();
    let mut early = pin!(cache.get(&1, |_| source.says_later(answer)).wait());
    assert!(poll!(&mut early).is_pending());
    let old = rows(&[(1, "old")]);
    a_moment().await;
    cache.forget(&1);
    a_moment().await;
    say.send(Ok(old)).ok();
    assert_eq!(
        early.await.unwrap(),
        Some("old"),
        "it asked before the change"
    );
    let late = cache.get(&1, |_| source.has(&[(1, "new")])).wait().await;
    assert_eq!(late.unwrap(), Some("new"));
    let again = cache.get(&1, |_| source.has(&[])).wait().await;
    assert_eq!(again.unwrap(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn nor_is_what_was_found_on_the_way() {
    let (cache, source) = start().await;
    let as_of = Instant::now();
    a_moment().await;
    cache.forget(&1);
    cache.insert(1, Some("old"), as_of);
    cache.insert(2, Some("ben"), as_of);
    let found = cache
        .all(&[1, 2], |_| source.has(&[(1, "new")]))
        .wait()
        .await
        .unwrap();
    assert_eq!((found[&1], found[&2]), (Some("new"), Some("ben")));
}

#[tokio::test(start_paused = true)]
async fn who_asks_after_a_change_waits_for_no_load_from_before_it() {
    for forget in [
        |cache: &Cache| cache.forget(&1),
        |cache: &Cache| cache.forget_everything(),
    ] {
        let (cache, source) = start().await;
        let (say, answer) = oneshot::channel();
        let mut early = pin!(cache.get(&1, |_| source.says_later(answer)).wait());
        assert!(poll!(&mut early).is_pending());
        let old = rows(&[(1, "old")]);
        a_moment().await;
        forget(&cache);
        a_moment().await;
        let late = cache.get(&1, |_| source.has(&[(1, "new")])).wait().await;
        assert_eq!(late.unwrap(), Some("new"));
        // The early one ends last, and neither puts back what it has nor ends the other's load.
        say.send(Ok(old)).ok();
        assert_eq!(early.await.unwrap(), Some("old"));
        let again = cache.get(&1, |_| source.has(&[])).wait().await;
        assert_eq!(again.unwrap(), Some("new"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_everybodys_and_is_not_kept() {
    let (cache, source) = start().await;
    let (say, answer) = oneshot::channel();
    let mut first = pin!(cache.get(&1, |_| source.says_later(answer)).wait());
    let mut second = pin!(cache.get(&1, |_| source.has(&[])).wait());
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    say.send(Err("the database is away")).ok();
    for outcome in [first.await, second.await] {
        assert_eq!(*outcome.unwrap_err(), "the database is away");
    }
    let next = cache.get(&1, |_| source.has(&[(1, "ana")])).wait().await;
    assert_eq!(next.unwrap(), Some("ana"));
}

#[tokio::test(start_paused = true)]
async fn whoever_began_may_go_away() {
    let (cache, source) = start().await;
    let (say, answer) = oneshot::channel();
    let mut first = Box::pin(cache.get(&1, |_| source.says_later(answer)).wait());
    let mut second = Box::pin(cache.get(&1, |_| source.has(&[])).wait());
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    drop(first);
    say.send(Ok(rows(&[(1, "ana")]))).ok();
    assert_eq!(second.await.unwrap(), Some("ana"));
    // When all have gone nobody waits for what nobody does.
    let (_say, answer) = oneshot::channel();
    let mut alone = Box::pin(cache.get(&2, |_| source.says_later(answer)).wait());
    assert!(poll!(&mut alone).is_pending());
    drop(alone);
    let next = cache.get(&2, |_| source.has(&[(2, "ben")])).wait().await;
    assert_eq!(next.unwrap(), Some("ben"));
}

#[tokio::test(start_paused = true)]
async fn that_there_is_none_is_known_until_its_time_or_a_change() {
    let (cache, source) = start().await;
    let ask = || cache.get(&1, |_| source.has(&[])).wait();
    assert_eq!((ask().await.unwrap(), ask().await.unwrap()), (None, None));
    assert_eq!(source.asked(), 1);
    advance(MAX_AGE).await;
    assert_eq!(ask().await.unwrap(), None);
    assert_eq!(source.asked(), 2);
    a_moment().await;
    cache.forget(&1);
    let found = cache.get(&1, |_| source.has(&[(1, "ana")])).wait().await;
    assert_eq!((found.unwrap(), source.asked()), (Some("ana"), 3));
}

#[tokio::test(start_paused = true)]
async fn more_changes_than_are_remembered_are_a_change_of_everything() {
    let (cache, source) = start().await;
    let as_of = Instant::now();
    cache.insert(0, Some("old"), as_of);
    a_moment().await;
    let most = u32::try_from(MOST).unwrap();
    (1..=most).for_each(|key| cache.forget(&key));
    let get = || cache.get(&0, |_| source.has(&[(0, "new")])).wait();
    assert_eq!(get().await.unwrap(), Some("old"));
    cache.forget(&(most + 1));
    cache.insert(0, Some("old"), as_of);
    assert_eq!(get().await.unwrap(), Some("new"));
}

#[tokio::test(start_paused = true)]
async fn changes_are_remembered_for_as_long_as_anything_is_kept() {
    let (cache, _) = start().await;
    cache.forget(&1);
    let last = cache.last_change(&[1]);
    advance(MAX_AGE).await;
    cache.forget(&2);
    assert_eq!(cache.last_change(&[1]), last);
    assert!(cache.last_change(&[2, 1]) > last);
    for _ in 0..3 {
        advance(MAX_AGE + Duration::from_millis(1)).await;
        cache.forget(&2);
    }
    assert!(cache.last_change(&[1]) < last, "there is no end to it");
}

#[tokio::test]
async fn memory_is_bounded() {
    let cache: Cache = ReadCache::new("test", MAX_AGE, 1 << 20, |_, _| 1_000);
    for key in 0..10_000 {
        cache.insert(key, Some("x"), Instant::now());
    }
    assert!(
        (500_000..=1 << 20).contains(&cache.bytes()),
        "{}",
        cache.bytes()
    );
}
