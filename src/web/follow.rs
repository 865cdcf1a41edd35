//! Following and unfollowing: one form, on a profile and in lists.

use super::{
    csrf::Posted,
    next::LocalPath,
    person,
    session::Viewer,
    visit::{Handle, SignedIn, Visit, see_other},
};
use crate::{
    Error, Result,
    domain::Person,
    services::{follows, people, profiles, reads::Reads},
};
use askama::{Template, filters::HtmlSafe};
use poem::{Response, handler, http::StatusCode};
use serde::Deserialize;
use std::sync::Arc;

/// The form with the one button.
#[derive(Debug, Clone, Template)]
#[template(path = "follow/form.html")]
pub(super) struct FollowForm {
    pub(super) username: String,
    pub(super) following: bool,
    /// The page with the list that it stands in; none: the profile of the person.
    pub(super) list: Option<LocalPath>,
}

impl HtmlSafe for FollowForm {}

impl FollowForm {
    fn verb(&self) -> &'static str {
        if self.following { "unfollow" } else { "follow" }
    }

    fn label(&self) -> &'static str {
        if self.following { "Unfollow" } else { "Follow" }
    }
}

/// The form in a list once it was pressed, with the count of the viewer's own.
#[derive(Template)]
#[template(path = "follow/pressed_in_list.html")]
struct PressedInList {
    form: FollowForm,
    viewer: String,
    followees: i64,
}

/// What a press sends.
#[derive(Default, Deserialize)]
pub(super) struct Pressed {
    list: Option<LocalPath>,
}

/// `POST /@{username}/follow`
#[handler]
pub(super) async fn follow(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
    Handle(username): Handle,
    posted: Posted<Pressed>,
) -> Result<Response> {
    let person = found(visit, &username).await?;
    let follow = async |_: &Pressed| {
        follows::follow(visit.app, viewer.user_id, person.id)
            .await
            .map(drop)
    };
    let (pressed, outcome) = posted.then(follow).await;
    answer(visit, &viewer, &person, pressed, outcome, true).await
}

/// `POST /@{username}/unfollow`
#[handler]
pub(super) async fn unfollow(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
    Handle(username): Handle,
    posted: Posted<Pressed>,
) -> Result<Response> {
    let person = found(visit, &username).await?;
    let unfollow =
        async |_: &Pressed| follows::unfollow(visit.app, viewer.user_id, person.id).await;
    let (pressed, outcome) = posted.then(unfollow).await;
    answer(visit, &viewer, &person, pressed, outcome, false).await
}

async fn found(visit: Visit<'_>, username: &str) -> Result<Arc<Person>> {
    people::by_username(visit.app, username, Reads::Primary)
        .await?
        .ok_or(Error::UserNotFound)
}

async fn answer(
    visit: Visit<'_>,
    viewer: &Viewer,
    person: &Person,
    pressed: Pressed,
    outcome: Result<()>,
    wanted: bool,
) -> Result<Response> {
    let (verdict, problem) = match outcome {
        Ok(()) => (StatusCode::OK.into(), None),
        Err(error) => {
            let (verdict, problem) = visit.problem(error)?;
            (verdict, Some(problem))
        }
    };
    let following = wanted == problem.is_none();
    if !visit.wants_part() {
        return match problem {
            None => Ok(see_other(&back_to(person, pressed))),
            Some(problem) => {
                person::refused(visit, viewer.clone(), &person.username, verdict, problem).await
            }
        };
    }
    let said = match (&problem, following) {
        (Some(_), _) => String::new(),
        (None, true) => format!("You follow {} now.", person.username),
        (None, false) => format!("You do not follow {} any more.", person.username),
    };
    if pressed.list.is_none() {
        let panel = person::panel_of(visit, viewer, &person.username).await?;
        return visit.part(verdict, &panel, "", problem.as_ref(), &said);
    }
    let own = profiles::own(visit.app, viewer.user_id).await?;
    let part = PressedInList {
        form: FollowForm {
            username: person.username.clone(),
            following,
            list: pressed.list,
        },
        viewer: own.username,
        followees: own.followee_count,
    };
    visit.part(verdict, &part, "", problem.as_ref(), &said)
}

fn back_to(person: &Person, pressed: Pressed) -> String {
    match pressed.list {
        Some(list) => list.as_str().to_owned(),
        None => format!("/@{}", person.username),
    }
}
