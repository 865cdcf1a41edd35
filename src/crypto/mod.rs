//! Access tokens, password hashing, and the sealing of refresh tokens.

pub mod keys;
pub mod passwords;
pub mod seal;

pub use keys::{Claims, Keys};
pub use passwords::PasswordPool;
