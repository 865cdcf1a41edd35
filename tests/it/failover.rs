//! The primary lost and its standby promoted, with both in `DATABASE_URL`.

use crate::support::Pair;

#[tokio::test]
async fn the_pair_works() {
    let pair = Pair::start(true).await;
    let db = pair.primary.connect().await;
    db.batch_execute("create table t (n int); insert into t values (1)")
        .await
        .unwrap();
    pair.primary.stop("immediate").await;
    pair.standby.promote().await;
    let db = pair.standby.connect().await;
    db.batch_execute("insert into t values (2)").await.unwrap();
    let n: i64 = db
        .query_one("select count(*) from t", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(n, 2);
}
