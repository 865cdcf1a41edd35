//! What the scenarios are told with: a real service on a real database, and who speaks to it.

mod api;
mod app;
mod browser;
mod devtools;
mod form;
mod html;
mod jar;
mod keyboard;
mod lynx;
mod page;
mod people;
mod pictures;
mod postgres;
mod program;
mod raw;
mod screenshots;
mod sink;
mod tour;
mod visitor;
mod wait;

pub use api::{Answer, Api, Call, assert_keys};
pub use app::{KEY, TestApp};
pub use browser::Browser;
pub use html::Element;
pub use jar::SetCookie;
pub use lynx::Lynx;
pub use page::Page;
pub use people::{PASSWORD, Person};
pub use pictures::{crc32, jpeg, png, png_of_exactly};
pub use postgres::{Database, connect};
pub use program::{Program, free_port, run};
pub use raw::{Connection, exchange};
pub use sink::{Mail, Mode, Sink};
pub use tour::Tour;
pub use visitor::Visitor;
pub use wait::{PATIENCE, eventually, pass};
