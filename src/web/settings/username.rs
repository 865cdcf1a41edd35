//! `/settings/username`: changing one's username, and where pages of the old one are now.

use crate::{
    Error, Result,
    domain::when,
    services::usernames::{self, UsernameChange},
    web::kit::{
        field::{Field, Kind},
        page::Frame,
        posted::Posted,
        session::Viewer,
        visit::{Visit, see_other},
    },
};
use askama::Template;
use poem::{
    Response, handler,
    http::{StatusCode, header},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

const FORM: &str = "/settings/username";

#[derive(Template)]
#[template(path = "settings/username.html")]
struct UsernamePage {
    frame: Frame,
    /// The name now; none after a failure.
    current: Option<String>,
    /// The day when it may be changed again, if that is not yet.
    waits_until: Option<String>,
    /// Whether it holds what was typed before the password was asked for.
    is_restored: bool,
    username: Field,
}

/// The form's text, as it is kept.
#[derive(Serialize, Deserialize)]
struct Texts {
    username: String,
}

impl Texts {
    fn of(form: &UsernameChange) -> Self {
        Self {
            username: form.username.typed().to_owned(),
        }
    }
}

/// `GET /settings/username`
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>) -> poem::Result<Response> {
    let (viewer, waits_until) = visit.recent(usernames::waits_until).await?;
    let draft: Option<Texts> = visit.draft(viewer.user_id, FORM);
    let is_restored = draft.is_some();
    let typed = draft.map_or_else(|| viewer.username.clone(), |draft| draft.username);
    let frame = visit.frame(Some(viewer));
    let page = UsernamePage {
        is_restored,
        ..UsernamePage::new(frame, waits_until, &typed)
    };
    let mut response = visit.page(StatusCode::OK, &page)?;
    if is_restored {
        visit.forget_draft(&mut response);
    }
    Ok(response)
}

impl UsernamePage {
    fn new(frame: Frame, waits_until: Option<OffsetDateTime>, typed: &str) -> Self {
        Self {
            current: frame.viewer.as_ref().map(|viewer| viewer.username.clone()),
            waits_until: waits_until.map(when::day),
            is_restored: false,
            username: Field::new("username", "Username", Kind::Handle, "username")
                .hint("3 to 30 letters, digits, dots or underscores. Everybody sees it.")
                .typed(typed)
                .judged(frame.problem.as_ref()),
            frame,
        }
    }
}

/// `POST /settings/username`
#[handler]
pub(in crate::web) async fn save(
    visit: Visit<'_>,
    posted: Posted<UsernameChange>,
) -> Result<Response> {
    let change = async |viewer: &Viewer, form: &UsernameChange| {
        usernames::change(visit.app, viewer.user_id, viewer.session_id, form).await
    };
    let (viewer, posted, outcome) = posted.then_as_viewer(visit, change).await;
    match outcome {
        Ok(_) => Ok(see_other("/profile")),
        Err(Error::Unauthenticated) => visit.to_login_with(FORM, posted, Texts::of),
        Err(Error::ReauthenticationRequired) => {
            visit.to_confirm_with(viewer, FORM, posted, Texts::of)
        }
        Err(error) => refused(visit, viewer, posted.typed(), error).await,
    }
}

async fn refused(
    visit: Visit<'_>,
    viewer: Option<Viewer>,
    typed: Option<UsernameChange>,
    error: Error,
) -> Result<Response> {
    let (verdict, frame) = visit.frame_refusing(viewer, error)?;
    let waits_until = visit
        .beside(&frame, usernames::waits_until)
        .await?
        .flatten();
    let own = frame.viewer.as_ref().map(|viewer| viewer.username.clone());
    let typed = match typed {
        Some(form) => form.username.typed().to_owned(),
        None => own.unwrap_or_default(),
    };
    let page = UsernamePage::new(frame, waits_until, &typed);
    visit.page(verdict, &page)
}

impl Visit<'_> {
    /// Where the page of a name that was given up is now: for as long as the name is kept for its
    /// owner, and no longer, so browsers must not remember it. Else there is no such person.
    pub(in crate::web) async fn to_successor_of(self, username: &str) -> Result<Response> {
        let successor = usernames::successor(self.app, username).await?;
        let new = successor.ok_or(Error::UserNotFound)?;
        let uri = self.request.original_uri();
        let rest = uri.path().trim_start_matches('/').split_once('/');
        let rest = rest.map_or_else(String::new, |(_, rest)| format!("/{rest}"));
        let query = uri
            .query()
            .map_or_else(String::new, |query| format!("?{query}"));
        let response = Response::builder()
            .status(StatusCode::FOUND)
            .header(header::LOCATION, format!("/@{new}{rest}{query}"))
            .header(header::CACHE_CONTROL, "no-store");
        Ok(response.finish())
    }
}
