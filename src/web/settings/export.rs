//! `/settings/export`: a copy of everything about the account.

use crate::{
    Error, Result,
    services::exports::{self, Export},
    web::kit::{
        page::Frame,
        posted::{NoFields, Posted},
        return_to::LocalPath,
        session::Viewer,
        visit::{Visit, see_other},
        when::When,
    },
};
use askama::Template;
use poem::{
    Body, Response, handler,
    http::{StatusCode, header},
};

const PAGE: &str = "/settings/export";

#[derive(Template)]
#[template(path = "settings/export.html")]
struct ExportPage {
    frame: Frame,
    copy: Copy,
}

/// What there is to say about the copy.
enum Copy {
    None,
    Making,
    Ready {
        made: When,
        until: When,
        size: String,
        /// When another may be asked for; now if none.
        again: Option<When>,
    },
}

impl Copy {
    fn of(visit: Visit<'_>, export: Option<Export>) -> Self {
        let Some(export) = export else {
            return Self::None;
        };
        let Some(ready_at) = export.ready_at else {
            return Self::Making;
        };
        let again = export.requested_at + exports::PAUSE;
        let must_wait = again > visit.app.clock.now();
        Self::Ready {
            made: When(ready_at),
            until: When(export.expires_at),
            size: size(export.size),
            again: must_wait.then_some(When(again)),
        }
    }
}

/// A number of bytes as people say it.
fn size(bytes: i64) -> String {
    match bytes / 1024 {
        0 => "less than 1 KB".to_owned(),
        kilobytes @ 1..1024 => format!("{kilobytes} KB"),
        kilobytes => format!("{} MB", kilobytes / 1024),
    }
}

/// `GET /settings/export`
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>) -> poem::Result<Response> {
    let (viewer, export) = visit.signed_in(exports::of).await?;
    let page = ExportPage {
        frame: visit.frame(Some(viewer)),
        copy: Copy::of(visit, export),
    };
    Ok(visit.page(StatusCode::OK, &page)?)
}

/// `POST /settings/export`
#[handler]
pub(in crate::web) async fn request(
    visit: Visit<'_>,
    posted: Posted<NoFields>,
) -> Result<Response> {
    let request = async |viewer: &Viewer, _: &NoFields| {
        exports::request(visit.app, viewer.user_id, viewer.session_id).await
    };
    let (viewer, _, outcome) = posted.then_as_viewer(visit, request).await;
    match outcome {
        // The page says when another may be asked for.
        Ok(_) | Err(Error::RateLimited { .. }) => Ok(see_other(PAGE)),
        Err(Error::Unauthenticated) => Ok(visit.to_login()),
        Err(error) => {
            let (verdict, frame) = visit.frame_refusing(viewer, error)?;
            // After a failure as if there was no copy: what the page offers can be asked for again.
            let export = visit.beside(&frame, exports::of).await?.flatten();
            let copy = Copy::of(visit, export);
            visit.page(verdict, &ExportPage { frame, copy })
        }
    }
}

/// `GET /settings/export/download`
#[handler]
pub(in crate::web) async fn download(visit: Visit<'_>) -> poem::Result<Response> {
    let (viewer, export) = visit.signed_in(exports::of).await?;
    if !viewer.is_recent {
        let page = LocalPath::parse(PAGE).unwrap_or_default();
        return Ok(see_other(&page.after_confirming()));
    }
    let Some(export) = export.filter(|export| export.ready_at.is_some()) else {
        // It ran out since the page was opened, which says so.
        return Ok(see_other(PAGE));
    };
    let pieces = exports::pieces(visit.app, viewer.user_id, &export);
    let name = format!(
        "attachment; filename=\"users-service-{}.zip\"",
        viewer.username
    );
    Ok(Response::builder()
        .content_type("application/zip")
        .header(header::CACHE_CONTROL, "no-store")
        .header(header::CONTENT_LENGTH, export.size)
        .header(header::CONTENT_DISPOSITION, name)
        .body(Body::from_bytes_stream(pieces)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_words() {
        for (bytes, words) in [
            (10, "less than 1 KB"),
            (1024, "1 KB"),
            (1024 * 1024 - 1, "1023 KB"),
            (5 * 1024 * 1024, "5 MB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }
}
