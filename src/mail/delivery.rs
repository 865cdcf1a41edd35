//! One attempt to send one mail, and what becomes of it.

use super::{Mail, Mailer, Refused, letters, messages::Words};
use crate::{
    App, Result,
    domain::Token,
    error::Cause,
    storage::outbox::{self, Next, Owed},
    trace::{self, SPANS},
};
use metrics::counter;
use std::{pin::pin, sync::Arc};
use time::{Duration, OffsetDateTime};
use tokio::time::timeout;
use tracing::{Instrument, Span, field::Empty, info_span};

/// How long a mail is tried.
const TRY_FOR: Duration = Duration::hours(48);
/// How often to renew the claim of a mail that is being sent: well within its 30 s.
const RENEW_EVERY: std::time::Duration = std::time::Duration::from_secs(10);
/// The longest error text that is kept, in characters.
const LONGEST_REASON: usize = 300;

enum Outcome {
    Sent,
    /// What the mail was about is done, or gone.
    Needless,
}

/// Tries one mail in the trace of what it is owed for, or in one of its own, and writes down what
/// came of it. Gives the mail back when it was sent but the database could not be told.
pub(super) async fn deliver(app: App, mailer: Arc<Mailer>, owed: Owed) -> Option<Owed> {
    let own = || owed.id.simple().to_string();
    let trace_id = owed.trace_id.clone().unwrap_or_else(own);
    let span = span(&owed, &trace_id);
    // On the heap: the library's part of it is large, and each wrapper would copy it.
    let sending = Box::pin(send(app, mailer, owed, &span));
    trace::within(trace_id.into(), sending)
        .instrument(span.clone())
        .await
}

/// The span of an attempt. It says nothing of whom the mail is for.
fn span(owed: &Owed, trace_id: &str) -> Span {
    let span = info_span!(
        target: SPANS,
        parent: None,
        "send a mail",
        otel.status_code = Empty,
        users_service.trace_id = trace_id,
        users_service.mail.kind = owed.kind.as_str(),
        users_service.mail.attempt = owed.attempts,
    );
    trace::begin(&span, None, trace_id);
    span
}

async fn send(app: App, mailer: Arc<Mailer>, owed: Owed, span: &Span) -> Option<Owed> {
    match attempt(&app, &mailer, &owed).await {
        Ok(outcome) => {
            if matches!(outcome, Outcome::Sent) {
                counter!("mails_sent_total").increment(1);
                tracing::info!(mail_id = %owed.id, attempt = owed.attempts, "mail sent");
            }
            match mark_sent(&app, &owed).await {
                Ok(()) => None,
                Err(error) => {
                    tracing::warn!(%error, mail_id = %owed.id, "could not mark a mail as sent yet");
                    Some(owed)
                }
            }
        }
        Err(cause) => {
            counter!("mail_failures_total").increment(1);
            span.record("otel.status_code", "error");
            let token = app.keys.secrets().mail_token(owed.id).ok();
            let secrets = [owed.to(), token.as_ref().map_or("", Token::expose)];
            let next = next(&cause, &owed, app.clock.now());
            postpone(&app, &owed, next, &reason(&cause, secrets)).await;
            None
        }
    }
}

async fn attempt(app: &App, mailer: &Mailer, owed: &Owed) -> Result<Outcome, Cause> {
    let Some(words) = letters::write(app, owed).await? else {
        return Ok(Outcome::Needless);
    };
    let mail = mail(&app.config.public_url, owed, words)?;
    hold(app, owed, mailer.send(&mail)).await?;
    Ok(Outcome::Sent)
}

/// The words with their headers. Every attempt sends the same.
fn mail(public_url: &str, owed: &Owed, words: Words) -> Result<Mail, Cause> {
    let url = reqwest::Url::parse(public_url)?;
    let host = url.host_str().unwrap_or("localhost");
    Ok(Mail {
        message_id: format!("<{}@{host}>", owed.id),
        date: owed.created_at,
        to: owed.to().to_owned(),
        subject: words.subject,
        text: words.text,
        html: words.html,
        trace_id: owed.trace_id.clone(),
    })
}

/// Holds on to the claim for as long as `sending` takes: a slow answer is no reason for
/// somebody else to send a second copy.
async fn hold<T>(app: &App, owed: &Owed, sending: impl Future<Output = T>) -> T {
    let mut sending = pin!(sending);
    loop {
        if let Ok(outcome) = timeout(RENEW_EVERY, &mut sending).await {
            return outcome;
        }
        if let Err(error) = renew(app, owed).await {
            tracing::warn!(%error, mail_id = %owed.id, "could not renew the claim of a mail");
        }
    }
}

async fn renew(app: &App, owed: &Owed) -> Result<()> {
    outbox::renew(&app.db.get().await?, owed, app.clock.passed()).await
}

async fn mark_sent(app: &App, owed: &Owed) -> Result<()> {
    outbox::sent(&app.db.get().await?, owed, app.clock.now()).await
}

