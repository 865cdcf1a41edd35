//! Setting a new password with a link: `users.password_reset_requests` and `users.password_resets`.
//!
//! A link is tied to the address and the password that the account had when it was made: whatever
//! changes one of them ends it, and nobody has to remember to.

mod asking;
mod links;

pub use asking::{Request, request, take_requests};
pub use links::{Linked, issue, linked, mark_used};
