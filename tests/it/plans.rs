//! How PostgreSQL carries out every statement of the service on a loaded world: none reads a large
//! table from end to end, none sorts more than it gives, none reads all edges of somebody, and a list
//! costs the same for whomever and, by cursor, at whatever depth.

use crate::support::{Database, statements};
use serde_json::Value;
use std::collections::BTreeSet;
use tokio_postgres::{Client, SimpleQueryMessage};

/// People and follows, and whatever else people leave behind.
const WORLD: [&str; 2] = [
    include_str!("../../benches/world.sql"),
    include_str!("plans.sql"),
];
const PEOPLE: &str = "20000";
/// What has fewer rows is small.
const LARGE: f64 = 1_000.0;
/// A sort of so many rows costs nothing.
const FEW: u64 = 100;
/// So many times PostgreSQL plans a statement for its values, and then decides whether to go on.
const PLANNED_FOR_VALUES: usize = 5;

/// What may be, in which statement, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "follows::delete_followees",
        "reads all edges of somebody",
        "where they are fewer than a batch",
    ),
    (
        "outbox::pending",
        "walks all of outbox_due_idx",
        "of the mails that wait, which are few: the index has no others",
    ),
];

#[tokio::test]
async fn statements_cost_what_they_give_in_a_large_world() {
    let database = Database::migrated().await;
    let db = database.connect().await;
    load(&db).await;
    nothing_reads_or_sorts_more_than_it_needs(&db).await;
    lists_walk_their_index_and_look_up_who_is_on_the_page(&db).await;
}

async fn nothing_reads_or_sorts_more_than_it_needs(db: &Client) {
    let samples = Samples::of(db).await;
    let large = large_tables(db).await;
    let mut found = BTreeSet::new();
    for (name, sql) in statements() {
        for plan in plans(db, &name, &sql, &samples).await {
            let mut faults = Vec::new();
            look(&plan, &plan, false, &large, &mut faults);
            found.extend(faults.into_iter().map(|fault| (name.clone(), fault)));
        }
    }
    let excused = EXCEPTIONS.iter();
    let excused: BTreeSet<_> = excused
        .map(|(name, fault, _)| ((*name).to_owned(), (*fault).to_owned()))
        .collect();
    let new: Vec<_> = found.difference(&excused).collect();
    assert!(new.is_empty(), "{new:#?}");
    let gone: Vec<_> = excused.difference(&found).collect();
    assert!(gone.is_empty(), "no exceptions any more: {gone:#?}");
}

async fn lists_walk_their_index_and_look_up_who_is_on_the_page(db: &Client) {
    const DEEP: usize = 19_900;
    let samples = Samples::of(db).await;
    let celebrity = &samples.celebrity;
    let at = format!(
        "select quote_literal(created_at) || ', ' || quote_literal(follower_id) from users.follows
         where followee_id = '{celebrity}' order by created_at desc, follower_id desc offset {DEEP} limit 1"
    );
    let at: String = db.query_one(&at, &[]).await.unwrap().get(0);
    let session = format!("'{}', now()", samples.session);
    for (name, values, walked) in [
        (
            "follows::page, by number",
            format!("'{celebrity}', '{celebrity}', 21, 0"),
            21,
        ),
        (
            "follows::page, by number",
            format!("'{celebrity}', '{celebrity}', 21, {DEEP}"),
            DEEP + 21,
        ),
        (
            "lists::page, by number",
            format!("'celebrity', {session}, 21, 0, {session}, {session}"),
            21,
        ),
        (
            "lists::page, by number",
            format!("'celebrity', {session}, 21, {DEEP}, {session}, {session}"),
            DEEP + 21,
        ),
        (
            "lists::page, by cursor",
            format!("'celebrity', {at}, {session}, 21, {session}, {session}"),
            21,
        ),
    ] {
        let sql = statement(name);
        db.batch_execute(&format!("prepare walk as {sql}"))
            .await
            .unwrap();
        let explain = format!("explain (analyze, timing off, format json) execute walk({values})");
        let plan = json(db, &explain).await;
        db.batch_execute("deallocate walk").await.unwrap();
        let mut nodes = Vec::new();
        flatten(&plan[0]["Plan"], &mut nodes);
        let walk = nodes
            .iter()
            .find(|node| node["Index Name"] == "follows_followers_idx");
        let walk = walk.unwrap_or_else(|| panic!("{name}: {plan:#}"));
        assert_eq!(walk["Node Type"], "Index Only Scan", "{name}");
        assert_eq!(walk["Heap Fetches"], 0, "{name}");
        assert_eq!(walk["Actual Rows"], walked, "{name}");
        let looked_up = nodes.iter().filter(|node| node["Relation Name"] == "users");
        let looked_up: u64 = looked_up
            .map(|node| node["Actual Loops"].as_u64().unwrap())
            .sum();
        assert!(looked_up <= 22, "{name}: {looked_up} people, and the owner");
    }
}