/// Lets a mail wait that could not be sent, or gives it up. If the database can't be told, the claim
/// lapses.
async fn postpone(app: &App, owed: &Owed, next: Next, reason: &str) {
    let (mail_id, attempt) = (owed.id, owed.attempts);
    match next {
        Next::In(_) => {
            tracing::warn!(%mail_id, attempt, reason, "mail not sent, will try again");
        }
        Next::GivenUp(_) => {
            counter!("mails_given_up_total").increment(1);
            tracing::error!(%mail_id, attempt, reason, "mail given up");
        }
    }
    let recorded = match app.db.get().await {
        Ok(db) => outbox::failed(&db, owed, next, reason, app.clock.passed()).await,
        Err(error) => Err(error),
    };
    if let Err(error) = recorded {
        tracing::warn!(%mail_id, %error, "could not record that a mail failed");
    }
}

/// The next attempt is 1 s after the first, then twice as long each time, at most 30 s. There is none
/// after 48 hours, and none of a mail that was refused for good.
fn next(cause: &Cause, owed: &Owed, now: OffsetDateTime) -> Next {
    if cause.is::<Refused>() {
        return Next::GivenUp(now);
    }
    let doublings = (owed.attempts - 1).clamp(0, 5);
    let pause = Duration::seconds((1 << doublings).min(30));
    if now + pause < owed.created_at + TRY_FOR {
        Next::In(pause)
    } else {
        Next::GivenUp(now)
    }
}

/// The chain of errors on one line, without the secrets: servers like to repeat the address.
fn reason(cause: &Cause, secrets: [&str; 2]) -> String {
    let mut text = cause.to_string();
    let mut source = cause.source();
    while let Some(error) = source {
        let more = error.to_string();
        // Some errors tell their sources themselves.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "…");
    }
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_REASON)
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Error, storage::outbox::Kind};
    use time::macros::datetime;
    use uuid::Uuid;

    fn owed(attempts: i32) -> Owed {
        Owed {
            id: Uuid::from_u128(0x0198),
            user_id: Uuid::nil(),
            kind: Kind::VerifyEmail,
            recipient: None,
            data: None,
            trace_id: None,
            created_at: datetime!(2026-11-22 14:30 UTC),
            attempts,
            username: "ana".to_owned(),
            email: "ana@example.org".to_owned(),
            email_verified: false,
        }
    }

    /// What passes.
    fn next(owed: &Owed, now: OffsetDateTime) -> Next {
        super::next(&"the line was cut".into(), owed, now)
    }

    #[test]
    fn a_mail_that_was_refused_for_good_is_not_tried_again() {
        let refused: Cause = Refused("550 no such mailbox".to_owned()).into();
        let now = owed(1).created_at;
        assert_eq!(super::next(&refused, &owed(1), now), Next::GivenUp(now));
    }

    #[test]
    fn pauses_double_from_1_s_to_30_s() {
        let now = owed(1).created_at;
        for (attempt, pause) in [
            (1, 1),
            (2, 2),
            (3, 4),
            (4, 8),
            (5, 16),
            (6, 30),
            (7, 30),
            (9_999, 30),
        ] {
            let pause = Next::In(Duration::seconds(pause));
            assert_eq!(next(&owed(attempt), now), pause, "{attempt}");
        }
    }

    #[test]
    fn a_mail_is_given_up_after_48_hours() {
        let end = owed(1).created_at + Duration::hours(48);
        let before = end - Duration::seconds(31);
        assert!(matches!(next(&owed(5_000), before), Next::In(_)));
        assert_eq!(next(&owed(5_000), end), Next::GivenUp(end));
    }

    #[test]
    fn every_attempt_sends_the_same_mail() {
        let mail = |owed: &Owed| {
            let words = Words {
                subject: String::new(),
                text: String::new(),
                html: String::new(),
            };
            mail("https://social.example.org:8443", owed, words).unwrap()
        };
        let first = mail(&owed(1));
        assert_eq!(
            first.message_id,
            "<00000000-0000-0000-0000-000000000198@social.example.org>"
        );
        assert_eq!(first.to, "ana@example.org");
        assert_eq!(format!("{first:?}"), format!("{:?}", mail(&owed(2))));
        let elsewhere = Owed {
            recipient: Some("old@example.org".to_owned()),
            ..owed(1)
        };
        assert_eq!(mail(&elsewhere).to, "old@example.org");
    }

    #[test]
    fn reasons_are_one_line_and_tell_no_secrets() {
        let cause: Cause = "550 <ana@example.org>:\r\n no\0 s3cret".into();
        assert_eq!(
            reason(&cause, ["ana@example.org", "s3cret"]),
            "550 <…>: no …"
        );
        let cause: Cause = "x".repeat(5_000).into();
        assert_eq!(reason(&cause, ["", ""]).len(), LONGEST_REASON);
        let gone = std::io::Error::new(std::io::ErrorKind::NotFound, Error::UserNotFound);
        assert_eq!(reason(&gone.into(), ["", ""]), "user not found");
    }
}
