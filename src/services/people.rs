//! Looking people up, as other services do.

use super::reads::{Reads, read};
use crate::{
    App, Error, Result,
    domain::{Person, username},
    error::{Broken, FieldErrors},
    storage::users,
};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// The most ids in one look-up.
pub const MAX_IDS: usize = 200;

/// The public side of one person.
///
/// # Errors
/// `UserNotFound`
pub async fn by_id(app: &App, id: Uuid, reads: Reads) -> Result<Person> {
    let found = read(
        app,
        reads,
        async |db| users::person(&db, id).await,
        Option::is_some,
    );
    found.await?.ok_or(Error::UserNotFound)
}

/// The person with this exact handle, whatever its case.
pub async fn by_username(app: &App, name: &str, reads: Reads) -> Result<Option<Person>> {
    if !username::has_valid_characters(name) {
        return Ok(None);
    }
    read(
        app,
        reads,
        async |db| users::person_by_username(&db, name).await,
        Option::is_some,
    )
    .await
}

/// The people with these ids, separated by commas: in the order asked, each once, unknown ones absent.
///
/// # Errors
/// `Validation` for a malformed id, and for more than [`MAX_IDS`].
pub async fn by_ids(app: &App, ids: &str, reads: Reads) -> Result<Vec<Person>> {
    let ids = parse_ids(ids).map_err(|broken| FieldErrors::one("ids", broken))?;
    let all = |people: &Vec<Person>| people.len() == ids.len();
    read(app, reads, async |db| in_order(&db, &ids).await, all).await
}

/// The people with these ids, in that order; unknown ones absent.
pub(super) async fn in_order(
    client: &impl crate::storage::GenericClient,
    ids: &[Uuid],
) -> Result<Vec<Person>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let people = users::people(client, ids).await?;
    let mut by_id: HashMap<Uuid, Person> = people.into_iter().map(|p| (p.id, p)).collect();
    Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
}

fn parse_ids(text: &str) -> Result<Vec<Uuid>, Broken> {
    let mut seen = HashSet::new();
    let mut ids = Vec::new();
    if text.split(',').count() > MAX_IDS {
        return Err(Broken::new(
            "too_many",
            format!("Ask for at most {MAX_IDS} ids at a time"),
        ));
    }
    for part in text.split(',') {
        let id = parse_id(part)
            .ok_or_else(|| Broken::new("invalid_format", "Send UUIDs separated by commas"))?;
        if seen.insert(id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// A UUID in its usual hyphenated form, upper or lower case.
#[must_use]
pub fn parse_id(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_order_and_lose_their_doubles() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(parse_ids(&format!("{b},{a},{b}")), Ok(vec![b, a]));
    }

    #[test]
    fn malformed_or_too_many_ids_are_refused() {
        let id = Uuid::from_u128(1).to_string();
        for bad in [
            "",
            ",",
            "x",
            &format!("{id},"),
            &id.replace('-', ""),
            &format!("{{{id}}}"),
        ] {
            assert_eq!(
                parse_ids(bad).map_err(|b| b.code),
                Err("invalid_format"),
                "{bad}"
            );
        }
        assert!(parse_ids(&vec![id.as_str(); 200].join(",")).is_ok());
        assert!(parse_ids(&vec![id.as_str(); 201].join(",")).is_err());
    }
}
