//! The field for a new password, wherever one is chosen, and the advice beside it.

use crate::{
    Error, Result,
    domain::{Text, password::advice},
    web::kit::{
        field::{Field, Kind},
        posted::Posted,
        visit::Visit,
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode};
use serde::Deserialize;

/// The field. While somebody types, htmx asks for advice.
pub(in crate::web) fn field(name: &'static str, label: &'static str) -> Field {
    Field::new(name, label, Kind::Password, "new-password")
        .hint("8 characters or more. A few words in a row are easy to remember.")
        .advised_at("/password/advice")
}

/// The form as far as it is filled in.
#[derive(Default, Deserialize)]
struct HalfFilled {
    #[serde(default, alias = "new_password")]
    password: Text,
    #[serde(default)]
    email: Text,
    #[serde(default)]
    username: Text,
}

#[derive(Template)]
#[template(source = "{{ words }}", ext = "html")]
struct Advice {
    words: &'static str,
}

/// `POST /password/advice`: what there is to say about a password that is being typed. Asks no
/// database, hashes nothing, keeps nothing.
#[handler]
pub(in crate::web) async fn advise(
    visit: Visit<'_>,
    posted: Posted<HalfFilled>,
) -> Result<Response> {
    let judge = async |form: &HalfFilled| {
        let (email, username) = (form.email.typed(), form.username.typed());
        Ok(advice(form.password.typed(), email, username))
    };
    let words = match posted.then(judge).await.1 {
        // A form without its proof gets no advice; it will hear of it when it is sent.
        Err(Error::BadFormProof | Error::OtherAddress { .. }) => "",
        outcome => outcome?,
    };
    visit.fragment(StatusCode::OK, &Advice { words })
}
