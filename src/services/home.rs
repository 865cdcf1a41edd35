//! What the signed-in home shows: people to follow, and who followed lately.

use super::{follows, people};
use crate::{
    App, Result,
    domain::{Person, Position, page::Start},
    storage::{self, users},
};
use uuid::Uuid;

/// How many people a section shows.
const PEOPLE: u32 = 8;

/// The sections of the home page.
#[derive(Debug, Clone)]
pub struct Home {
    /// Newcomers that the viewer does not follow yet.
    pub to_follow: Vec<Person>,
    /// Who followed the viewer lately, newest first.
    pub lately: Vec<Person>,
}

/// The home of a person.
pub async fn of(app: &App, viewer: Uuid) -> Result<Home> {
    let client = app.db.get().await?;
    let first = Position {
        start: Start::Number(1),
        size: PEOPLE,
    };
    let mut edges =
        storage::follows::page(&client, viewer, follows::List::Followers, &first).await?;
    edges.truncate(PEOPLE as usize);
    let ids: Vec<Uuid> = edges.into_iter().map(|(id, _)| id).collect();
    Ok(Home {
        to_follow: users::newest_unfollowed(&client, viewer, PEOPLE.into()).await?,
        lately: people::in_order(&client, &ids).await?,
    })
}
