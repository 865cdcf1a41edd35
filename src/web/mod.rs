//! stub
use crate::{App, Error};
pub mod assets;
mod compress;
mod next;
/// x
pub fn routes(_app: &App) -> poem::Route {
    poem::Route::new()
}
/// x
pub fn error_page(e: &Error, t: &str) -> String {
    format!("{e} {t}")
}
/// x
pub fn asset(name: &str) -> String {
    assets::path(name)
}
