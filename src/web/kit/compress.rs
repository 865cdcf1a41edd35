//! Compression of pages, by what the client accepts.

use crate::{Error, Result, http::headers::is_page};
use async_compression::{
    Level,
    tokio::bufread::{BrotliEncoder, GzipEncoder},
};
use poem::{
    Request, Response,
    http::{HeaderValue, header},
};
use tokio::io::AsyncReadExt;

/// Smaller bodies fit into one packet with their head anyway.
const MIN_BYTES: usize = 600;
/// How hard to try. A page of 3,158 bytes becomes 1,396 with brotli and 1,410 with gzip, for 18 and
/// 24 µs; brotli's level 5 gives 1,078 for 67 µs, gzip's level 6 gives 1,281 for 36 µs. All of them
/// are one packet, so a reader waits as long, and making the whole page takes some 25 µs. Files,
/// which weigh more than pages, are compressed as well as can be, once, when the program is built.
const LEVEL: Level = Level::Precise(1);

/// A way to compress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::web) enum Coding {
    Brotli,
    Gzip,
}

impl Coding {
    fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    /// Says that the body is compressed like this.
    pub(in crate::web) fn announce(self, response: &mut Response) {
        let name = HeaderValue::from_static(self.name());
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, name);
    }

    /// Whether an answer says that its body is compressed.
    pub(in crate::web) fn is_announced(response: &Response) -> bool {
        response.headers().contains_key(header::CONTENT_ENCODING)
    }
}

/// The best coding that a request accepts (RFC 9110 section 12.5.3); none: as it is.
pub(in crate::web) fn accepted(request: &Request) -> Option<Coding> {
    let header = request.header(header::ACCEPT_ENCODING)?;
    let quality = |coding: Coding| {
        let named = |name: &str| {
            header
                .split(',')
                .map(quality_of)
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        named(coding.name())
            .or_else(|| named("*"))
            .map_or(0.0, |(_, quality)| quality)
    };
    let (br, gzip) = (quality(Coding::Brotli), quality(Coding::Gzip));
    if br > 0.0 && br >= gzip {
        Some(Coding::Brotli)
    } else {
        (gzip > 0.0).then_some(Coding::Gzip)
    }
}

/// `gzip;q=0.5` as its name and its weight. A weight that can't be read counts as refusal.
fn quality_of(item: &str) -> (&str, f32) {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    (name, weight.map_or(1.0, |text| text.parse().unwrap_or(0.0)))
}

/// Compresses a page's body. What is no page, small, or compressed already stays as it is.
pub(in crate::web) async fn compress(
    response: Response,
    coding: Option<Coding>,
) -> Result<Response> {
    let is_done = Coding::is_announced(&response);
    match coding.filter(|_| is_page(&response) && !is_done) {
        // Boxed: what compresses takes thousands of bytes in every request's future.
        Some(coding) => Box::pin(compressed(response, coding)).await,
        None => Ok(response),
    }
}

async fn compressed(mut response: Response, coding: Coding) -> Result<Response> {
    let body = response
        .take_body()
        .into_bytes()
        .await
        .map_err(Error::internal)?;
    if body.len() < MIN_BYTES {
        response.set_body(body);
        return Ok(response);
    }
    let mut packed = Vec::with_capacity(body.len() / 2);
    let outcome = match coding {
        Coding::Brotli => {
            BrotliEncoder::with_quality(&*body, LEVEL)
                .read_to_end(&mut packed)
                .await
        }
        Coding::Gzip => {
            GzipEncoder::with_quality(&*body, LEVEL)
                .read_to_end(&mut packed)
                .await
        }
    };
    outcome.map_err(Error::internal)?;
    response.set_body(packed);
    coding.announce(&mut response);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted_by(header: &str) -> Option<Coding> {
        accepted(
            &Request::builder()
                .header("accept-encoding", header)
                .finish(),
        )
    }

    #[test]
    fn the_best_accepted_coding_is_taken() {
        assert_eq!(accepted_by("gzip, deflate, br, zstd"), Some(Coding::Brotli));
        assert_eq!(accepted_by("gzip"), Some(Coding::Gzip));
        assert_eq!(accepted_by("br;q=0.5, gzip;q=0.8"), Some(Coding::Gzip));
        assert_eq!(accepted_by("br;q=0, gzip"), Some(Coding::Gzip));
        assert_eq!(accepted_by("*"), Some(Coding::Brotli));
        assert_eq!(accepted_by("br;q=0, *;q=0.1"), Some(Coding::Gzip));
        assert_eq!(accepted_by("GZIP ; Q=1"), Some(Coding::Gzip));
        for none in [
            "",
            "identity",
            "zstd",
            "br;q=0",
            "gzip;q=0.0, br;q=x",
            "*;q=0",
        ] {
            assert_eq!(accepted_by(none), None, "{none}");
        }
        assert_eq!(accepted(&Request::default()), None);
    }

    #[tokio::test]
    async fn pages_are_compressed_and_nothing_else() -> Result<()> {
        let page = |kind: &str, bytes: usize| {
            Response::builder()
                .content_type(kind)
                .body("a".repeat(bytes))
        };
        let is_packed = |response: &Response| response.header("content-encoding").is_some();
        let gzip = Some(Coding::Gzip);
        assert!(is_packed(
            &compress(page("text/html; charset=utf-8", 5_000), gzip).await?
        ));
        assert!(!is_packed(&compress(page("text/html", 5_000), None).await?));
        assert!(!is_packed(&compress(page("text/html", 100), gzip).await?));
        assert!(!is_packed(&compress(page("text/css", 5_000), gzip).await?));
        Ok(())
    }
}
