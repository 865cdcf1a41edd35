//! What is fuzzed: one function a target, with what must hold for every input. A panic is a finding.

mod config;
mod local_path;
mod request;
mod text;
mod token;
mod upload;

pub use config::config;
pub use local_path::local_path;
pub use request::request;
pub use text::text;
pub use token::token;
pub use upload::upload;

/// A target and its name, which is that of its folder in the corpus.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
#[allow(dead_code)] // Each fuzzer has one; the suite has them all.
pub const ALL: &[Target] = &[
    ("config", config),
    ("local_path", local_path),
    ("request", request),
    ("text", text),
    ("token", token),
    ("upload", upload),
];
