//! Which hash is made next: each client network has a line of its own, and the lines take turns. So a
//! network that sends thousands waits behind its own, and everybody else behind one of them at most.

use std::collections::{HashMap, VecDeque};

/// How many from one network may wait, known or unknown. At about 20 ms each on two threads the last
/// of a line that is alone waits some 3 s.
pub(super) const PER_NETWORK: usize = 256;
/// How many unknown callers may wait in all.
pub(super) const UNKNOWN: usize = 512;
/// How many known ones may wait beside them.
const KNOWN: usize = 256;

/// Whether the one who waits comes from a browser or network that the account is known on, or is
/// logged in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Every other turn is kept for these, however many others wait.
    Known,
    /// Anybody.
    Unknown,
}

/// No room: too many wait already.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password hashing queue is full")]
pub(super) struct Full;

/// Those who wait.
pub(super) struct Queue<T> {
    known: Lines<T>,
    unknown: Lines<T>,
    last: Standing,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self {
            known: Lines::up_to(KNOWN),
            unknown: Lines::up_to(UNKNOWN),
            last: Standing::Unknown,
        }
    }
}

impl<T> Queue<T> {
    /// Lets a job wait in the line of its network. In a full queue it takes the place of the newest
    /// job of the longest line, which is dropped, if its own line is shorter.
    pub(super) fn push(&mut self, standing: Standing, network: String, job: T) -> Result<(), Full> {
        self.lines(standing).push(network, job)
    }

    /// The next job: from the known and the unknown by turns, while there are both.
    pub(super) fn pop(&mut self) -> Option<T> {
        let turns = match self.last {
            Standing::Unknown => [Standing::Known, Standing::Unknown],
            Standing::Known => [Standing::Unknown, Standing::Known],
        };
        turns.into_iter().find_map(|standing| {
            let job = self.lines(standing).pop()?;
            self.last = standing;
            Some(job)
        })
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.known.count + self.unknown.count
    }

    fn lines(&mut self, standing: Standing) -> &mut Lines<T> {
        match standing {
            Standing::Known => &mut self.known,
            Standing::Unknown => &mut self.unknown,
        }
    }
}

/// One line a network; none is empty.
struct Lines<T> {
    by_network: HashMap<String, VecDeque<T>>,
    /// Whose turn it is, then whose it is next.
    turns: VecDeque<String>,
    count: usize,
    most: usize,
}

impl<T> Lines<T> {
    fn up_to(most: usize) -> Self {
        Self {
            by_network: HashMap::new(),
            turns: VecDeque::new(),
            count: 0,
            most,
        }
    }

    fn push(&mut self, network: String, job: T) -> Result<(), Full> {
        let ahead = self.by_network.get(&network).map_or(0, VecDeque::len);
        if ahead >= PER_NETWORK || (self.count >= self.most && !self.make_room(ahead + 1)) {
            return Err(Full);
        }
        if ahead == 0 {
            self.turns.push_back(network.clone());
        }
        self.by_network.entry(network).or_default().push_back(job);
        self.count += 1;
        Ok(())
    }

    /// Drops the newest job of the longest line, if that is longer than this.
    fn make_room(&mut self, length: usize) -> bool {
        let longest = self.by_network.values_mut().max_by_key(|line| line.len());
        let dropped = longest.filter(|line| line.len() > length);
        let dropped = dropped.and_then(VecDeque::pop_back).is_some();
        self.count -= usize::from(dropped);
        dropped
    }

    fn pop(&mut self) -> Option<T> {
        let network = self.turns.pop_front()?;
        let line = self.by_network.get_mut(&network)?;
        let job = line.pop_front()?;
        self.count -= 1;
        if line.is_empty() {
            self.by_network.remove(&network);
        } else {
            self.turns.push_back(network);
        }
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Standing::{Known, Unknown};

    /// The next ones, until this one.
    fn served_before(queue: &mut Queue<&'static str>, whose: &str) -> usize {
        let served = std::iter::from_fn(|| queue.pop());
        served.take_while(|job| *job != whose).count()
    }

    fn flood(queue: &mut Queue<&'static str>, standing: Standing, network: &str) {
        while queue.push(standing, network.to_owned(), "flood").is_ok() {}
    }

    #[test]
    fn who_waits_alone_in_a_network_is_next_however_many_wait_in_another() {
        let mut queue = Queue::default();
        flood(&mut queue, Unknown, "a");
        assert_eq!(queue.len(), PER_NETWORK);
        assert_eq!(queue.push(Unknown, "b".to_owned(), "owner"), Ok(()));
        assert_eq!(served_before(&mut queue, "owner"), 1);
    }

    #[test]
    fn of_ten_networks_that_flood_each_has_one_turn_before_somebody_elses() {
        let mut queue = Queue::default();
        for network in 0..10 {
            flood(&mut queue, Unknown, &network.to_string());
        }
        assert_eq!(queue.len(), UNKNOWN);
        assert_eq!(queue.push(Unknown, "home".to_owned(), "owner"), Ok(()));
        assert_eq!(queue.len(), UNKNOWN, "the longest line made room");
        assert_eq!(served_before(&mut queue, "owner"), 10);
    }

    #[test]
    fn known_callers_have_every_other_turn_and_room_of_their_own() {
        let mut queue = Queue::default();
        for network in 0..UNKNOWN {
            let sent = queue.push(Unknown, network.to_string(), "flood");
            assert_eq!(sent, Ok(()));
        }
        let one_more = queue.push(Unknown, "home".to_owned(), "owner");
        assert_eq!(one_more, Err(Full), "no line is longer than this one");
        assert_eq!(queue.push(Known, "home".to_owned(), "owner"), Ok(()));
        assert_eq!(served_before(&mut queue, "owner"), 0);
        for _ in 0..3 {
            assert_eq!(queue.push(Known, "home".to_owned(), "owner"), Ok(()));
        }
        let six: Vec<_> = std::iter::from_fn(|| queue.pop()).take(6).collect();
        assert_eq!(six, ["flood", "owner", "flood", "owner", "flood", "owner"]);
    }

    #[test]
    fn a_line_is_served_in_its_order_and_the_queue_ends_empty() {
        let mut queue = Queue::default();
        for (network, job) in [("a", 1), ("a", 2), ("b", 3), ("a", 4)] {
            assert_eq!(queue.push(Unknown, network.to_owned(), job), Ok(()));
        }
        let served: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(served, [1, 3, 2, 4]);
        assert_eq!(queue.len(), 0);
        assert!(queue.unknown.by_network.is_empty() && queue.unknown.turns.is_empty());
    }
}
