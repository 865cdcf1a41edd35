//! PostgreSQL as a machine: connections, hosts, TLS, time budgets, replicas, migrations, notices, and how a
//! statement is sent. Nothing in here knows a table; [`storage`](crate::storage) does.

mod connection;
pub mod cte;
pub mod fitness;
mod hosts;
pub mod migrate;
pub mod notices;
pub mod now;
pub mod pool;
pub mod pooler;
pub mod replicas;
#[cfg(test)]
pub(crate) mod reviewed;
#[cfg(test)]
#[path = "../../tests/it/support/snapshot.rs"]
#[allow(clippy::unwrap_used)]
pub(crate) mod snapshot;
mod statement;
pub mod time_budget;
pub mod tls;
mod traced;
pub mod url;

pub use connection::{GenericClient, Object, Transaction};
pub use pool::Pool;
pub use replicas::Replicas;
pub use statement::{all, begin, commit, execute, one, optional, ping, rows};
