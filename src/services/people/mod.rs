//! People: found by id or handle, their profiles, their lists. Each read takes who asks, an account or a
//! [`View`](super::view::View), and how fresh the answer must be where that is not said by the view.

mod find;
pub mod home;
mod lists;
mod profile;

pub use find::{MAX_IDS, by_id, by_ids, by_username, parse_id};
pub use lists::{ListView, Seen, list, list_seen_by};
pub use profile::{Pressed, of_viewer, own, own_recent, pressed, public, seen_by};
