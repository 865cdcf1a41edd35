//! People and what they share: profiles, follower lists, the timeline, the front page.

mod follow;
mod follow_form;
mod follow_lists;
mod home;
mod panel;
mod person;
pub(super) mod person_row;
mod posts;
mod timeline;

use super::kit::pages::Pages;
use crate::http::methods::{get, post};

/// The pages of this room.
pub(super) fn routes(pages: Pages) -> Pages {
    pages
        .at("/", get(home::show))
        .at("/timeline", get(timeline::show))
        .at("/@:username", get(person::Show::default()))
        .at("/@:username/follow", post(follow::follow))
        .at("/@:username/unfollow", post(follow::unfollow))
        .at("/@:username/followers", get(follow_lists::followers))
        .at("/@:username/following", get(follow_lists::following))
}
