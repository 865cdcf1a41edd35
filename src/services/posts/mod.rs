//! The posts of the people that somebody follows, from the Posts Service.

mod client;

pub use client::PostsService;

use crate::{App, domain::username, error::Cause, trace::Parent};
use serde::Deserialize;
use time::OffsetDateTime;

/// What the page needs to say whose request this is.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The access token of the person that looks.
    pub access_token: &'a str,
    /// The trace that the request is part of.
    pub trace_id: &'a str,
    /// The span that the request was sent from, if it named one.
    pub parent: Option<&'a Parent>,
}

/// A post as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Post {
    /// Plain text, with line breaks.
    pub text: String,
    /// When it was written.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// By whom; a post may outlive its author.
    #[serde(default)]
    pub author: Option<Author>,
}

/// Who wrote a post, as the Posts Service knows the person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Author {
    /// The handle.
    pub username: String,
    /// The name to show.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The absolute address of the picture.
    #[serde(default)]
    pub avatar_url: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Post>,
}

/// The newest posts for a person: none when there is no Posts Service, `Err` when it can't say.
/// Takes about two seconds at most, and why it failed is logged here.
pub async fn newest(app: &App, asking: Asking<'_>) -> Option<Result<Vec<Post>, ()>> {
    let service = app.posts.as_ref()?;
    let posts = match service.feed(asking).await {
        Ok(body) => read(&body),
        Err(cause) => Err(cause),
    };
    Some(posts.map_err(|error| tracing::warn!(%error, "the Posts Service gave no posts")))
}

fn read(body: &[u8]) -> Result<Vec<Post>, Cause> {
    let page: Page = serde_json::from_slice(body)?;
    let posts = page.items.into_iter().take(client::PAGE_SIZE);
    Ok(posts.map(Post::checked).collect())
}

impl Post {
    /// Without an author whose handle can't be one, and so is no part of an address.
    fn checked(mut self) -> Self {
        self.author = self
            .author
            .filter(|author| username::has_valid_characters(&author.username));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authors(json: &str) -> Option<Vec<Option<String>>> {
        let posts = read(json.as_bytes()).ok()?;
        let names = posts
            .into_iter()
            .map(|post| post.author.map(|a| a.username));
        Some(names.collect())
    }

    fn page(author: &str) -> String {
        format!(
            r#"{{"page":1,"new":[],"items":[{{"id":7,"text":"a","created_at":"2026-01-02T03:04:05+01:00"{author}}}]}}"#
        )
    }

    #[test]
    fn unknown_keys_and_missing_authors_are_no_matter() {
        assert_eq!(authors(r#"{"items":[]}"#), Some(vec![]));
        for nobody in [
            "",
            r#","author":null"#,
            r#","author":{"username":"../x"}"#,
            r#","author":{"username":""}"#,
        ] {
            assert_eq!(authors(&page(nobody)), Some(vec![None]), "{nobody}");
        }
        let ana = r#","author":{"username":"ana","email":"x","display_name":null}"#;
        assert_eq!(authors(&page(ana)), Some(vec![Some("ana".to_owned())]));
    }

    #[test]
    fn nonsense_is_an_error() {
        for bad in ["", "[]", "{}", "<html>", r#"{"items":[{"text":"a"}]}"#] {
            assert_eq!(authors(bad), None, "{bad}");
        }
    }
}
