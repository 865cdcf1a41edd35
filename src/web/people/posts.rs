//! The posts on the signed-in home.

use crate::{
    config::Secret,
    domain::characters::shows_something,
    http::Scope,
    services::posts::{self, Asking, Post},
    web::kit::{
        avatar::{Avatar, Size},
        session::Viewer,
        visit::Visit,
        when::When,
    },
};
use askama::{Template, filters::HtmlSafe};

/// The section with the posts, there or not.
#[derive(Template)]
#[template(path = "people/posts.html")]
pub(in crate::web) enum Posts {
    /// There is no Posts Service.
    None,
    /// It can't say at the moment.
    Missing,
    /// What it said.
    Shown(Vec<PostRow>),
}

impl HtmlSafe for Posts {}

/// One post.
pub(in crate::web) struct PostRow {
    author: Option<AuthorLink>,
    text: String,
    when: When,
}

struct AuthorLink {
    username: String,
    name: String,
    avatar: Avatar,
}

/// What the viewer has to read.
pub(in crate::web) async fn section(visit: Visit<'_>, viewer: &Viewer) -> Posts {
    let Secret(access_token) = &viewer.access_token;
    let scope = Scope::of(visit.request);
    let asking = Asking {
        access_token,
        trace_id: scope.trace_id(),
        parent: scope.parent(),
    };
    match posts::newest(visit.app, asking).await {
        None => Posts::None,
        Some(Err(())) => Posts::Missing,
        Some(Ok(posts)) => {
            let rows = posts.into_iter().map(|post| PostRow::new(visit, post));
            Posts::Shown(rows.collect())
        }
    }
}

impl PostRow {
    fn new(visit: Visit<'_>, post: Post) -> Self {
        let author = post.author.map(|author| {
            let given = author.display_name.filter(|name| shows_something(name));
            let name = given.unwrap_or_else(|| author.username.clone());
            let address = author.avatar_url.as_deref();
            AuthorLink {
                avatar: visit.avatar(address, &name, Size::Small),
                username: author.username,
                name,
            }
        });
        Self {
            author,
            text: post.text,
            when: When(post.created_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_post_is_escaped_and_keeps_its_lines() -> Result<(), askama::Error> {
        let row = PostRow {
            author: None,
            text: "<b>one\r\ntwo\n\nfour".to_owned(),
            when: When(datetime!(2026-01-02 03:04:05 UTC)),
        };
        let html = Posts::Shown(vec![row]).render()?;
        let html = html.replace('\n', "");
        assert!(
            html.contains("&#60;b&#62;one<br>two<br><br>four</p>"),
            "{html}"
        );
        assert!(html.contains(">2 January 2026, 03:04 UTC</time>"), "{html}");
        Ok(())
    }
}
