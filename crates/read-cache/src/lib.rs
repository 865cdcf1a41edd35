#![doc = include_str!("../README.md")]

mod cache;
mod changes;
mod entries;
mod in_flight;
mod load;
mod lookup;
mod state;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub use cache::ReadCache;
pub use load::Rows;
pub use lookup::{Found, Lookup};
