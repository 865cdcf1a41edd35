//! `/`: says what this is.

use super::{
    page::Frame,
    visit::{Visit, see_other},
};
use crate::Result;
use askama::Template;
use poem::{Response, handler};

#[derive(Template)]
#[template(path = "home/page.html")]
struct HomePage {
    frame: Frame,
}

/// `GET /`
#[handler]
pub(super) async fn show(visit: Visit<'_>) -> Result<Response> {
    if visit.viewer().await?.is_some() {
        return Ok(see_other("/timeline"));
    }
    visit.kept_page(&HomePage {
        frame: visit.frame(None),
    })
}
