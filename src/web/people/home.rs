//! `/`: says what this is.

use crate::{
    Result,
    web::kit::{
        page::Frame,
        visit::{Visit, see_other},
    },
};
use askama::Template;
use poem::{Response, handler};

#[derive(Template)]
#[template(path = "people/home.html")]
struct HomePage {
    frame: Frame,
}

/// `GET /`
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>) -> Result<Response> {
    if visit.viewer().await?.is_some() {
        return Ok(see_other("/timeline"));
    }
    visit.kept_page(&HomePage {
        frame: visit.frame(None),
    })
}