pub fn flatten<'a>(node: &'a Value, all: &mut Vec<&'a Value>) {
    all.push(node);
    for part in parts(node) {
        flatten(part, all);
    }
}

/// What a statement explains, as JSON.
pub async fn json(db: &Client, explain: &str) -> Value {
    let rows = db.simple_query(explain).await;
    let rows = rows.unwrap_or_else(|error| panic!("{error:?} in {explain}"));
    let row = rows.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    serde_json::from_str(row.expect("a plan")).unwrap()
}

async fn load(db: &Client) {
    for paragraph in WORLD.iter().flat_map(|world| world.split(";\n\n")) {
        let paragraph = paragraph.replace(":people", PEOPLE);
        for statement in one_by_one(&paragraph) {
            let done = db.batch_execute(&statement).await;
            done.unwrap_or_else(|error| panic!("{error:?} in {statement}"));
        }
    }
}

/// Vacuum wants to be alone; a function's body is one statement whatever is in it.
fn one_by_one(paragraph: &str) -> Vec<String> {
    if paragraph.contains("$$") {
        return vec![paragraph.to_owned()];
    }
    paragraph
        .split_inclusive(";\n")
        .map(str::to_owned)
        .collect()
}

/// The text of the statement with this name.
pub fn statement(name: &str) -> String {
    let mut all = statements().into_iter();
    let found = all.find(|(of, _)| of == name);
    found.expect(name).1
}

async fn large_tables(db: &Client) -> BTreeSet<String> {
    let sql = "select relname, reltuples::float8 from pg_class
        where relnamespace = 'users'::regnamespace and relkind = 'r'";
    let rows = db.query(sql, &[]).await.unwrap();
    let large = rows.iter().filter(|row| row.get::<_, f64>(1) >= LARGE);
    let large: BTreeSet<String> = large.map(|row| row.get(0)).collect();
    assert!(large.len() > 15, "{large:?}");
    large
}

/// Values to plan for, as they come: the hardest person, rows that are there, what is a little due.
struct Samples {
    /// When the world was made, so that what is due does not grow while this runs.
    now: String,
    celebrity: String,
    some_people: String,
    token: String,
    session: String,
    keys: String,
}

impl Samples {
    async fn of(db: &Client) -> Self {
        let text = async |select: &str| -> String {
            let row = db.query_one(&format!("select ({select})::text"), &[]).await;
            row.unwrap().get(0)
        };
        let ids = "select array_agg(id) from users.users where username like 'person19__'";
        let keys = "select array_agg(key) from (select key from users.rate_limits limit 2) as two";
        Self {
            now: text("select min(seen_at) from users.known_devices").await,
            celebrity: text("select id from users.users where username = 'celebrity'").await,
            some_people: text(ids).await,
            token: text("select token_hash from users.refresh_tokens limit 1").await,
            session: text(
                "select id_hash from users.web_sessions order by expires_at desc limit 1",
            )
            .await,
            keys: text(keys).await,
        }
    }

