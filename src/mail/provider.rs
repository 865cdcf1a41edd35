//! Mails over a provider's JSON API, in the shape of `SendGrid`'s v3 `mail/send`.

use super::{Mail, Refused};
use crate::{config::Secret, error::Cause};
use lettre::message::Mailbox;
use reqwest::{Client, Response, Url, redirect::Policy};
use serde_json::{Value, json};
use std::time::Duration;

const CONNECT_WITHIN: Duration = Duration::from_secs(20);
/// For the whole exchange: an answer missed is a second copy sent.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);
/// How much of an answer is read for the log when the provider refuses a mail, in bytes.
const READ_AT_MOST: usize = 500;

/// A mail provider.
pub(super) struct Provider {
    client: Client,
    url: Url,
    key: Option<Secret>,
}

impl Provider {
    pub(super) fn new(url: Url, key: Option<Secret>) -> Result<Self, Cause> {
        let client = Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            // A redirect would carry the mail, and the link in it, to another place.
            .redirect(Policy::none())
            .user_agent("users-service")
            .build()?;
        Ok(Self { client, url, key })
    }

    /// Asks the provider's host for its front page, whatever it answers.
    pub(super) async fn try_out(&self) -> Result<(), Cause> {
        let mut front = self.url.clone();
        front.set_path("");
        front.set_query(None);
        self.client.head(front).send().await?;
        Ok(())
    }

    /// Posts one mail. Any 2xx means that the provider took it over. Only what speaks of the mail itself is
    /// final: 400 and 422 (an address that it can't write to, say) and 413. A wrong key, sender or address of
    /// the provider (401, 403, 404, 405) is ours to mend, 408 and 429 pass.
    pub(super) async fn send(&self, from: &Mailbox, mail: &Mail) -> Result<(), Cause> {
        let mut request = self.client.post(self.url.clone()).json(&body(from, mail));
        if let Some(Secret(key)) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(id) = &mail.trace_id {
            request = request.header("X-Trace-Id", id);
        }
        // The address may hold a key in its query: it stays out of errors.
        let answer = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let mut words = excerpt(answer).await;
        if let Some(Secret(key)) = &self.key {
            words = words.replace(&**key, "…");
        }
        let answer = format!("the provider answered {status}: {words}");
        Err(match status.as_u16() {
            400 | 413 | 422 => Refused(answer).into(),
            _ => answer.into(),
        })
    }
}

fn body(from: &Mailbox, mail: &Mail) -> Value {
    let mut sender = json!({ "email": from.email.to_string() });
    if let Some(name) = &from.name {
        sender["name"] = json!(name);
    }
    json!({
        "personalizations": [{ "to": [{ "email": mail.to }] }],
        "from": sender,
        "subject": mail.subject,
        "content": [
            { "type": "text/plain", "value": mail.text },
            { "type": "text/html", "value": mail.html },
        ],
        "headers": { "Message-ID": mail.message_id, "Auto-Submitted": "auto-generated" },
        // Links stay as they are, and nobody is watched reading.
        "tracking_settings": {
            "click_tracking": { "enable": false, "enable_text": false },
            "open_tracking": { "enable": false },
        },
    })
}

/// The beginning of an answer, for the log.
async fn excerpt(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < READ_AT_MOST
        && let Ok(Some(chunk)) = answer.chunk().await
    {
        bytes.extend_from_slice(&chunk);
    }
    bytes.truncate(READ_AT_MOST);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::mail::mailer::tests::mail;

    #[test]
    fn the_body_is_what_the_provider_reads() {
        let mail = mail();
        let body = body(
            &"Users Service <no-reply@example.org>".parse().unwrap(),
            &mail,
        );
        assert_eq!(
            body["personalizations"][0]["to"][0]["email"],
            "ana@example.org"
        );
        assert_eq!(
            body["from"],
            json!({ "email": "no-reply@example.org", "name": "Users Service" })
        );
        assert_eq!(body["subject"], "Verify your email address");
        assert_eq!(
            body["content"],
            json!([
                { "type": "text/plain", "value": mail.text },
                { "type": "text/html", "value": mail.html },
            ])
        );
        assert_eq!(
            body["headers"]["Message-ID"],
            "<0198c0de@social.example.org>"
        );
        assert_eq!(body["tracking_settings"]["click_tracking"]["enable"], false);
    }

    #[test]
    fn a_sender_without_a_name_has_none() {
        let body = body(&"no-reply@example.org".parse().unwrap(), &mail());
        assert_eq!(body["from"], json!({ "email": "no-reply@example.org" }));
    }
}
