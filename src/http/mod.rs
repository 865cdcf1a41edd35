//! What both surfaces share: the request's scope, bodies, errors in two dresses, origins.

pub mod body;
pub mod cookies;
pub mod errors;
pub mod forwarded;
pub mod fresh;
pub mod head;
pub mod headers;
pub mod intake;
pub mod methods;
pub mod multipart;
pub mod origin;
pub mod scope;
pub mod spelling;
pub mod written;

pub use body::Json;
pub use scope::Scope;
