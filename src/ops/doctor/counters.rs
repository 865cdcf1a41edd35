//! Whether the counts of followers and followees are the numbers of edges.

use super::{Finding, Findings};
use tokio_postgres::{Client, Error, Row, error::SqlState};

/// Everybody: tried first. An account that is being deleted has no counts of its own any more.
const EVERYBODY: &str = "select id from users.users where deletion_started_at is null";
/// Where that takes too long: those with the largest counts, and some by chance.
pub const SOME: &str = "select id from users.users where deletion_started_at is null and id in (
    (select user_id from users.follow_counts order by followers desc limit 100)
    union all
    (select id from users.users tablesample system (0.1) limit 1000))";

/// What a comparison gave.
pub struct Compared {
    /// How many people were compared.
    pub people: i64,
    /// How many have wrong counts.
    pub wrong: i64,
    /// The ids of a few of those.
    pub few: Vec<String>,
}

pub(super) async fn check(db: &Client) -> Findings {
    let (compared, who) = match compare(db, EVERYBODY).await {
        Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => (
            compare(db, SOME).await?,
            "too many to compare all: those with the largest counts and some by chance",
        ),
        outcome => (outcome?, "everybody"),
    };
    let Compared { people, wrong, few } = compared;
    Ok(vec![if wrong == 0 {
        Finding::ok(format!("right for all of {people} people ({who})"))
    } else {
        Finding::wrong(
            format!(
                "wrong for {wrong} of {people} people ({who}): {}",
                few.join(", ")
            ),
            "count anew, as docs/operations.md says",
        )
    }])
}

/// Compares the people that this query gives. One statement, so that both numbers are of the same moment.
pub async fn compare(db: &Client, people: &str) -> Result<Compared, Error> {
    let sql = format!(
        "with person as materialized ({people}),
        counted as (select user_id, sum(followers) as followers, sum(followees) as followees
            from users.follow_counts where user_id in (select id from person) group by user_id),
        wrong as (select id from person left join counted on user_id = id
            where coalesce(followers, 0) <> (select count(*) from users.follows where followee_id = id)
            or coalesce(followees, 0) <> (select count(*) from users.follows where follower_id = id))
        select (select count(*) from person), (select count(*) from wrong),
            (select coalesce(array_agg(id::text), '{{}}') from (select id from wrong order by id limit 3) as few)"
    );
    let row: Row = db.query_one(&sql, &[]).await?;
    Ok(Compared {
        people: row.get(0),
        wrong: row.get(1),
        few: row.get(2),
    })
}
