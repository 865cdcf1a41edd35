//! `/profile`: one's own profile, shown and edited.

use super::{
    form::{EditForm, Edited, Texts},
    picture_form::PictureForm,
};
use crate::{
    Error, Result,
    domain::{Profile, Text},
    services::{
        people,
        profiles::{self, ProfileForm},
    },
    web::{
        kit::{
            page::Frame,
            posted::Posted,
            problem::{Problem, Verdict},
            session::Viewer,
            visit::{Visit, see_other},
        },
        people::person_row,
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode};

const SHOWN: &str = "Your profile";
const EDITED: &str = "Edit profile";
/// Where the form is.
const FORM: &str = "/profile/edit";

/// The page: the picture, and beside it what is known of the person or the form to change it.
#[derive(Template)]
#[template(path = "me/profile.html")]
struct ProfilePage<T: Template> {
    frame: Frame,
    heading: &'static str,
    /// None while the service can't say which it is.
    picture: Option<PictureForm>,
    part: T,
}

/// What is known of the person.
#[derive(Template)]
#[template(path = "me/details.html")]
struct Details {
    username: String,
    email: String,
    display_name: Option<String>,
    bio: Option<String>,
    followers: String,
    following: String,
}

impl From<Profile> for Details {
    fn from(profile: Profile) -> Self {
        Self {
            followers: person_row::followers(profile.follower_count),
            following: person_row::following(profile.followee_count),
            username: profile.username,
            email: profile.email,
            display_name: profile.display_name,
            bio: profile.bio,
        }
    }
}

/// `GET /profile`
#[handler]
pub(in crate::web) async fn show(visit: Visit<'_>) -> poem::Result<Response> {
    let (viewer, profile) = visit.signed_in(people::of_viewer).await?;
    if visit.wants_part() {
        let details = Details::from(profile);
        return Ok(visit.part(StatusCode::OK, &details, SHOWN, None, "")?);
    }
    Ok(shown(visit, viewer, profile, StatusCode::OK.into(), None)?)
}

/// The page with the profile, also as the answer to a picture that could not be taken.
pub(in crate::web) fn shown(
    visit: Visit<'_>,
    viewer: Viewer,
    profile: Profile,
    verdict: Verdict,
    problem: Option<Problem>,
) -> Result<Response> {
    let page = ProfilePage {
        heading: SHOWN,
        picture: Some(PictureForm::new(visit, &profile, problem.as_ref())),
        part: Details::from(profile),
        frame: visit.frame(Some(viewer)).with(problem),
    };
    visit.page(verdict, &page)
}

/// `GET /profile/edit`
#[handler]
pub(in crate::web) async fn edit(visit: Visit<'_>) -> poem::Result<Response> {
    let (viewer, profile) = visit.signed_in(people::of_viewer).await?;
    let draft = visit.draft(viewer.user_id, FORM);
    let is_restored = draft.is_some();
    let draft = draft.unwrap_or_else(|| Texts::now(&profile));
    let form = EditForm::new(&draft.display_name, &draft.bio, None).restored(is_restored);
    let mut response = if visit.wants_part() {
        visit.part(StatusCode::OK, &form, EDITED, None, "")
    } else {
        let frame = visit.frame(Some(viewer));
        edited(visit, frame, Some(&profile), form, StatusCode::OK.into())
    }?;
    if is_restored {
        visit.forget_draft(&mut response);
    }
    Ok(response)
}

fn edited(
    visit: Visit<'_>,
    frame: Frame,
    profile: Option<&Profile>,
    form: EditForm,
    verdict: Verdict,
) -> Result<Response> {
    let page = ProfilePage {
        heading: EDITED,
        picture: profile.map(|profile| PictureForm::new(visit, profile, None)),
        part: form,
        frame,
    };
    visit.page(verdict, &page)
}

/// `POST /profile/edit`
#[handler]
pub(in crate::web) async fn save(visit: Visit<'_>, posted: Posted<Edited>) -> Result<Response> {
    let change = async |viewer: &Viewer, edited: &Edited| {
        let form = ProfileForm {
            display_name: edited.display_name.clone(),
            bio: edited.bio.clone(),
            avatar_url: Text::Absent,
        };
        profiles::change(visit.app, viewer.user_id, viewer.session_id, &form).await
    };
    let (viewer, posted, outcome) = posted.then_as_viewer(visit, change).await;
    match outcome {
        Ok(profile) if visit.wants_part() => {
            let details = Details::from(profile);
            visit.part(
                StatusCode::OK,
                &details,
                SHOWN,
                None,
                "Your profile is saved.",
            )
        }
        Ok(_) => Ok(see_other("/profile")),
        Err(Error::Unauthenticated) => visit.to_login_with(FORM, posted, Texts::of),
        Err(error) => refused(visit, viewer, posted.typed(), error).await,
    }
}

/// The form once more, with what was typed and what is wrong. Who came with another one's form sees
/// their own page.
async fn refused(
    visit: Visit<'_>,
    viewer: Option<Viewer>,
    typed: Option<Edited>,
    error: Error,
) -> Result<Response> {
    let is_failure = error.is_failure();
    let (verdict, problem) = visit.problem(error)?;
    let bare = viewer.is_none();
    let frame = Frame {
        bare,
        ..visit.frame(viewer).with(Some(problem))
    };
    // After a failure the picture can wait, and the person need not.
    let own = if is_failure {
        None
    } else {
        visit.beside(&frame, people::of_viewer).await?
    };
    let is_own = typed.is_some();
    let texts = match (typed, &own) {
        (Some(edited), _) => Texts::of(&edited),
        (None, Some(own)) => Texts::now(own),
        (None, None) => Texts::default(),
    };
    let form = EditForm::new(&texts.display_name, &texts.bio, frame.problem.as_ref());
    if visit.wants_part() && is_own {
        return visit.part(verdict, &form, EDITED, frame.problem.as_ref(), "");
    }
    edited(visit, frame, own.as_ref(), form, verdict)
}
