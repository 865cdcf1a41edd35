//! Routing by method, with the `Allow` header that a 405 must carry (RFC 9110 section 15.5.6).

use crate::Error;
use poem::{
    Endpoint, EndpointExt, IntoEndpoint, Request, Response, endpoint::BoxEndpoint, http::Method,
};

/// The methods of one path. `HEAD` is answered wherever `GET` is.
#[derive(Default)]
pub struct Methods(Vec<(Method, BoxEndpoint<'static, Response>)>);

macro_rules! method {
    ($($name:ident => $method:ident),*) => {
        $(
            #[doc = concat!("A path that answers `", stringify!($method), "`.")]
            pub fn $name<E: IntoEndpoint<Endpoint: 'static>>(endpoint: E) -> Methods {
                Methods::default().$name(endpoint)
            }
        )*

        impl Methods {
            $(
                #[doc = concat!("Answers `", stringify!($method), "` as well.")]
                #[must_use]
                pub fn $name<E: IntoEndpoint<Endpoint: 'static>>(self, endpoint: E) -> Self {
                    self.on(Method::$method, endpoint)
                }
            )*
        }
    };
}

method!(get => GET, post => POST, put => PUT, patch => PATCH, delete => DELETE);

impl Methods {
    fn on<E: IntoEndpoint<Endpoint: 'static>>(mut self, method: Method, endpoint: E) -> Self {
        let endpoint = endpoint.into_endpoint().map_to_response().boxed();
        self.0.push((method, endpoint));
        self
    }

    fn find(&self, method: &Method) -> Option<&BoxEndpoint<'static, Response>> {
        self.0
            .iter()
            .find(|(known, _)| known == method)
            .map(|(_, endpoint)| endpoint)
    }

    fn allow(&self) -> String {
        let mut names: Vec<&str> = self.0.iter().map(|(method, _)| method.as_str()).collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.sort_unstable();
        names.join(", ")
    }
}

impl Endpoint for Methods {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        if let Some(endpoint) = self.find(request.method()) {
            return endpoint.call(request).await;
        }
        match self.find(&Method::GET) {
            Some(endpoint) if request.method() == Method::HEAD => {
                request.set_method(Method::GET);
                let mut response = endpoint.call(request).await?;
                response.set_body(());
                Ok(response)
            }
            _ => Err(Error::MethodNotAllowed {
                allow: self.allow(),
            }
            .into()),
        }
    }
}
