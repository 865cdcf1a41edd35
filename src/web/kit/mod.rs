//! What pages are made of: who is asking ([`visit`]), what is shown ([`page`]), forms that can't be acted on
//! without their proof ([`posted`]), what was wrong with them ([`problem`]), and the cookies of a browser.

pub mod assets;
pub mod avatar;
pub mod compress;
pub mod cookie;
pub mod csrf;
pub mod draft;
pub mod errors;
pub mod field;
pub mod flash;
pub mod layers;
pub mod mail_token;
pub mod page;
pub mod page_cache;
pub mod pages;
pub mod posted;
pub mod problem;
pub mod return_to;
pub mod session;
pub mod visit;
pub mod when;
pub mod whose;
