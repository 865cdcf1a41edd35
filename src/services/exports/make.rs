//! Making a copy: one JSON document of everything, each part of it as CSV too, and the pictures.

use super::archive::Archive;
use crate::{
    App, Result, database,
    domain::csv,
    services::avatars,
    storage::{
        exports::{self, Claimed},
        outbox::{self, Kind, NewMail},
        personal_data::{self, Part, Values},
    },
};
use serde_json::{Map, Value};

const README: &str = "This is everything that the Users Service keeps about your account.\r\n\
\r\n\
data.json holds all of it in one document. The .csv files hold the same, a table each;\r\n\
a cell that could be taken for a formula begins with an apostrophe.\r\n\
Pictures that you uploaded are in the folder pictures.\r\n\
Times are in UTC. Your password and the secrets of links, sessions and browsers are not in here:\r\n\
we only keep what can check them.\r\n";

/// Takes a copy that is due, to be made at once; none when there is nothing to do.
pub async fn claim_next(app: &App) -> Result<Option<Claimed>> {
    exports::claim(&app.db.get().await?, app.clock.passed()).await
}

/// Makes a copy and owes the mail that says so.
pub async fn make(app: &App, claimed: &Claimed) -> Result<()> {
    // No connection is held while the copy is made: that may take minutes.
    exports::forget_others(&app.db.get().await?, claimed).await?;
    let size = write(app, claimed).await?;
    finish(app, claimed, size).await
}

async fn finish(app: &App, claimed: &Claimed, size: i64) -> Result<()> {
    let now = app.clock.now();
    let mut client = app.db.get().await?;
    let tx = database::begin(&mut client).await?;
    if exports::ready(&tx, claimed, size, now).await? {
        outbox::owe(&tx, &NewMail::new(claimed.user_id, Kind::ExportReady, now)).await?;
        database::commit(tx).await?;
        app.mail_owed.notify_one();
        tracing::info!(user_id = %claimed.user_id, size, "made a copy of an account");
    }
    Ok(())
}

async fn write(app: &App, claimed: &Claimed) -> Result<i64> {
    let mut archive = Archive::new(app, claimed);
    archive.file("README.txt")?;
    archive.write(README.as_bytes()).await?;
    archive.file("data.json")?;
    for (at, part) in Part::ALL.into_iter().enumerate() {
        let before = if at == 0 { "{" } else { "," };
        archive
            .write(format!("{before}\n\"{}\": [", part.name()).as_bytes())
            .await?;
        write_part(app, &mut archive, claimed, part, json).await?;
        archive.write(b"\n]").await?;
    }
    archive.write(b"\n}\n").await?;
    for part in Part::ALL {
        archive.file(&format!("{}.csv", part.name()))?;
        let head = csv::line(part.columns().iter().copied());
        archive.write(head.as_bytes()).await?;
        write_part(app, &mut archive, claimed, part, table).await?;
    }
    for (name, jpeg) in avatars::all_of(app, claimed.user_id).await? {
        archive.file(&format!("pictures/{name}"))?;
        archive.write(&jpeg).await?;
    }
    archive.end().await
}

/// Writes all rows of a part, a page at a time. `say` puts a row into words; it is told whether it
/// is the first.
async fn write_part(
    app: &App,
    archive: &mut Archive<'_>,
    claimed: &Claimed,
    part: Part,
    say: fn(Part, Values, bool) -> String,
) -> Result<()> {
    let mut after = None;
    loop {
        let client = app.db.get().await?;
        let (rows, last) = personal_data::page(&client, claimed.user_id, part, after).await?;
        drop(client);
        if rows.is_empty() {
            return Ok(());
        }
        let mut words = String::new();
        for row in rows {
            let is_first = after.is_none() && words.is_empty();
            words += &say(part, row, is_first);
        }
        archive.write(words.as_bytes()).await?;
        after = last;
    }
}

fn json(part: Part, row: Values, is_first: bool) -> String {
    let names = part.columns().iter().map(|name| (*name).to_owned());
    let object: Map<String, Value> = names.zip(row).collect();
    let comma = if is_first { "" } else { "," };
    format!("{comma}\n{}", Value::Object(object))
}

fn table(_: Part, row: Values, _: bool) -> String {
    let cells: Vec<String> = row
        .into_iter()
        .map(|value| match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        })
        .collect();
    csv::line(cells.iter().map(String::as_str))
}
