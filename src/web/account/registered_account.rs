//! Which account a browser registered: it may correct that account's address until it is verified.

use crate::{
    Error, Result,
    web::kit::{cookie, visit::Visit},
};
use poem::Response;
use serde::{Deserialize, Serialize};
use time::Duration;
use uuid::Uuid;

/// Names the account that the browser registered, sealed: nobody else can write it.
const COOKIE: &str = "registered";
const CONTEXT: &[u8] = b"account registered in this browser";
/// As long as the first link works.
const LIFETIME: Duration = Duration::hours(24);

#[derive(Serialize, Deserialize)]
struct Account {
    id: Uuid,
    /// In Unix seconds. The cookie's own age is the browser's word only.
    until: i64,
}

/// Has the browser remember which account it registered.
pub(in crate::web) fn remember(response: &mut Response, visit: Visit<'_>, id: Uuid) -> Result<()> {
    let until = (visit.app.clock.now() + LIFETIME).unix_timestamp();
    let text = serde_json::to_vec(&Account { id, until }).map_err(Error::internal)?;
    let value = visit.app.keys.secrets().cookies().seal(CONTEXT, &text)?;
    let age = Some(LIFETIME.whole_seconds());
    cookie::set(response, visit.app, COOKIE, &value, age);
    Ok(())
}

/// The account that this browser registered, if it still may correct its address.
pub(in crate::web) fn id(visit: Visit<'_>) -> Option<Uuid> {
    let cookies = visit.app.keys.secrets().cookies();
    let text = cookie::all(visit.request, visit.app, COOKIE)
        .find_map(|value| cookies.open(CONTEXT, value))?;
    let account: Account = serde_json::from_slice(&text).ok()?;
    (account.until > visit.app.clock.now().unix_timestamp()).then_some(account.id)
}
