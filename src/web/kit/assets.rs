//! The static files: in the program, under names that change with their content.

use super::compress::{Coding, accepted};
use crate::{Error, Result};
use poem::{Request, Response, handler, http::header};

/// One file, as `build.rs` prepared it.
struct Asset {
    /// Its name in `static/`.
    name: &'static str,
    /// Its path outside, with a part of its hash.
    path: &'static str,
    plain: &'static [u8],
    br: &'static [u8],
    gz: &'static [u8],
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The path of a file in `static/`, for templates.
#[must_use]
pub fn path(name: &str) -> &'static str {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    asset.map_or("", |asset| asset.path)
}

/// `GET /static/{name}`
#[handler]
pub(in crate::web) fn show(request: &Request) -> Result<Response> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.path == request.original_uri().path())
        .ok_or(Error::NotFound)?;
    Ok(answer(asset, request))
}

/// `GET /favicon.ico`, the name that browsers ask for by themselves.
#[handler]
pub(in crate::web) fn favicon(request: &Request) -> Result<Response> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == "icon.svg")
        .ok_or(Error::NotFound)?;
    let mut response = answer(asset, request);
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("public, max-age=86400"),
    );
    Ok(response)
}

/// `GET /robots.txt`: people's pages are not for search engines.
#[handler]
pub(in crate::web) fn robots() -> Response {
    Response::builder()
        .content_type("text/plain; charset=utf-8")
        .header(header::CACHE_CONTROL, "public, max-age=86400")
        .body("User-agent: *\nDisallow: /@\n")
}

fn answer(asset: &Asset, request: &Request) -> Response {
    let coding = accepted(request);
    let body = match coding {
        Some(Coding::Brotli) => asset.br,
        Some(Coding::Gzip) => asset.gz,
        None => asset.plain,
    };
    let mut response = Response::builder()
        .content_type(content_type(asset.name))
        .header(header::CACHE_CONTROL, "public, max-age=31536000, immutable")
        .header(header::VARY, "Accept-Encoding")
        .body(body);
    if let Some(coding) = coding {
        coding.announce(&mut response);
    }
    response
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_known_type_and_a_name_of_its_content() {
        for asset in ASSETS {
            assert_ne!(
                content_type(asset.name),
                "application/octet-stream",
                "{}",
                asset.name
            );
            assert!(!asset.path.ends_with(asset.name), "{}", asset.path);
            assert!(asset.br.len() < asset.plain.len() && asset.gz.len() < asset.plain.len());
        }
    }

    #[test]
    fn what_the_templates_name_is_there() {
        for name in ["app.css", "app.js", "htmx-4.0.1.min.js", "icon.svg"] {
            assert!(ASSETS.iter().any(|asset| asset.name == name), "{name}");
        }
    }
}
