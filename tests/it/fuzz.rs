//! The fuzzers' targets over their corpus and mutations of it: the same ones each time, a few
//! seconds each. `bin/fuzz` goes on from here for as long as one likes.

#[path = "../../fuzz/targets/mod.rs"]
pub mod targets;

use std::{fs, path::Path};
use targets::Target;

/// What is put in beside single bytes.
const WORDS: &[&[u8]] = &[
    b"//",
    b"\\",
    b"%2f",
    b"%00",
    b"\r\n",
    b"\0",
    b"..",
    b"@",
    b"\"",
    b"{",
    b"=",
    b"&",
    b";",
    b"--b",
    b"null",
    b"-1",
    b"\xff",
    b"\xe2\x80\xae",
    b"e\xcc\x81",
    b"A",
];

/// Numbers that look random and are the same each time (Marsaglia's xorshift64).
struct Numbers(u64);

impl Numbers {
    /// One below `end`.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap()
    }
}

/// The corpus of a target, always in the same order.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|file| fs::read(file).unwrap())
        .collect()
}

/// An input with a few bytes of it replaced, cut out, doubled, or put in.
fn mutated(mut input: Vec<u8>, numbers: &mut Numbers) -> Vec<u8> {
    for _ in 0..=numbers.below(6) {
        let at = numbers.below(input.len() + 1);
        let end = (at + numbers.below(8)).min(input.len());
        match numbers.below(5) {
            0 => drop(input.drain(at..end)),
            1 => input.extend_from_within(at..end),
            2 if at < input.len() => input[at] = u8::try_from(numbers.below(256)).unwrap(),
            3 if at < input.len() => input[at] ^= 1 << numbers.below(8),
            _ => drop(input.splice(at..at, WORDS[numbers.below(WORDS.len())].iter().copied())),
        }
    }
    input
}

fn run(name: &str, runs: usize) {
    let (_, target): &Target = targets::ALL
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap();
    let corpus = corpus(name);
    assert!(!corpus.is_empty());
    for input in &corpus {
        target(input);
    }
    target(b"");
    let mut numbers = Numbers(0x2026_1122);
    for _ in 0..runs {
        let input = corpus[numbers.below(corpus.len())].clone();
        let input = mutated(input, &mut numbers);
        let shown = String::from_utf8_lossy(&input).into_owned();
        let outcome = std::panic::catch_unwind(|| target(&input));
        assert!(outcome.is_ok(), "{name} fails on {shown:?}");
    }
}

macro_rules! fuzzed {
    ($($test:ident: $name:literal, $runs:literal;)*) => {
        $(#[test] fn $test() { run($name, $runs); })*

        #[test]
        fn every_target_is_run_and_has_a_corpus() {
            let names: Vec<_> = targets::ALL.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, [$($name),*]);
        }
    };
}

// With how many mutations. Making pictures takes its time.
fuzzed! {
    no_environment_makes_the_program_panic_or_tell_a_password: "config", 5_000;
    no_next_leads_to_another_site: "local_path", 5_000;
    no_request_is_ever_our_fault: "request", 5_000;
    no_text_passes_a_rule_that_it_breaks: "text", 5_000;
    no_token_passes_that_was_not_issued: "token", 5_000;
    no_upload_breaks_the_making_of_pictures: "upload", 300;
}
