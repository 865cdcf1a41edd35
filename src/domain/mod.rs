//! Types and rules. No I/O, no framework: a value of one of these types was checked.

pub mod characters;
pub mod csv;
pub mod device;
pub mod email;
pub mod follow;
pub mod history;
pub mod limit;
pub mod network;
pub mod other;
pub mod page;
pub mod password;
pub mod person;
pub mod profile;
pub mod text;
pub mod token;
pub mod unseen;
pub mod username;
pub mod when;

pub use email::Email;
pub use other::Other;
pub use page::{Cursor, Position};
pub use password::Password;
pub use person::{PeoplePage, Person, Profile, PublicProfile, Relationship};
pub use text::Text;
pub use token::Token;
pub use username::Username;
