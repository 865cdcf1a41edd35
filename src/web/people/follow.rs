//! Following and unfollowing: one form, on a profile and in lists.

use super::{
    follow_form::FollowForm,
    panel::{self, Panel},
    person,
};
use crate::{
    Error, Result,
    services::{follows, people, view::View},
    web::kit::{
        posted::Posted,
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
    follows: bool,
) -> poem::Result<Response> {
    let username = match name {
        Ok(Handle(username)) => username,
        Err(error) => return visit.refuse(error).await,
    };
    let before = async |view: View| people::pressed(view, &username).await;
    let press = async |viewer: &Viewer, mut seen: people::Pressed, _: &Pressed| {
        if follows {
            follows::follow(visit.app, viewer.user_id, seen.person.id).await?;
        } else {
            follows::unfollow(visit.app, viewer.user_id, seen.person.id).await?;
        }
        seen.follow(follows);
        Ok(seen)
    };
    let (viewer, posted, outcome) = posted.then_as_viewer_with(visit, before, press).await;
    Ok(match (viewer, outcome) {
        (Some(viewer), Ok(seen)) => {
            let pressed = posted.typed().unwrap_or_default();
            done(visit, &viewer, seen, pressed)
        }
        (Some(viewer), Err(error)) => {
            refused(visit, viewer, &username, posted.typed(), error, !follows).await
        }
        (None, outcome) => visit.without_viewer(outcome.err().unwrap_or(Error::Unauthenticated)),
    }?)
}

fn done(
    visit: Visit<'_>,
    viewer: &Viewer,
    seen: people::Pressed,
    pressed: Pressed,
) -> Result<Response> {
    let name = &seen.person.username;
    if !visit.wants_part() {
        let profile = format!("/@{name}");
        let list = pressed.list.as_ref().map(LocalPath::as_str);
        return Ok(see_other(list.unwrap_or(&profile)));
    }
    let following = seen.relationship.following;
    let said = if following {
        format!("You follow {name} now.")
    } else {
        format!("You do not follow {name} any more.")
    };
    if pressed.list.is_none() {
        let panel = Panel::seen(viewer, &seen.person, seen.relationship);
        return visit.part(StatusCode::OK, &panel, "", None, &said);
    }
    let part = PressedInList {
        form: pressed.form(name, following),
        viewer: viewer.username.clone(),
        followees: seen.followees,
    };
    visit.part(StatusCode::OK, &part, "", None, &said)
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
    let Some(pressed) = pressed.filter(|_| visit.wants_part()) else {
        return person::refused(visit, viewer, username, verdict, problem).await;
    };
    if pressed.list.is_none() {
        let panel = panel::panel_of(visit, &viewer, username).await?;
        return visit.part(verdict, &panel, "", Some(&problem), "");
    }
    let own = people::own(visit.app, viewer.user_id).await?;
    let part = PressedInList {
        form: pressed.form(username, following),
        viewer: own.username,
        followees: own.followee_count,
    };
    visit.part(verdict, &part, "", Some(&problem), "")
}
