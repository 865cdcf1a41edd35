//! What both surfaces share: the request's scope, bodies, errors in two dresses, origins.

pub mod body;
pub mod body_limit;
pub mod conditional;
pub mod cookies;
pub mod errors;
pub mod forwarded;
pub mod head;
pub mod headers;
pub mod methods;
pub mod multipart;
pub mod origin;
pub mod read_your_writes;
pub mod scope;
pub mod spelling;

pub use body::Json;
pub use scope::Scope;
