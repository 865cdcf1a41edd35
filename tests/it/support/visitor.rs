//! A browser without script: it opens pages, fills the forms it finds there, follows redirects,
//! keeps cookies. And, for single requests, what htmx would send.

use super::{
    Answer, Page, SetCookie,
    api::{multipart, plain_client},
    form::Form,
    jar::Jar,
};
use reqwest::{Client, Method, RequestBuilder, Url};

const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const MAX_REDIRECTS: usize = 5;

/// Somebody in front of a browser.
#[derive(Clone)]
pub struct Visitor {
    client: Client,
    base: Url,
    origin: String,
    /// The cookies.
    pub jar: Jar,
    /// Whether the browser tells where a request comes from, as those of our days do.
    pub modern: bool,
    /// What its requests are to be called in logs and traces.
    pub trace_id: Option<String>,
    /// What the browser says it is.
    pub user_agent: Option<&'static str>,
    page: Option<Page>,
}

impl Visitor {
    /// A visitor of the service at `base`, which calls itself `origin`.
    pub fn new(base: &str, origin: &str) -> Self {
        Self::over(plain_client(), base, origin)
    }

    /// The same over a client of one's own, of a service that calls itself what it is called.
    pub fn with(client: Client, base: &str) -> Self {
        Self::over(client, base, base)
    }

    fn over(client: Client, base: &str, origin: &str) -> Self {
        Self {
            client,
            base: Url::parse(base).expect("a URL"),
            origin: origin.to_owned(),
            jar: Jar::default(),
            modern: true,
            trace_id: None,
            user_agent: None,
            page: None,
        }
    }

    /// The page that is open.
    #[track_caller]
    pub fn page(&self) -> &Page {
        self.page.as_ref().expect("a page is open")
    }

    /// A cookie by its name.
    pub fn cookie(&self, name: &str) -> Option<&SetCookie> {
        self.jar.get(name)
    }

    /// Opens a path, or an address of the service, as if it were typed.
    pub async fn open(&mut self, address: &str) -> &Page {
        let url = self.resolve(address);
        self.go(Method::GET, url, None, "none").await
    }

    /// Clicks the link with this name.
    pub async fn click(&mut self, link: &str) -> &Page {
        let found = self.page().link(link);
        let found = found.unwrap_or_else(|| panic!("no {link:?} in {:?}", self.page().links()));
        let url = self.resolve(found.attr("href").unwrap_or_default());
        self.go(Method::GET, url, None, "same-origin").await
    }

    /// The form that a button of the page sends, to be filled in.
    #[track_caller]
    pub fn form(&self, button: &str) -> Form {
        self.page().form(button)
    }

    /// Fills a form by its labels and presses its button.
    pub async fn send(&mut self, button: &str, filled: &[(&str, &str)]) -> &Page {
        let mut form = self.form(button);
        for (label, value) in filled {
            form.fill(label, value);
        }
        self.submit(&form).await
    }

    /// Presses a button that needs nothing filled in.
    pub async fn press(&mut self, button: &str) -> &Page {
        self.send(button, &[]).await
    }

    /// Sends a form as it is.
    pub async fn submit(&mut self, form: &Form) -> &Page {
        form.check_in_browser();
        let mut url = self.resolve(&form.action);
        if form.method == "GET" {
            url.query_pairs_mut().clear().extend_pairs(form.entries());
            return self.go(Method::GET, url, None, "same-origin").await;
        }
        let body = encode(form);
        self.go(Method::POST, url, Some(body), "same-origin").await
    }

    /// What htmx gets when the button is pressed: the answer, with nothing swapped.
    pub async fn htmx(&mut self, button: &str, filled: &[(&str, &str)]) -> Page {
        let mut form = self.form(button);
        for (label, value) in filled {
            form.fill(label, value);
        }
        self.htmx_submit(&form).await
    }

    /// What htmx gets when this form is sent.
    pub async fn htmx_submit(&mut self, form: &Form) -> Page {
        let (method, action) = verb(form).expect("the form has an hx- attribute");
        let url = self.resolve(&action);
        let body = (method != Method::GET).then(|| encode(form));
        self.htmx_request(method, url, body).await
    }

    /// What htmx gets when the field with this label is left, the form being filled in like this.
    pub async fn htmx_leave(&mut self, label: &str, form: &Form) -> Page {
        self.htmx_on("blur", label, form).await
    }

    /// What htmx gets when somebody typed in the field with this label, likewise.
    pub async fn htmx_type(&mut self, label: &str, form: &Form) -> Page {
        self.htmx_on("input", label, form).await
    }

    async fn htmx_on(&mut self, event: &str, label: &str, form: &Form) -> Page {
        let field = form
            .fields
            .iter()
            .find(|field| field.label == label)
            .expect("a field");
        let hx = |name: &str| {
            let plain = field.attr(&format!("hx-{name}"));
            plain.or_else(|| field.attr(&format!("data-hx-{name}")))
        };
        assert!(
            hx("trigger").is_some_and(|trigger| trigger.contains(event)),
            "{field:?}"
        );
        let url = self.resolve(hx("post").expect("an address that checks"));
        let added = hx("vals").into_iter().flat_map(|vals| vals.split(','));
        let added = added.filter_map(|pair| pair.split_once(':'));
        let added = added.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
        let entries: Vec<_> = form.entries().into_iter().chain(added).collect();
        let body = Body {
            kind: "application/x-www-form-urlencoded".to_owned(),
            bytes: serde_urlencoded::to_string(entries)
                .expect("pairs")
                .into_bytes(),
        };
        self.htmx_request(Method::POST, url, Some(body)).await
    }

