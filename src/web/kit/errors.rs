//! The page of an error that belongs to no form. Needs neither the database nor a session.

use super::page::Frame;
use crate::Error;
use askama::Template;

#[derive(Template)]
#[template(path = "kit/error.html")]
struct ErrorPage<'a> {
    frame: Frame,
    heading: &'a str,
    message: &'a str,
    trace_id: &'a str,
}

/// The whole page of an error.
#[must_use]
pub fn error_page(error: &Error, trace_id: &str) -> String {
    let message = &error.message();
    let page = ErrorPage {
        frame: Frame {
            bare: true,
            ..Frame::default()
        },
        heading: heading(error),
        message,
        trace_id,
    };
    page.render().unwrap_or_else(|_| message.to_string())
}

fn heading(error: &Error) -> &'static str {
    match error {
        Error::NotFound => "Page not found",
        Error::UserNotFound => "Nobody has this name",
        Error::CannotFollowSelf => "That is you",
        Error::MethodNotAllowed { .. } => "This address works differently",
        Error::PayloadTooLarge => "That was too much",
        Error::TargetTooLong => "This address is too long",
        Error::HeadTooLarge => "Your browser sent too many cookies",
        Error::UnsupportedMediaType(_) | Error::Malformed(_) | Error::Validation(_) => {
            "The request could not be read"
        }
        Error::RequestTimeout => "The request took too long",
        Error::CrossSite | Error::BadFormProof | Error::OtherAddress { .. } => {
            "The request was refused"
        }
        Error::Unauthenticated => "Log in first",
        Error::RateLimited { .. } => "Too many tries",
        Error::MailboxQuiet { .. } => "We leave this address alone",
        Error::Unavailable(_) => "The service is busy",
        Error::Internal(_) => "Something went wrong",
        _ => "That did not work",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_happened_and_hides_the_cause() {
        let html = error_page(&Error::internal("secret cause"), "trace-1");
        assert!(html.contains("<h1>Something went wrong</h1>") && html.contains("trace-1"));
        assert!(!html.contains("secret cause"));
        assert!(error_page(&Error::NotFound, "t").contains("<title>Page not found"));
    }
}
