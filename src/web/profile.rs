//! `/profile`: one's own profile, shown and edited.

use super::{
    csrf::Posted,
    field::{Field, Kind},
    page::Frame,
    people,
    picture::Picture,
    problem::Problem,
    session::Viewer,
    visit::{SignedIn, Visit, see_other},
};
use crate::{
    Result,
    domain::{
        Profile, Text,
        profile::{MAX_BIO, MAX_DISPLAY_NAME},
    },
    services::profiles::{self, ProfileForm},
};
use askama::Template;
use poem::{Response, handler, http::StatusCode};
use serde::Deserialize;

const SHOWN: &str = "Your profile";
const EDITED: &str = "Edit profile";

/// The page: the picture, and beside it what is known of the person or the form to change it.
#[derive(Template)]
#[template(path = "profile/page.html")]
struct ProfilePage<T: Template> {
    frame: Frame,
    heading: &'static str,
    picture: Picture,
    part: T,
}

/// What is known of the person.
#[derive(Template)]
#[template(path = "profile/details.html")]
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
            followers: people::followers(profile.follower_count),
            following: people::following(profile.followee_count),
            username: profile.username,
            email: profile.email,
            display_name: profile.display_name,
            bio: profile.bio,
        }
    }
}

/// The form to change it.
#[derive(Template)]
#[template(path = "profile/form.html")]
struct EditForm {
    display_name: Field,
    bio: Field,
}

impl EditForm {
    fn new(display_name: &str, bio: &str, problem: Option<&Problem>) -> Self {
        Self {
            display_name: Field::new("display_name", "Display name", Kind::Line, "name")
                .hint("The name that people see first. Up to 100 characters.")
                .typed(display_name)
                .at_most(MAX_DISPLAY_NAME)
                .judged(problem),
            bio: Field::new("bio", "Bio", Kind::Lines, "off")
                .hint("A few words about you. Up to 300 characters.")
                .typed(bio)
                .at_most(MAX_BIO)
                .judged(problem),
        }
    }
}

/// What the form sends. The picture has a form of its own.
#[derive(Deserialize)]
struct Edited {
    #[serde(default)]
    display_name: Text,
    #[serde(default)]
    bio: Text,
}

/// `GET /profile`
#[handler]
pub(super) async fn show(visit: Visit<'_>, SignedIn(viewer): SignedIn) -> Result<Response> {
    let profile = profiles::own(visit.app, viewer.user_id).await?;
    if visit.wants_part() {
        return visit.part(StatusCode::OK, &Details::from(profile), SHOWN, None, "");
    }
    shown(visit, viewer, profile, StatusCode::OK, None)
}

/// The page with the profile, also as the answer to a picture that could not be taken.
pub(super) fn shown(
    visit: Visit<'_>,
    viewer: Viewer,
    profile: Profile,
    status: StatusCode,
    problem: Option<Problem>,
) -> Result<Response> {
    let page = ProfilePage {
        heading: SHOWN,
        picture: Picture::new(visit, &profile, problem.as_ref()),
        part: Details::from(profile),
        frame: visit.frame(Some(viewer)).with(problem),
    };
    visit.page(status, &page)
}

/// `GET /profile/edit`
#[handler]
pub(super) async fn edit(visit: Visit<'_>, SignedIn(viewer): SignedIn) -> Result<Response> {
    let profile = profiles::own(visit.app, viewer.user_id).await?;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let form = EditForm::new(&text(&profile.display_name), &text(&profile.bio), None);
    if visit.wants_part() {
        return visit.part(StatusCode::OK, &form, EDITED, None, "");
    }
    edited(visit, viewer, &profile, form, StatusCode::OK, None)
}

fn edited(
    visit: Visit<'_>,
    viewer: Viewer,
    profile: &Profile,
    form: EditForm,
    status: StatusCode,
    problem: Option<Problem>,
) -> Result<Response> {
    let page = ProfilePage {
        heading: EDITED,
        picture: Picture::new(visit, profile, None),
        part: form,
        frame: visit.frame(Some(viewer)).with(problem),
    };
    visit.page(status, &page)
}

/// `POST /profile/edit`
#[handler]
pub(super) async fn save(
    visit: Visit<'_>,
    SignedIn(viewer): SignedIn,
    posted: Posted<Edited>,
) -> Result<Response> {
    let change = async |edited: &Edited| {
        let form = ProfileForm {
            display_name: edited.display_name.clone(),
            bio: edited.bio.clone(),
            avatar_url: Text::Absent,
        };
        profiles::change(visit.app, viewer.user_id, &form).await
    };
    let (typed, outcome) = posted.then(change).await;
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
        Err(error) => {
            let (status, problem) = visit.problem(error)?;
            refused(visit, viewer, &typed, status, problem).await
        }
    }
}

async fn refused(
    visit: Visit<'_>,
    viewer: Viewer,
    typed: &Edited,
    status: StatusCode,
    problem: Problem,
) -> Result<Response> {
    let form = EditForm::new(
        typed.display_name.typed(),
        typed.bio.typed(),
        Some(&problem),
    );
    if visit.wants_part() {
        return visit.part(status, &form, EDITED, Some(&problem), "");
    }
    let profile = profiles::own(visit.app, viewer.user_id).await?;
    edited(visit, viewer, &profile, form, status, Some(problem))
}
