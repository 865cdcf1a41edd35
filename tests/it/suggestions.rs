//! Suggestions cost the same however many accounts nobody ever proved.

use crate::{plans::statement, support::Database};
use serde_json::Value;
use tokio_postgres::SimpleQueryMessage;

#[tokio::test]
async fn unproven_accounts_are_not_walked_to_suggest_somebody() {
    let database = Database::migrated().await;
    let db = database.connect().await;
    let people = "insert into users.users (id, username, email, password_hash, email_verified)
            select lpad(to_hex(n), 32, '0')::uuid, 'person' || n, 'person' || n || '@example.org', 'x', n <= 2000
            from generate_series(1, 30000) as n;
        vacuum analyze users.users";
    for statement in people.split(';') {
        db.batch_execute(statement).await.unwrap();
    }
    let sql = statement("suggestions::of, an account");
    db.batch_execute(&format!("prepare suggested as {sql}"))
        .await
        .unwrap();
    let types = "select array_agg(t::text) from (select unnest(parameter_types) as t
        from pg_prepared_statements where name = 'suggested') as types";
    let types: Vec<String> = db.query_one(types, &[]).await.unwrap().get(0);
    let values = types.iter().map(|of| match of.as_str() {
        "uuid" => "'00000000-0000-0000-0000-000000000001'",
        "bigint" => "20",
        other => panic!("what is a {other}?"),
    });
    let values: Vec<_> = values.collect();
    let explain = format!(
        "explain (analyze, timing off, format json) execute suggested({})",
        values.join(", ")
    );
    for _ in 0..6 {
        let answer = db.simple_query(&explain).await.unwrap();
        let plan = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        let plan: Value = serde_json::from_str(plan.unwrap()).unwrap();
        assert!(removed(&plan[0]["Plan"]) < 100, "{plan:#}");
    }
    db.batch_execute("deallocate suggested").await.unwrap();
}

/// How many rows were looked at in vain.
fn removed(node: &Value) -> u64 {
    let own = node["Rows Removed by Filter"].as_u64().unwrap_or_default();
    let parts = node["Plans"].as_array().into_iter().flatten();
    own + parts.map(removed).sum::<u64>()
}
