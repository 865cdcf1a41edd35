//! The picture on one's own profile: shown, replaced, taken away.

use super::{picture_form::PictureForm, profile};
use crate::{
    Error, Result,
    http::multipart::Upload,
    services::{avatars, people},
    web::kit::{
        posted::{NoFields, Posted},
        session::Viewer,
        visit::{Visit, see_other},
    },
};
use poem::{FromRequest, Request, RequestBody, Response, handler, http::StatusCode};

/// The form with a picture.
struct PostedPicture(Posted<Vec<u8>>);

impl<'a> FromRequest<'a> for PostedPicture {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self(
            read(request, body).await.unwrap_or_else(Posted::unread),
        ))
    }
}

async fn read(request: &Request, body: &mut RequestBody) -> Result<Posted<Vec<u8>>> {
    let taken = Upload::read(request, body).await?;
    let text = |name: &str| taken.fields.get(name).map_or("", String::as_str);
    let (proof, person) = (text("csrf"), text("person"));
    Posted::new(request, taken.avatar, proof, person)
}

/// `POST /profile/avatar`
#[handler]
pub(in crate::web) async fn upload(
    visit: Visit<'_>,
    PostedPicture(posted): PostedPicture,
) -> Result<Response> {
    let (viewer, outcome) = posted.taken_by_viewer(visit).await;
    let outcome = match (&viewer, outcome) {
        (Some(viewer), Ok(picture)) => {
            avatars::replace(visit.app, viewer.user_id, viewer.session_id, picture)
                .await
                .map(drop)
        }
        (_, outcome) => outcome.map(drop),
    };
    answer(visit, viewer, outcome, "Your picture is changed.").await
}

/// `POST /profile/avatar/remove`
#[handler]
pub(in crate::web) async fn remove(visit: Visit<'_>, posted: Posted<NoFields>) -> Result<Response> {
    let remove = async |viewer: &Viewer, _: &NoFields| {
        avatars::remove(visit.app, viewer.user_id, viewer.session_id).await
    };
    let (viewer, _, outcome) = posted.then_as_viewer(visit, remove).await;
    answer(visit, viewer, outcome, "Your picture is removed.").await
}

async fn answer(
    visit: Visit<'_>,
    viewer: Option<Viewer>,
    outcome: Result<()>,
    said: &str,
) -> Result<Response> {
    let Some(viewer) = viewer else {
        return visit.without_viewer(outcome.err().unwrap_or(Error::Unauthenticated));
    };
    let is_anothers = matches!(outcome, Err(Error::OtherAccount { .. }));
    let (verdict, problem) = match outcome {
        Ok(()) if !visit.wants_part() => return Ok(see_other("/profile")),
        Ok(()) => (StatusCode::OK.into(), None),
        Err(Error::Unauthenticated) => return Ok(visit.to_login()),
        Err(error) => {
            let (verdict, problem) = visit.problem(error)?;
            (verdict, Some(problem))
        }
    };
    let profile = people::own(visit.app, viewer.user_id).await?;
    if visit.wants_part() && !is_anothers {
        let picture = PictureForm::new(visit, &profile, problem.as_ref());
        let said = if problem.is_none() { said } else { "" };
        return visit.part(verdict, &picture, "", problem.as_ref(), said);
    }
    profile::shown(visit, viewer, profile, verdict, problem)
}
