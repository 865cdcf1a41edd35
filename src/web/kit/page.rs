//! From a template to an answer: proofs, caching headers, parts for htmx.

use super::{
    csrf::{self, Secret},
    problem::{Problem, Verdict},
    session::Viewer,
    visit::Visit,
    whose,
};
use crate::{
    Error, Result,
    http::conditional::{self, ASK_AGAIN_PRIVATE, NO_STORE, Tag},
    services::view::View,
};
use askama::Template;
use poem::{
    Response,
    http::{HeaderValue, Method, header},
};

/// What answers depend on beside their address.
const VARY: HeaderValue = HeaderValue::from_static(
    "Cookie, HX-Request, HX-Request-Type, Save-Data, ECT, Accept-Encoding",
);

/// What stands around the content of every page.
#[derive(Debug, Default)]
pub(in crate::web) struct Frame {
    /// Who is looking.
    pub(in crate::web) viewer: Option<Viewer>,
    /// The path of the page, which its link in the navigation is marked by.
    pub(in crate::web) here: String,
    /// What is wrong with the form on it.
    pub(in crate::web) problem: Option<Problem>,
    /// Whether this is a development set-up, whose mails can be read.
    pub(in crate::web) development: bool,
    /// Whether the pages that htmx makes smoother do without it.
    pub(in crate::web) saves_data: bool,
    /// Whether nothing is known of the viewer: no navigation.
    pub(in crate::web) bare: bool,
}

impl Frame {
    /// The same with what is wrong.
    pub(in crate::web) fn with(mut self, problem: Option<Problem>) -> Self {
        self.problem = problem;
        self
    }
}

/// A part of a page with what it changes around it.
#[derive(Template)]
#[template(path = "kit/part.html")]
struct Part<'a, T: Template> {
    content: &'a T,
    title: &'a str,
    problem: Option<&'a Problem>,
    said: &'a str,
}

