//! People in a list: picture, name, how they stand to the viewer, and the button to follow them.

use super::follow_form::FollowForm;
use crate::{
    services::people::Seen,
    web::kit::{
        avatar::{Avatar, Size},
        return_to::LocalPath,
        session::Viewer,
        visit::Visit,
    },
};
use askama::{Template, filters::HtmlSafe};

/// One person in a list.
#[derive(Debug, Template)]
#[template(path = "people/person_row.html")]
pub(in crate::web) struct PersonRow {
    username: String,
    display_name: Option<String>,
    avatar: Avatar,
    follows_viewer: bool,
    /// Why the person is in the list, if that needs words.
    pub(in crate::web) why: Option<String>,
    /// None for the viewer.
    follow: Option<FollowForm>,
}

impl HtmlSafe for PersonRow {}

/// The rows of these people, as the viewer sees them.
pub(in crate::web) fn rows(visit: Visit<'_>, viewer: &Viewer, people: Vec<Seen>) -> Vec<PersonRow> {
    let list = LocalPath::of(visit.request);
    let row = |(person, relationship): Seen| {
        let name = person.display_name.as_deref().unwrap_or(&person.username);
        let address = person.avatar_url.as_deref();
        PersonRow {
            avatar: visit.avatar(address, name, Size::Small),
            follows_viewer: relationship.followed_by,
            why: None,
            follow: (person.id != viewer.user_id).then(|| FollowForm {
                username: person.username.clone(),
                following: relationship.following,
                list: Some(list.clone()),
            }),
            username: person.username,
            display_name: person.display_name,
        }
    };
    people.into_iter().map(row).collect()
}

/// `1 follower`, `2 followers`.
pub(in crate::web) fn followers(count: i64) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} follower{ending}")
}

/// `Followed by 2 people you follow`; nothing to say of none.
pub(in crate::web) fn mutuals(count: i64) -> Option<String> {
    match count {
        ..=0 => None,
        1 => Some("Followed by 1 person you follow".to_owned()),
        _ => Some(format!("Followed by {count} people you follow")),
    }
}

/// `3 following`.
pub(in crate::web) fn following(count: i64) -> String {
    format!("{count} following")
}
