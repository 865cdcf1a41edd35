//! People as others and as they themselves see them.

use serde::{Serialize, Serializer};
use std::sync::Arc;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

/// What everybody may know of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Person {
    /// The id, for ever.
    pub id: Uuid,
    /// The handle, as its owner wrote it.
    pub username: String,
    /// The name to show, if one was given.
    #[schema(required)]
    pub display_name: Option<String>,
    /// The absolute address of the picture, if there is one.
    #[schema(required)]
    pub avatar_url: Option<String>,
}

/// A person's whole profile, as only its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Profile {
    /// The id, for ever.
    pub id: Uuid,
    /// The handle.
    pub username: String,
    /// The address; nobody else sees it.
    pub email: String,
    /// The name to show, at most 100 characters.
    #[schema(required)]
    pub display_name: Option<String>,
    /// A few words, at most 300 characters.
    #[schema(required)]
    pub bio: Option<String>,
    /// The absolute address of the picture.
    #[schema(required)]
    pub avatar_url: Option<String>,
    /// When the account was made, RFC 3339 in UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// How many follow this person.
    pub follower_count: i64,
    /// How many this person follows.
    pub followee_count: i64,
}

/// What everybody may see of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicProfile {
    /// The id, for ever.
    pub id: Uuid,
    /// The handle.
    pub username: String,
    /// The name to show.
    pub display_name: Option<String>,
    /// A few words.
    pub bio: Option<String>,
    /// The absolute address of the picture.
    pub avatar_url: Option<String>,
    /// When the account was made.
    pub created_at: OffsetDateTime,
    /// How many follow this person.
    pub follower_count: i64,
    /// How many this person follows.
    pub followee_count: i64,
}

impl From<&Profile> for PublicProfile {
    fn from(profile: &Profile) -> Self {
        Self {
            id: profile.id,
            username: profile.username.clone(),
            display_name: profile.display_name.clone(),
            bio: profile.bio.clone(),
            avatar_url: profile.avatar_url.clone(),
            created_at: profile.created_at,
            follower_count: profile.follower_count,
            followee_count: profile.followee_count,
        }
    }
}

impl From<&Profile> for Person {
    fn from(profile: &Profile) -> Self {
        Self {
            id: profile.id,
            username: profile.username.clone(),
            display_name: profile.display_name.clone(),
            avatar_url: profile.avatar_url.clone(),
        }
    }
}

/// How a viewer and a person stand to each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relationship {
    /// The viewer follows the person.
    pub following: bool,
    /// The person follows the viewer.
    pub followed_by: bool,
}

/// One page of a list of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PeoplePage {
    /// The people, newest edge first.
    #[serde(serialize_with = "each")]
    #[schema(value_type = Vec<Person>)]
    pub items: Vec<Arc<Person>>,
    /// The page's number; `null` when a cursor was used.
    #[schema(required)]
    pub page: Option<u32>,
    /// How many a page holds.
    pub page_size: u32,
    /// Whether there are more.
    pub has_next: bool,
    /// Where the next page begins; `null` at the end.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Writes people that others hold too.
///
/// # Errors
/// Those of the serializer.
pub fn each<S: Serializer>(people: &[Arc<Person>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(people.iter().map(|person| &**person))
}
