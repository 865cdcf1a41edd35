//! Who asks for what: the extractors of the pages' handlers.

use super::{
    return_to::LocalPath,
    session::{self, Viewer},
};
use crate::{
    App, Error, Result,
    http::{Scope, read_your_writes},
    services::{freshness::Freshness, view::View},
};
use poem::{
    FromRequest, Request, RequestBody, Response,
    http::{Method, StatusCode, header},
};

/// A request for a page.
#[derive(Clone, Copy)]
pub(in crate::web) struct Visit<'a> {
    pub(in crate::web) app: &'a App,
    pub(in crate::web) request: &'a Request,
}

impl<'a> Visit<'a> {
    pub(in crate::web) fn of(request: &'a Request) -> Result<Self> {
        let app = request.extensions().get::<App>();
        let app = app.ok_or_else(|| Error::internal("a request without its App"))?;
        Ok(Self { app, request })
    }

    /// Who is looking; nobody when nobody is signed in. May renew the session.
    pub(in crate::web) async fn viewer(self) -> Result<Option<Viewer>> {
        let seen = self.viewer_and(async |_: View| Ok(())).await?;
        Ok(seen.map(|(viewer, ())| viewer))
    }

    /// The same, and what `read` gives for them: one round trip to the database for both.
    pub(in crate::web) async fn viewer_and<T, F>(
        self,
        read: impl Fn(View) -> F,
    ) -> Result<Option<(Viewer, T)>>
    where
        F: Future<Output = Result<T>>,
    {
        let Some((viewer, shown)) = session::view(self.app, self.request, read).await? else {
            return Ok(None);
        };
        Scope::of(self.request).set_user(viewer.user_id);
        Ok(Some((viewer, shown?)))
    }

    /// Who is looking, if anybody is signed in, and what `read` gives, whoever it is.
    pub(in crate::web) async fn anybody<T, F>(
        self,
        read: impl Fn(View) -> F,
    ) -> Result<(Option<Viewer>, T)>
    where
        F: Future<Output = Result<T>>,
    {
        if let Some((viewer, shown)) = self.viewer_and(&read).await? {
            return Ok((Some(viewer), shown));
        }
        let shown = read(View::of_nobody(self.app).await?).await?;
        Ok((None, shown))
    }

    /// The person that is signed in, and what `read` gives for them. Who is not is sent to the log-in
    /// page.
    pub(in crate::web) async fn signed_in<T, F>(
        self,
        read: impl Fn(View) -> F,
    ) -> poem::Result<(Viewer, T)>
    where
        F: Future<Output = Result<T>>,
    {
        match self.viewer_and(read).await {
            Ok(Some(seen)) => Ok(seen),
            // The second: the session ended between two statements.
            Ok(None) | Err(Error::Unauthenticated) => {
                Err(poem::Error::from_response(self.to_login()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses what the address says. Who is signed out logs in before being told what is wrong.
    pub(in crate::web) async fn refuse<T>(self, error: poem::Error) -> poem::Result<T> {
        self.signed_in(async |_: View| Ok(())).await?;
        Err(error)
    }

    /// Where what the browser has not changed itself may be read from.
    pub(in crate::web) fn freshness(self) -> Freshness {
        read_your_writes::freshness(self.request, self.app)
    }

    /// Whether the answer is to be a part that htmx swaps in. It asks for whole pages too.
    pub(in crate::web) fn wants_part(self) -> bool {
        self.is_htmx() && self.request.header("hx-request-type") != Some("full")
    }

    /// Whether the person's browser asks for little, or says that its connection is slow (network
    /// client hints): small pictures, and no script that only saves reloads.
    pub(in crate::web) fn saves_data(self) -> bool {
        let is_slow = |kind: &str| matches!(kind.trim(), "slow-2g" | "2g" | "3g");
        if self.request.header("ect").is_some_and(is_slow) {
            return true;
        }
        let asked = self.request.header("save-data");
        asked.is_some_and(|asked| asked.trim().eq_ignore_ascii_case("on"))
    }

    fn is_htmx(self) -> bool {
        self.request.header("hx-request") == Some("true")
            && self.request.header("hx-history-restore-request").is_none()
    }

    /// Goes to the log-in page, and from there back to where the person was.
    pub(in crate::web) fn to_login(self) -> Response {
        self.to_login_from(&LocalPath::of(self.request))
    }

    /// The answer to a form of an account while nobody is signed in, or nobody can say who is.
    pub(in crate::web) fn without_viewer(self, error: Error) -> Result<Response> {
        match error {
            Error::Unauthenticated => Ok(self.to_login()),
            error => Err(error),
        }
    }

    /// Goes to the log-in page, and from there to this place.
    pub(in crate::web) fn to_login_from(self, place: &LocalPath) -> Response {
        let login = place.after_login();
        if self.is_htmx() {
            // A script's request would follow a 303 by itself and swap in the log-in page.
            return Response::builder()
                .status(StatusCode::NO_CONTENT)
                .header(header::CACHE_CONTROL, "no-store")
                .header("hx-redirect", login)
                .finish();
        }
        see_other(&login)
    }
}

/// Goes to a path of ours after a form was dealt with (RFC 9110 section 15.4.4).
pub(in crate::web) fn see_other(path: &str) -> Response {
    Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(header::LOCATION, path)
        .header(header::CACHE_CONTROL, "no-store")
        .finish()
}

impl<'a> FromRequest<'a> for Visit<'a> {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        Ok(Self::of(request)?)
    }
}

/// The person that is signed in, for a page to look at. Who is not is sent to the log-in page. A form acts
/// for whom it names, which [`super::posted::Posted`] says.
pub(in crate::web) struct SignedIn(pub(in crate::web) Viewer);

impl<'a> FromRequest<'a> for SignedIn {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        if request.method() != Method::GET {
            return Err(Error::internal("a form that is not asked whose it is").into());
        }
        let nothing = async |_: View| Ok(());
        let (viewer, ()) = Visit::of(request)?.signed_in(nothing).await?;
        Ok(Self(viewer))
    }
}

/// The name in `/@name`. What can't be one is nobody's.
pub(in crate::web) struct Handle(pub(in crate::web) String);

impl<'a> FromRequest<'a> for Handle {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> poem::Result<Self> {
        let name = request.path_params();
        Ok(Self(name.map_err(|_| Error::UserNotFound)?))
    }
}