    /// A value of this type, as SQL.
    fn value(&self, statement: &str, of: &str) -> String {
        let now = format!("timestamptz '{}'", self.now);
        let time = if statement.starts_with("retention::forget, ") {
            format!("{now} - interval '59 days'")
        } else {
            now.clone()
        };
        let hash = if statement.contains("session") {
            &self.session
        } else {
            &self.token
        };
        match of {
            "uuid" => format!("'{}'", self.celebrity),
            "uuid[]" => format!("'{}'", self.some_people),
            "bytea" => format!("'{hash}'"),
            "bytea[]" => format!("'{}'", self.keys),
            "timestamp with time zone" => time,
            "timestamp with time zone[]" => format!("array[{now}, {now}]"),
            "text" | "character varying" => "'person5000'".to_owned(),
            // Of an encoding.
            "name" => "'UTF8'".to_owned(),
            "text[]" => "array['verify_email', 'export_ready']".to_owned(),
            "boolean" => "true".to_owned(),
            "jsonb" => "'{}'".to_owned(),
            "smallint" => "3".to_owned(),
            "integer" | "bigint" | "double precision" => "20".to_owned(),
            other => panic!("what is a {other} in {statement}?"),
        }
    }
}

/// The plans that PostgreSQL makes, as it goes on being asked.
async fn plans(db: &Client, name: &str, sql: &str, samples: &Samples) -> Vec<Value> {
    let prepare = format!("prepare planned as {sql}");
    let prepared = db.batch_execute(&prepare).await;
    prepared.unwrap_or_else(|error| panic!("{error:?} in {name}"));
    let types =
        "select unnest(parameter_types)::text from pg_prepared_statements where name = 'planned'";
    let types = db.query(types, &[]).await.unwrap();
    let values: Vec<_> = types
        .iter()
        .map(|row| samples.value(name, row.get(0)))
        .collect();
    let values = match values.as_slice() {
        [] => String::new(),
        values => format!("({})", values.join(", ")),
    };
    let mut plans = Vec::new();
    for _ in 0..=PLANNED_FOR_VALUES {
        let explain = format!("explain (format json) execute planned{values}");
        plans.push(json(db, &explain).await[0]["Plan"].take());
    }
    db.batch_execute("deallocate planned").await.unwrap();
    plans
}

/// What is wrong with a part of a plan. `root` gives what this part is for: the statement's rows, or
/// those of a subquery.
fn look(
    node: &Value,
    root: &Value,
    is_limited: bool,
    large: &BTreeSet<String>,
    faults: &mut Vec<String>,
) {
    let text = |key: &str| node[key].as_str().unwrap_or_default();
    let is_limited = is_limited || text("Node Type") == "Limit";
    let condition = text("Index Cond");
    match text("Node Type") {
        "Seq Scan" if large.contains(text("Relation Name")) => {
            faults.push(format!("reads all of {}", text("Relation Name")));
        }
        "Index Scan" | "Index Only Scan" | "Bitmap Index Scan" if !is_limited => {
            let index = text("Index Name");
            if condition.is_empty() {
                faults.push(format!("walks all of {index}"));
            } else if index.starts_with("follows_") && !names_both_ends(condition) {
                faults.push("reads all edges of somebody".to_owned());
            }
        }
        "Sort" | "Incremental Sort" if rows(node) > rows(given(root)).max(FEW) => {
            faults.push(format!("sorts {} for {}", rows(node), rows(given(root))));
        }
        _ => {}
    }
    for part in parts(node) {
        let is_own = matches!(
            part["Parent Relationship"].as_str(),
            Some("InitPlan" | "SubPlan")
        );
        let (root, is_limited) = if is_own {
            (part, false)
        } else {
            (root, is_limited)
        };
        look(part, root, is_limited, large, faults);
    }
}

fn names_both_ends(condition: &str) -> bool {
    condition.contains("follower_id =") && condition.contains("followee_id =")
}

fn parts(node: &Value) -> impl Iterator<Item = &Value> {
    node["Plans"].as_array().into_iter().flatten()
}

fn rows(node: &Value) -> u64 {
    node["Plan Rows"].as_u64().expect("rows")
}

/// What a statement that changes rows gives is what it changes.
fn given(root: &Value) -> &Value {
    let changes = root["Node Type"] == "ModifyTable";
    let changed = parts(root).find(|part| part["Parent Relationship"] == "Outer");
    changed.filter(|_| changes).unwrap_or(root)
}
