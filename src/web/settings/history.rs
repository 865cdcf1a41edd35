//! `/settings/history`: what happened to one's account, in words.

use crate::{
    domain::history::Line,
    services::{history, view::View},
    web::kit::{
        page::Frame,
        visit::{Visit, see_other},
        when::When,
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode, web::Query};
use serde::Deserialize;

const PATH: &str = "/settings/history";

#[derive(Template)]
#[template(path = "settings/history.html")]
struct HistoryPage {
    frame: Frame,
    rows: Vec<Row>,
    is_first: bool,
    older: Option<String>,
}

struct Row {
    what: String,
    detail: Option<String>,
    from: String,
    last_at: When,
    /// When it began, if it was not at once.
    first_at: Option<When>,
}

#[derive(Deserialize)]
struct Asked {
    cursor: Option<String>,
}

/// `GET /settings/history`
#[handler]
pub(in crate::web) async fn show(
    visit: Visit<'_>,
    asked: poem::Result<Query<Asked>>,
) -> poem::Result<Response> {
    let asked = match asked {
        Ok(Query(asked)) => asked,
        Err(error) => return visit.refuse(error).await,
    };
    let cursor = asked.cursor.as_deref();
    let read = async |view: View| match history::place(cursor) {
        Ok(before) => history::list(view, before).await.map(Some),
        Err(_) => Ok(None),
    };
    let (viewer, page) = visit.signed_in(read).await?;
    let Some(page) = page else {
        // A cursor that was never given out leads to the start.
        return Ok(see_other(PATH));
    };
    let page = HistoryPage {
        frame: visit.frame(Some(viewer)),
        rows: page.items.into_iter().map(Row::of).collect(),
        is_first: cursor.is_none(),
        older: page.next_cursor.map(|cursor| format!("?cursor={cursor}")),
    };
    Ok(visit.page(StatusCode::OK, &page)?)
}

impl Row {
    fn of(line: Line) -> Self {
        let from = match (line.device.as_deref(), line.network.as_deref()) {
            (Some("several"), Some("several")) => "several devices and networks".to_owned(),
            (Some("several"), network) => on("several devices", network),
            (Some(device), network) => on(device, network),
            (None, _) => String::new(),
        };
        let is_moment = line.first_at == line.last_at;
        Self {
            what: what(&line.event, line.count),
            detail: line.detail,
            from,
            last_at: When(line.last_at),
            first_at: (!is_moment).then_some(When(line.first_at)),
        }
    }
}

fn on(device: &str, network: Option<&str>) -> String {
    match network {
        Some("several") => format!("{device}, several networks"),
        Some(network) => format!("{device}, network {network}"),
        None => device.to_owned(),
    }
}

/// An event in plain words.
fn what(event: &str, count: usize) -> String {
    let words = match event {
        "logged_in" => "Logged in",
        "log_in_failed" if count == 1 => "A failed log-in: wrong password",
        "log_in_failed" => return format!("{count} failed log-ins: wrong password"),
        "logged_out" => "Logged out",
        "refresh_token_reused" => "A session was copied, so we ended it",
        "session_ended" => "Ended a session",
        "reauthenticated" => "Entered the password again",
        "password_changed" => "Changed the password",
        "password_reset_requested" => "A link to set a new password was asked for",
        "password_reset" => "A new password was set with a link",
        "email_change_requested" => "A new email address was named",
        "email_changed" => "The email address was changed",
        "email_restored" => "The old email address was put back",
        "email_kept" => "The new email address was kept for good",
        "username_changed" => "Changed the username",
        "export_requested" => "A copy of all data was asked for",
        "deletion_requested" => "Asked to delete the account",
        "deletion_cancelled" => "Kept the account after all",
        // A newer version of the service knows more.
        _ => "Something else happened",
    };
    words.to_owned()
}
