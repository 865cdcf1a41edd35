//! Access tokens, password hashing, and the sealing of refresh tokens and cookies.

mod checked_tokens;
mod cookie_key;
mod hashing;
mod hashing_queue;
mod hashing_threads;
pub mod key_files;
pub mod keys;
pub mod passwords;
mod refresh_tokens;
pub mod seal;
pub mod secret_key;
pub mod secrets;
mod signer;

pub use cookie_key::CookieKey;
pub use keys::{Claims, Keys};
pub use passwords::PasswordPool;
pub use refresh_tokens::{RefreshClaims, RefreshTokens};
pub use secrets::Secrets;
