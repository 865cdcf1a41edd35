//! `/settings/confirm`: asks for the password before a sensitive page, then goes on to it.

use super::index;
use crate::{
    Error, Result,
    domain::Profile,
    error::FieldErrors,
    services::{
        people,
        reauthentication::{self, Confirmation, INCORRECT},
        view::View,
    },
    web::kit::{
        field::{Field, Kind},
        page::Frame,
        posted::Posted,
        return_to::LocalPath,
        session::Viewer,
        visit::{Visit, see_other},
    },
};
use askama::Template;
use poem::{Response, handler, http::StatusCode, web::Query};
use serde::{Deserialize, Serialize};

impl Visit<'_> {
    /// The person that is signed in and entered their password lately, and what `read` gives for
    /// them, for the page of a sensitive change. Who did not is asked for it, and then led on to the
    /// page.
    pub(in crate::web) async fn recent<T, F>(
        self,
        read: impl Fn(View) -> F,
    ) -> poem::Result<(Viewer, T)>
    where
        F: Future<Output = Result<T>>,
    {
        let (viewer, shown) = self.signed_in(read).await?;
        if viewer.is_recent {
            return Ok((viewer, shown));
        }
        let ask = see_other(&LocalPath::of(self.request).after_confirming());
        Err(poem::Error::from_response(ask))
    }

    /// Asks for the password after a form was refused with `ReauthenticationRequired`, and leads
    /// on to the form's page, which finds what was typed as its draft.
    pub(in crate::web) fn to_confirm_with<F, T: Serialize>(
        self,
        viewer: Option<Viewer>,
        form: &'static str,
        posted: Posted<F>,
        texts: impl FnOnce(&F) -> T,
    ) -> Result<Response> {
        let place = LocalPath::parse(form).unwrap_or_default();
        let mut response = see_other(&place.after_confirming());
        if let (Some(viewer), Some(typed)) = (viewer, posted.typed()) {
            self.keep_draft(&mut response, viewer.user_id, form, &texts(&typed))?;
        }
        Ok(response)
    }
}

#[derive(Template)]
#[template(path = "settings/confirm.html")]
struct ConfirmPage {
    frame: Frame,
    /// The page that it is for, if it is one of the settings.
    what_for: Option<&'static str>,
    /// The name that a password manager knows the account by; none after a failure.
    email: Option<String>,
    password: Field,
    next: LocalPath,
}

impl ConfirmPage {
    fn new(frame: Frame, own: Option<Profile>, next: LocalPath) -> Self {
        let password = Field::new("password", "Password", Kind::Password, "current-password");
        Self {
            what_for: index::name_of(&next),
            email: own.map(|own| own.email),
            password: password.judged(frame.problem.as_ref()),
            next,
            frame,
        }
    }
}

/// The form; its page has `next` in the query.
#[derive(Default, Deserialize)]
struct Confirmed {
    #[serde(flatten)]
    confirmation: Confirmation,
    #[serde(default)]
    next: LocalPath,
}

#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: LocalPath,
}

/// `GET /settings/confirm`
#[handler]
pub(in crate::web) async fn show(
    visit: Visit<'_>,
    asked: poem::Result<Query<Next>>,
) -> poem::Result<Response> {
    let next = match asked {
        Ok(Query(asked)) => asked.next,
        Err(error) => return visit.refuse(error).await,
    };
    let (viewer, own) = visit.signed_in(people::of_viewer).await?;
    if viewer.is_recent {
        return Ok(see_other(next.as_str()));
    }
    let page = ConfirmPage::new(visit.frame(Some(viewer)), Some(own), next);
    Ok(visit.page(StatusCode::OK, &page)?)
}

/// `POST /settings/confirm`
#[handler]
pub(in crate::web) async fn submit(
    visit: Visit<'_>,
    posted: Posted<Confirmed>,
) -> Result<Response> {
    let confirm = async |viewer: &Viewer, form: &Confirmed| {
        let (user_id, session_id) = (viewer.user_id, viewer.session_id);
        reauthentication::confirm(visit.app, user_id, session_id, &form.confirmation).await
    };
    let (viewer, posted, outcome) = posted.then_as_viewer(visit, confirm).await;
    let typed = posted.typed().unwrap_or_default();
    let error = match outcome {
        Ok(()) => return Ok(see_other(typed.next.as_str())),
        // A log-in is what is missing, and asks for the password too.
        Err(Error::Unauthenticated) => return Ok(visit.to_login_from(&typed.next)),
        Err(error) => error,
    };
    let is_wrong = matches!(&error, Error::Validation(fields) if is_incorrect(fields));
    let (verdict, frame) = visit.frame_refusing(viewer, error)?;
    let verdict = if is_wrong {
        StatusCode::UNAUTHORIZED.into()
    } else {
        verdict
    };
    let own = visit.beside(&frame, people::of_viewer).await?;
    visit.page(verdict, &ConfirmPage::new(frame, own, typed.next))
}

fn is_incorrect(fields: &FieldErrors) -> bool {
    fields.entries().iter().any(|field| field.code == INCORRECT)
}