    /// What htmx gets when a link or button with `hx-get` is clicked.
    pub async fn htmx_click(&mut self, name: &str) -> Page {
        let candidates = self.page().all("[hx-get], [data-hx-get]");
        let found = candidates.iter().find(|element| element.name == name);
        let found = found.unwrap_or_else(|| panic!("no hx-get {name:?} in {candidates:?}"));
        let address = found.attr("hx-get").or_else(|| found.attr("data-hx-get"));
        let url = self.resolve(address.unwrap_or_default());
        self.htmx_request(Method::GET, url, None).await
    }

    async fn htmx_request(&mut self, method: Method, url: Url, body: Option<Body>) -> Page {
        let current = self.page().url.to_string();
        let shape = move |request: RequestBuilder| {
            request
                .header("Accept", "text/html")
                .header("HX-Request", "true")
                .header("HX-Request-Type", "partial")
                .header("HX-Current-URL", &current)
                .header("Sec-Fetch-Mode", "same-origin")
        };
        self.walk(method, url, body, "same-origin", &shape).await
    }

    async fn go(&mut self, method: Method, url: Url, body: Option<Body>, site: &str) -> &Page {
        let shape = |request: RequestBuilder| {
            request
                .header("Accept", ACCEPT)
                .header("Sec-Fetch-Mode", "navigate")
        };
        let page = self.walk(method, url, body, site, &shape).await;
        self.page.insert(page)
    }

    /// Sends a request and follows redirects.
    async fn walk(
        &mut self,
        mut method: Method,
        mut url: Url,
        mut body: Option<Body>,
        site: &str,
        shape: &dyn Fn(RequestBuilder) -> RequestBuilder,
    ) -> Page {
        let mut redirects = Vec::new();
        loop {
            assert!(
                redirects.len() <= MAX_REDIRECTS,
                "in circles: {redirects:?}"
            );
            let request = self.request(&method, &url, body.as_ref(), site);
            let answer = receive(shape(request)).await;
            self.jar.take(&answer.headers);
            let Some(location) = answer
                .header("location")
                .filter(|_| answer.status / 100 == 3)
            else {
                return Page::new(url, redirects, answer);
            };
            redirects.push((answer.status, location.to_owned()));
            let next = url.join(location).expect("a location");
            // Links may name the service as the world knows it.
            url = self.resolve(next.as_str());
            if answer.status < 307 {
                (method, body) = (Method::GET, None);
            }
        }
    }

    fn request(
        &self,
        method: &Method,
        url: &Url,
        body: Option<&Body>,
        site: &str,
    ) -> RequestBuilder {
        let mut request = self.client.request(method.clone(), url.clone());
        if self.modern {
            request = request.header("Sec-Fetch-Site", site);
            if *method != Method::GET {
                request = request.header("Origin", &self.origin);
            }
        }
        if let Some(trace_id) = &self.trace_id {
            request = request.header("X-Trace-Id", trace_id);
        }
        if let Some(user_agent) = self.user_agent {
            request = request.header("User-Agent", user_agent);
        }
        if let Some(cookies) = self.jar.header(url.path()) {
            request = request.header("Cookie", cookies);
        }
        match body {
            Some(body) => request
                .header("Content-Type", &body.kind)
                .body(body.bytes.clone()),
            None => request,
        }
    }

    /// An address as the page's base makes of it; `PUBLIC_URL` is where we are.
    fn resolve(&self, address: &str) -> Url {
        let here = self.page.as_ref().map_or(&self.base, |page| &page.url);
        let mut url = here.join(address).expect("an address");
        if url.origin().ascii_serialization() == self.origin {
            url.set_scheme(self.base.scheme()).expect("http");
            url.set_host(self.base.host_str()).expect("a host");
            url.set_port(self.base.port()).expect("a port");
        }
        url
    }
}

/// A body and its type.
#[derive(Clone)]
pub struct Body {
    kind: String,
    bytes: Vec<u8>,
}

/// A form's body the way its `enctype` says.
fn encode(form: &Form) -> Body {
    if form.attr("enctype") == Some("multipart/form-data") {
        let chosen = form.file.as_ref();
        let chosen = chosen.map(|f| (f.field.as_str(), "me.png", "image/png", f.bytes.as_slice()));
        // A file field that was left alone is sent as an empty file without a name.
        let nothing: &[u8] = &[];
        let left = form.fields.iter().find(|field| field.kind == "file");
        let left = left.map(|f| (f.name.as_str(), "", "application/octet-stream", nothing));
        let file = chosen.or(left);
        let (boundary, bytes) = multipart(&form.entries(), file);
        let kind = format!("multipart/form-data; boundary={boundary}");
        return Body { kind, bytes };
    }
    Body {
        kind: "application/x-www-form-urlencoded".to_owned(),
        bytes: serde_urlencoded::to_string(form.entries())
            .expect("pairs")
            .into_bytes(),
    }
}

/// Method and address of a form's `hx-…` attribute.
fn verb(form: &Form) -> Option<(Method, String)> {
    [
        Method::POST,
        Method::GET,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ]
    .into_iter()
    .find_map(|method| {
        let address = form.hx(&method.as_str().to_ascii_lowercase())?;
        Some((method, address.to_owned()))
    })
}

async fn receive(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await.expect("a whole answer"),
    }
}
