//! Following and unfollowing: one form, on a profile and in lists.

use super::{follow_form::FollowForm, panel, person};
use crate::{
    Error, Result,
    domain::Person,
    services::{follows, freshness::Reads, people, profiles},
    web::kit::{
        csrf::Posted,
        problem::{Problem, Verdict},
        return_to::LocalPath,
        session::Viewer,
        visit::{Handle, Visit, see_other},
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode};
use serde::Deserialize;

/// The form in a list once it was pressed, with the count of the viewer's own.
#[derive(Template)]
#[template(path = "people/pressed_in_list.html")]
struct PressedInList {
    form: FollowForm,
    viewer: String,
    followees: i64,
}

/// What a press sends.
#[derive(Default, Deserialize)]
pub(in crate::web) struct Pressed {
    list: Option<LocalPath>,
}

impl Pressed {
    /// The form that takes the place of the one that was pressed.
    fn form(self, username: &str, following: bool) -> FollowForm {
        FollowForm {
            username: username.to_owned(),
            following,
            list: self.list,
        }
    }
}

/// `POST /@{username}/follow`
#[handler]
pub(in crate::web) async fn follow(
    visit: Visit<'_>,
    name: poem::Result<Handle>,
    posted: Posted<Pressed>,
) -> poem::Result<Response> {
    press(visit, name, posted, true).await
}

/// `POST /@{username}/unfollow`
#[handler]
pub(in crate::web) async fn unfollow(
    visit: Visit<'_>,
    name: poem::Result<Handle>,
    posted: Posted<Pressed>,
) -> poem::Result<Response> {
    press(visit, name, posted, false).await
}

async fn press(
    visit: Visit<'_>,
    name: poem::Result<Handle>,
    posted: Posted<Pressed>,
    wanted: bool,
) -> poem::Result<Response> {
    let username = match name {
        Ok(Handle(username)) => username,
        Err(error) => return visit.refuse(error).await,
    };
    let press = async |viewer: &Viewer, _: &Pressed| {
        let person = people::by_username(visit.app, &username, Reads::Primary).await?;
        let person = person.ok_or(Error::UserNotFound)?;
        if wanted {
            follows::follow(visit.app, viewer.user_id, person.id).await?;
        } else {
            follows::unfollow(visit.app, viewer.user_id, person.id).await?;
        }
        Ok(person)
    };
    let (viewer, posted, outcome) = posted.then_as_viewer(visit, press).await;
    Ok(match (viewer, outcome) {
        (Some(viewer), Ok(person)) => {
            let pressed = posted.typed().unwrap_or_default();
            done(visit, &viewer, &person, pressed, wanted).await
        }
        (Some(viewer), Err(error)) => {
            refused(visit, viewer, &username, posted.typed(), error, !wanted).await
        }
        (None, outcome) => visit.without_viewer(outcome.err().unwrap_or(Error::Unauthenticated)),
    }?)
}

async fn done(
    visit: Visit<'_>,
    viewer: &Viewer,
    person: &Person,
    pressed: Pressed,
    following: bool,
) -> Result<Response> {
    let name = &person.username;
    if !visit.wants_part() {
        let profile = format!("/@{name}");
        let place = pressed
            .list
            .as_ref()
            .map_or(profile.as_str(), LocalPath::as_str);
        return Ok(see_other(place));
    }
    let said = if following {
        format!("You follow {name} now.")
    } else {
        format!("You do not follow {name} any more.")
    };
    let form = pressed.form(name, following);
    part(visit, viewer, form, StatusCode::OK.into(), None, &said).await
}

/// What is wrong with a press. Who pressed another one's button sees the page as their own.
async fn refused(
    visit: Visit<'_>,
    viewer: Viewer,
    username: &str,
    pressed: Option<Pressed>,
    error: Error,
    following: bool,
) -> Result<Response> {
    let (verdict, problem) = visit.problem(error)?;
    match pressed {
        Some(pressed) if visit.wants_part() => {
            let form = pressed.form(username, following);
            part(visit, &viewer, form, verdict, Some(&problem), "").await
        }
        _ => person::refused(visit, viewer, username, verdict, problem).await,
    }
}

/// What htmx puts in place of the form, and of the counts that change with it.
async fn part(
    visit: Visit<'_>,
    viewer: &Viewer,
    form: FollowForm,
    verdict: Verdict,
    problem: Option<&Problem>,
    said: &str,
) -> Result<Response> {
    if form.list.is_none() {
        let panel = panel::panel_of(visit, viewer, &form.username).await?;
        return visit.part(verdict, &panel, "", problem, said);
    }
    let own = profiles::own(visit.app, viewer.user_id).await?;
    let part = PressedInList {
        form,
        viewer: own.username,
        followees: own.followee_count,
    };
    visit.part(verdict, &part, "", problem, said)
}
