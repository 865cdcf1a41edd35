//! Owing a mail.

use super::Kind;
use crate::{
    Result, caller,
    database::{GenericClient, execute},
    domain::{device, network},
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// A mail about to be owed, with the trace of the request that causes it.
#[derive(Debug, Clone)]
pub struct NewMail<'a> {
    /// The mail's id, in its Message-ID; tokens of its links are derived from it.
    pub id: Uuid,
    /// Whose account it is about.
    pub user_id: Uuid,
    /// What it is about.
    pub kind: Kind,
    /// Where it goes, if not to the address that the account has when it is sent.
    pub recipient: Option<&'a str>,
    /// What else it says, by name. No secrets: tokens are derived when it is sent.
    pub data: Option<Value>,
    /// When it comes to be owed.
    pub now: OffsetDateTime,
    /// How long after the commit it is tried first, by the database's clock.
    due_in: Duration,
    trace_id: Option<String>,
}

impl<'a> NewMail<'a> {
    /// A mail to the account's own address.
    #[must_use]
    pub fn new(user_id: Uuid, kind: Kind, now: OffsetDateTime) -> Self {
        Self {
            id: Uuid::now_v7(),
            user_id,
            kind,
            recipient: None,
            data: None,
            now,
            due_in: Duration::ZERO,
            trace_id: caller::trace_id(),
        }
    }

    /// A notice of what the request being served did, saying from where.
    #[must_use]
    pub fn notice(user_id: Uuid, kind: Kind, now: OffsetDateTime) -> Self {
        let caller = caller::current();
        Self::new(user_id, kind, now).saying(json!({
            "device": device::in_words(caller.user_agent.as_deref()),
            "network": caller.address.map(network::coarse),
        }))
    }

    /// The same, saying this too.
    #[must_use]
    pub fn also(mut self, name: &str, value: &str) -> Self {
        let data = self.data.get_or_insert_with(|| json!({}));
        data[name] = value.into();
        self
    }

    /// The same to this address, whatever becomes of the account's.
    #[must_use]
    pub fn to(mut self, recipient: &'a str) -> Self {
        self.recipient = Some(recipient);
        self
    }

    /// The same after this time: until then it is not owed. `passed` as `Clock::passed` has it.
    #[must_use]
    pub fn later(mut self, by: Duration, passed: Duration) -> Self {
        self.now += by;
        self.due_in = passed + by;
        self
    }

    /// The same with more to say: the members of an object.
    #[must_use]
    pub fn saying(mut self, more: Value) -> Self {
        match (&mut self.data, more) {
            (Some(Value::Object(said)), Value::Object(more)) => said.extend(more),
            (data, more) => *data = Some(more),
        }
        self
    }
}

/// Owes a mail. Call it in the transaction of its cause, and ring `App::mail_owed` after the
/// commit: the worker then looks at once.
pub async fn owe(db: &impl GenericClient, mail: &NewMail<'_>) -> Result<()> {
    execute(db, sql::owe(mail)).await?;
    Ok(())
}

/// The statements.
pub mod sql {
    use super::NewMail;
    use crate::{
        database::now::in_seconds,
        storage::schema::{Outbox, Schema},
    };
    use sea_query::{Condition, Expr, ExprTrait, InsertStatement, IntoTableRef, OnConflict, Query};

    const NEW: [Outbox; 8] = [
        Outbox::Id,
        Outbox::UserId,
        Outbox::Kind,
        Outbox::TraceId,
        Outbox::CreatedAt,
        Outbox::NextAttemptAt,
        Outbox::Recipient,
        Outbox::Data,
    ];

    /// A new mail, due at once unless it is one for later.
    #[must_use]
    pub fn owe(mail: &NewMail<'_>) -> InsertStatement {
        let due = if mail.due_in.is_zero() {
            Expr::current_timestamp()
        } else {
            in_seconds(mail.due_in.as_seconds_f64())
        };
        Query::insert()
            .into_table((Schema::Users, Outbox::Table))
            .columns(NEW)
            .values_panic([
                mail.id.into(),
                mail.user_id.into(),
                mail.kind.as_str().into(),
                mail.trace_id.clone().into(),
                mail.now.into(),
                due,
                mail.recipient.map(str::to_owned).into(),
                mail.data.clone().into(),
            ])
            .take()
    }

    /// A new mail if another part of the same statement did something and this holds, unless the
    /// mail is owed already.
    #[must_use]
    pub fn owe_if(
        mail: &NewMail<'_>,
        done: impl IntoTableRef,
        holds: Condition,
    ) -> InsertStatement {
        let text = |text: Option<&str>| Expr::val(text.map(str::to_owned)).cast_as("text");
        let row = Query::select()
            .exprs([
                Expr::val(mail.id).cast_as("uuid"),
                Expr::val(mail.user_id).cast_as("uuid"),
                text(Some(mail.kind.as_str())),
                text(mail.trace_id.as_deref()),
                Expr::val(mail.now).cast_as("timestamptz"),
                Expr::current_timestamp(),
                text(mail.recipient),
                Expr::val(mail.data.clone()).cast_as("jsonb"),
            ])
            .from(done)
            .cond_where(holds)
            .take();
        Query::insert()
            .into_table((Schema::Users, Outbox::Table))
            .columns(NEW)
            .select_from(row)
            .map(InsertStatement::take)
            .unwrap_or_default()
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .take()
    }
}

#[cfg(test)]
mod reviewed {
    use super::{NewMail, sql};
    use crate::{
        database::reviewed::statements,
        storage::{
            outbox::Kind,
            samples::{A, NOW},
        },
    };
    use time::Duration;

    statements! {
        owe(&NewMail::new(A, Kind::VerifyEmail, NOW));
        owe(&NewMail::new(A, Kind::KeepEmail, NOW).later(Duration::DAY, Duration::ZERO)), "for later";
    }
}
