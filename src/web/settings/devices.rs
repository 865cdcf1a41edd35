//! `/settings/devices`: where one is logged in, and logging out from afar.

use crate::{
    Error, Result,
    services::{
        devices::{self, Device, OpenSession},
        view::View,
    },
    web::kit::{
        flash::Flash,
        page::Frame,
        posted::{NoFields, Posted},
        session::{self, Viewer},
        visit::{Visit, see_other},
        when::When,
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode};
use serde::Deserialize;
use uuid::Uuid;

const PAGE: &str = "/settings/devices";

#[derive(Template)]
#[template(path = "settings/devices.html")]
struct DevicesPage {
    frame: Frame,
    rows: Vec<Row>,
    /// What was just done.
    done: Option<&'static str>,
}

struct Row {
    id: Uuid,
    device: String,
    network: String,
    is_current: bool,
    first_seen: When,
    last_seen: When,
    ago: String,
}

/// Which session.
#[derive(Default, Deserialize)]
struct Chosen {
    #[serde(default)]
    session: String,
}

/// `GET /settings/devices`
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>) -> poem::Result<Response> {
    let (viewer, sessions) = visit.signed_in(devices::open).await?;
    let done = if Flash::SessionEnded.is_of(visit) {
        Some("The session has ended.")
    } else if Flash::OthersEnded.is_of(visit) {
        Some("All other sessions have ended.")
    } else {
        None
    };
    let page = DevicesPage {
        done,
        ..DevicesPage::new(visit, viewer, sessions)
    };
    let mut response = visit.page(StatusCode::OK, &page)?;
    if done.is_some() {
        Flash::forget(&mut response, visit);
    }
    Ok(response)
}

/// `POST /settings/devices/end`
#[handler]
pub(in crate::web) async fn end(visit: Visit<'_>, posted: Posted<Chosen>) -> Result<Response> {
    let end_it = async |viewer: &Viewer, chosen: &Chosen| {
        let id = chosen.session.parse().map_err(|_| Error::SessionNotFound)?;
        devices::end(visit.app, viewer.user_id, viewer.session_id, id).await?;
        Ok(id == viewer.session_id)
    };
    let (viewer, _, outcome) = posted.then_as_viewer(visit, end_it).await;
    match outcome {
        Ok(true) => {
            session::end(visit.app, visit.request).await?;
            Ok(see_other("/"))
        }
        Ok(false) => Ok(Flash::SessionEnded.see_other(visit, PAGE)),
        Err(Error::Unauthenticated) => Ok(visit.to_login()),
        Err(error) => refused(visit, viewer, error).await,
    }
}

/// `POST /settings/devices/end-others`
#[handler]
pub(in crate::web) async fn end_others(
    visit: Visit<'_>,
    posted: Posted<NoFields>,
) -> Result<Response> {
    let end_them = async |viewer: &Viewer, _: &NoFields| {
        devices::end_others(visit.app, viewer.user_id, viewer.session_id).await
    };
    let (viewer, _, outcome) = posted.then_as_viewer(visit, end_them).await;
    match outcome {
        Ok(()) => Ok(Flash::OthersEnded.see_other(visit, PAGE)),
        Err(Error::Unauthenticated) => Ok(visit.to_login()),
        Err(error) => refused(visit, viewer, error).await,
    }
}

async fn refused(visit: Visit<'_>, viewer: Option<Viewer>, error: Error) -> Result<Response> {
    let Some(viewer) = viewer else {
        return visit.without_viewer(error);
    };
    let (verdict, problem) = visit.problem(error)?;
    let view = View::of(visit.app, viewer.user_id).await?;
    let mut page = DevicesPage::new(visit, viewer, devices::open(view).await?);
    page.frame = page.frame.with(Some(problem));
    visit.page(verdict, &page)
}

impl DevicesPage {
    fn new(visit: Visit<'_>, viewer: Viewer, sessions: Vec<OpenSession>) -> Self {
        let now = visit.app.clock.now();
        let row = |device: Device| Row {
            id: device.id,
            device: device.device,
            network: device.network.unwrap_or_else(|| "unknown".to_owned()),
            is_current: device.current,
            first_seen: When(device.created_at),
            last_seen: When(device.last_seen_at),
            ago: When(device.last_seen_at).ago(now),
        };
        let devices = devices::in_words(sessions, viewer.session_id);
        Self {
            frame: visit.frame(Some(viewer)),
            rows: devices.into_iter().map(row).collect(),
            done: None,
        }
    }
}
