//! Looking people up, as other services do.

use crate::{
    App, Error, Result,
    database::Object,
    domain::{Other, Person, username},
    error::{Broken, FieldErrors},
    services::{
        cache,
        freshness::{self, Freshness},
    },
    storage::{profiles, users},
};
use read_cache::Rows;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use uuid::Uuid;

/// The most ids in one look-up.
pub const MAX_IDS: usize = 200;

/// The public side of one person.
///
/// # Errors
/// `UserNotFound`
pub async fn by_id(
    app: &App,
    other: impl Into<Other>,
    freshness: Freshness,
) -> Result<Arc<Person>> {
    // The people that are found are visible ones.
    let id = other.into().id_without_a_look();
    let found = match freshness {
        Freshness::Exact => {
            let work = async { users::person(&app.db.get().await?, id).await };
            // Boxed, since it is part of every request's future.
            Box::pin(work).await?.map(Arc::new)
        }
        Freshness::Recent => recent(app, id).await?,
    };
    found.ok_or(Error::UserNotFound)
}

/// The person with this exact handle, whatever its case.
pub async fn by_username(
    app: &App,
    name: &str,
    freshness: Freshness,
) -> Result<Option<Arc<Person>>> {
    if !username::has_valid_characters(name) {
        return Ok(None);
    }
    if freshness == Freshness::Exact {
        let found = users::person_by_username(&app.db.get().await?, name).await?;
        return Ok(found.map(Arc::new));
    }
    let Some(id) = id_of(app, name).await? else {
        return Ok(None);
    };
    // Who was renamed a moment ago may still be found by the old name.
    let person = recent(app, id).await?;
    Ok(person.filter(|person| person.username.eq_ignore_ascii_case(name)))
}

/// The people with these ids, separated by commas: in the order asked, each once, unknown ones absent.
///
/// # Errors
/// `Validation` for a malformed id, and for more than [`MAX_IDS`].
pub async fn by_ids(app: &App, ids: &str, freshness: Freshness) -> Result<Vec<Arc<Person>>> {
    let ids = parse_ids(ids).map_err(|broken| FieldErrors::one("ids", broken))?;
    if freshness == Freshness::Recent {
        return in_order(app, &ids).await;
    }
    let people = users::people(&app.db.get().await?, &ids).await?;
    let people = people
        .into_iter()
        .map(|person| (person.id, Arc::new(person)));
    let mut by_id: HashMap<Uuid, Arc<Person>> = people.collect();
    Ok(ids.iter().filter_map(|id| by_id.remove(id)).collect())
}

/// The people with these ids, each there once, in that order; unknown ones absent. From the cache.
pub(super) async fn in_order(app: &App, ids: &[Uuid]) -> Result<Vec<Arc<Person>>> {
    let load = |missing| load(app.clone(), missing);
    let mut found = cache::in_time(app.cache.people.all(ids, load)).await?;
    let people = ids.iter().filter_map(|id| found.remove(id).flatten());
    Ok(people.collect())
}

async fn recent(app: &App, id: Uuid) -> Result<Option<Arc<Person>>> {
    let load = |missing| load(app.clone(), missing);
    cache::in_time(app.cache.people.get(&id, load)).await
}

async fn load(app: App, ids: Vec<Uuid>) -> Result<Rows<Uuid, Arc<Person>>> {
    let since = app.cache.people.last_change(&ids);
    let work = async |db: Object| users::people(&db, &ids).await;
    let all = |people: &Vec<Person>| people.len() == ids.len();
    let (people, as_of) = freshness::load(&app, since, work, all).await?;
    let found = people
        .into_iter()
        .map(|person| (person.id, Arc::new(person)));
    Ok(Rows {
        found: found.collect(),
        as_of,
    })
}

/// Whose handle this is, or was a moment ago.
pub(super) async fn id_of(app: &App, name: &str) -> Result<Option<Uuid>> {
    let load = |names| load_by_name(app.clone(), names);
    let name = name.to_ascii_lowercase();
    cache::in_time(app.cache.names.get(&name, load)).await
}

/// Looks for the one name; what else is learnt of its owner is kept too.
async fn load_by_name(app: App, names: Vec<String>) -> Result<Rows<String, Uuid>> {
    let since = app.cache.names.last_change(&names);
    let name = names.first().map(String::as_str).unwrap_or_default();
    let work = async |db: Object| profiles::account_by_username(&db, name).await;
    let (account, as_of) = freshness::load(&app, since, work, Option::is_some).await?;
    let found = account.map(|account| {
        let account = Arc::new(account);
        app.cache.keep(&account, as_of);
        (name.to_owned(), account.profile.id)
    });
    Ok(Rows {
        found: found.into_iter().collect(),
        as_of,
    })
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