impl Visit<'_> {
    /// The frame of a page for this viewer.
    pub(in crate::web) fn frame(self, viewer: Option<Viewer>) -> Frame {
        Frame {
            viewer,
            here: self.request.original_uri().path().to_owned(),
            problem: None,
            development: self.app.config.offers_dev_mail(),
            saves_data: self.saves_data(),
            bare: false,
        }
    }

    /// The frame of a page that says what is wrong. After a failure nothing is known of the
    /// viewer, and nothing is asked once more.
    pub(in crate::web) async fn frame_after(self, error: Error) -> Result<(Verdict, Frame)> {
        let viewer = if error.is_failure() {
            None
        } else {
            self.viewer().await?
        };
        self.frame_refusing(viewer, error)
    }

    /// The same for a viewer who is known already.
    pub(in crate::web) fn frame_refusing(
        self,
        viewer: Option<Viewer>,
        error: Error,
    ) -> Result<(Verdict, Frame)> {
        let bare = error.is_failure();
        let (verdict, problem) = self.problem(error)?;
        let frame = self.frame(viewer.filter(|_| !bare)).with(Some(problem));
        Ok((verdict, Frame { bare, ..frame }))
    }

    /// What `read` gives for who looks at the page of a refused form; nothing after a failure.
    pub(in crate::web) async fn beside<T, F>(
        self,
        frame: &Frame,
        read: impl FnOnce(View) -> F,
    ) -> Result<Option<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let Some(viewer) = &frame.viewer else {
            return Ok(None);
        };
        let view = View::of(self.app, viewer.user_id).await?;
        read(view).await.map(Some)
    }

    /// A page that nobody keeps a copy of. As htmx's answer to a form, for which it asks for a part, it takes
    /// the place of the whole page.
    pub(in crate::web) fn page(
        self,
        verdict: impl Into<Verdict>,
        page: &impl Template,
    ) -> Result<Response> {
        let mut response = self.fragment(verdict, page)?;
        if self.wants_part() && self.request.method() == Method::POST {
            let headers = response.headers_mut();
            headers.insert("hx-retarget", HeaderValue::from_static("body"));
            headers.insert("hx-reswap", HeaderValue::from_static("innerHTML"));
        }
        Ok(response)
    }

    /// Just this, for htmx to put where it wants it. Nobody keeps a copy.
    pub(in crate::web) fn fragment(
        self,
        verdict: impl Into<Verdict>,
        page: &impl Template,
    ) -> Result<Response> {
        let Verdict {
            status,
            retry_after,
        } = verdict.into();
        let html = page.render().map_err(Error::internal)?;
        let secret = self.secret_for(&html)?;
        let mut response = self.html(html, secret.as_ref())?;
        response.set_status(status);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, NO_STORE);
        if let Some(after) = retry_after {
            headers.insert(header::RETRY_AFTER, after.as_secs().into());
        }
        Ok(response)
    }

    /// A page that a browser may keep and ask for again: 304 when it is still the same.
    pub(in crate::web) fn kept_page(self, page: &impl Template) -> Result<Response> {
        self.tagged_page(page, ASK_AGAIN_PRIVATE)
    }

    /// A page with the form of an account: browsers keep no copy. Who kept one all the same may
    /// ask whether it is still good.
    pub(in crate::web) fn account_page(self, page: &impl Template) -> Result<Response> {
        self.tagged_page(page, NO_STORE)
    }

    fn tagged_page(self, page: &impl Template, cache: HeaderValue) -> Result<Response> {
        let html = page.render().map_err(Error::internal)?;
        let secret = self.secret_for(&html)?;
        // Of the content before the proofs, which differ each time, and of the secret, so that a
        // copy with another one's proofs is not called fresh.
        let known: &[u8] = secret.as_ref().map_or(&[], |secret| secret.expose());
        let person = self.person().unwrap_or_default();
        let tag = Tag::of(&[html.as_bytes(), known, person.as_bytes()]);
        let answer = || self.html(html, secret.as_ref());
        self.unless_known(&tag, cache, answer)
    }

    /// The page that `answer` gives, or 304 when the browser has the one with this tag.
    pub(in crate::web) fn unless_known(
        self,
        tag: &Tag,
        cache: HeaderValue,
        answer: impl FnOnce() -> Result<Response>,
    ) -> Result<Response> {
        let mut response = conditional::unless_known(self.request, tag, cache, answer)?;
        response.headers_mut().insert(header::VARY, VARY);
        Ok(response)
    }

    /// A part of a page for htmx to swap in, the same bytes as in the page. `title` is the page's
    /// from now on (empty: as it was), `said` is spoken by screen readers.
    pub(in crate::web) fn part(
        self,
        verdict: impl Into<Verdict>,
        part: &impl Template,
        title: &str,
        problem: Option<&Problem>,
        said: &str,
    ) -> Result<Response> {
        let part = Part {
            content: part,
            title,
            problem,
            said,
        };
        self.fragment(verdict, &part)
    }

    /// The browser's secret, if the page has a form to prove.
    fn secret_for(self, html: &str) -> Result<Option<Secret>> {
        html.contains(csrf::PLACEHOLDER)
            .then(|| Secret::of(self))
            .transpose()
    }

    /// A page without its text.
    pub(in crate::web) fn document() -> Response {
        Response::builder()
            .content_type("text/html; charset=utf-8")
            .header(header::VARY, VARY)
            .header("accept-ch", "ECT")
            .finish()
    }

    fn html(self, html: String, secret: Option<&Secret>) -> Result<Response> {
        let mut response = Self::document();
        match secret {
            None => response.set_body(html),
            Some(secret) => {
                let person = self.person().map(|person| person.to_string());
                let html = html
                    .replace(whose::PLACEHOLDER, &person.unwrap_or_default())
                    .replace(csrf::PLACEHOLDER, &secret.proof()?);
                response.set_body(html);
                secret.set(&mut response, self.app);
            }
        }
        Ok(response)
    }
}
