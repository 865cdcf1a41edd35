//! What the mails with a link say.

use super::Name;
use askama::Template;

/// A mail's words: what is left to add is who it goes to.
#[derive(Debug, Clone)]
pub struct Words {
    /// One line.
    pub subject: String,
    /// The text part, ASCII as long as what goes into it is.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

impl Words {
    /// A mail with this subject, of its two templates.
    pub(super) fn of(
        subject: &str,
        text: &impl Template,
        html: &impl Template,
    ) -> Result<Self, askama::Error> {
        Ok(Self {
            subject: subject.to_owned(),
            text: text.render()?,
            html: html.render()?,
        })
    }
}

struct Letter<'a> {
    subject: &'static str,
    username: Name,
    site: &'a str,
    link: &'a str,
}

impl<'a> Letter<'a> {
    fn new(subject: &'static str, username: &'a str, site: &'a str, link: &'a str) -> Self {
        Self {
            subject,
            username: Name::of(username),
            site,
            link,
        }
    }
}

#[derive(Template)]
#[template(path = "emails/verify_email.txt")]
struct VerifyEmailText<'a>(&'a Letter<'a>);

#[derive(Template)]
#[template(path = "emails/verify_email.html")]
struct VerifyEmailHtml<'a>(&'a Letter<'a>);

/// Asks the person behind a new account to prove the address. `site` is the host people know
/// us by, `link` opens the page that confirms the address or deletes the account.
pub fn verify_email(username: &str, site: &str, link: &str) -> Result<Words, askama::Error> {
    let letter = Letter::new("Verify your email address", username, site, link);
    Words::of(
        letter.subject,
        &VerifyEmailText(&letter),
        &VerifyEmailHtml(&letter),
    )
}

#[derive(Template)]
#[template(path = "emails/reset_password.txt")]
struct ResetPasswordText<'a>(&'a Letter<'a>);

#[derive(Template)]
#[template(path = "emails/reset_password.html")]
struct ResetPasswordHtml<'a>(&'a Letter<'a>);

/// Gives the owner of an account the link that sets a new password.
pub fn reset_password(username: &str, site: &str, link: &str) -> Result<Words, askama::Error> {
    let letter = Letter::new("Set a new password", username, site, link);
    Words::of(
        letter.subject,
        &ResetPasswordText(&letter),
        &ResetPasswordHtml(&letter),
    )
}

#[derive(Template)]
#[template(path = "emails/confirm_email.txt")]
struct ConfirmEmailText<'a>(&'a Letter<'a>);

#[derive(Template)]
#[template(path = "emails/confirm_email.html")]
struct ConfirmEmailHtml<'a>(&'a Letter<'a>);

/// Asks the new address of an account to prove itself. `link` opens the page that confirms it.
pub fn confirm_email(username: &str, site: &str, link: &str) -> Result<Words, askama::Error> {
    let letter = Letter::new("Confirm your new email address", username, site, link);
    Words::of(
        letter.subject,
        &ConfirmEmailText(&letter),
        &ConfirmEmailHtml(&letter),
    )
}

#[derive(Template)]
#[template(path = "emails/email_in_use.txt")]
struct EmailInUseText<'a>(&'a Letter<'a>);

#[derive(Template)]
#[template(path = "emails/email_in_use.html")]
struct EmailInUseHtml<'a>(&'a Letter<'a>);

/// Tells an address that has an account already that it can't become that of `username` too.
/// `link` opens the settings, where either account gets another one.
pub fn email_in_use(username: &str, site: &str, link: &str) -> Result<Words, askama::Error> {
    let letter = Letter::new("Your email address is in use already", username, site, link);
    Words::of(
        letter.subject,
        &EmailInUseText(&letter),
        &EmailInUseHtml(&letter),
    )
}

#[derive(Template)]
#[template(path = "emails/keep_email.txt")]
struct KeepEmailText<'a>(&'a Keep<'a>);

#[derive(Template)]
#[template(path = "emails/keep_email.html")]
struct KeepEmailHtml<'a>(&'a Keep<'a>);

struct Keep<'a> {
    username: Name,
    site: &'a str,
    link: &'a str,
    subject: &'static str,
    until: &'a str,
}

/// Asks the new address of an account, a day after the change, whether it is to be kept. `until` is
/// when the way back to the old one ends by itself, `link` opens the page that ends it now.
pub fn keep_email(
    username: &str,
    site: &str,
    link: &str,
    until: &str,
) -> Result<Words, askama::Error> {
    let keep = Keep {
        username: Name::of(username),
        site,
        link,
        subject: "Keep your new email address",
        until,
    };
    Words::of(keep.subject, &KeepEmailText(&keep), &KeepEmailHtml(&keep))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const LINK: &str = "https://social.example.org/verify?token=0123456789";

    #[test]
    fn the_link_stands_alone_on_its_line() {
        let words = verify_email("ana", "social.example.org", LINK).unwrap();
        let lines: Vec<&str> = words.text.lines().collect();
        let at = lines.iter().position(|line| *line == LINK).unwrap();
        assert_eq!((lines[at - 1], lines[at + 1]), ("", ""));
        assert_eq!(words.text.matches("://").count(), 1);
        assert!(lines.iter().all(|line| *line == LINK || line.len() <= 72));
    }

    #[test]
    fn both_parts_say_what_matters() {
        let words = verify_email("ana_b2", "social.example.org", LINK).unwrap();
        assert_eq!(words.subject, "Verify your email address");
        for part in [&words.text, &words.html] {
            for said in [
                "ana_b2",
                "social.example.org",
                LINK,
                "24 hours",
                "This was not me",
            ] {
                assert!(part.contains(said), "{said}\n{part}");
            }
            assert!(part.is_ascii());
        }
    }

    #[test]
    fn the_mail_with_a_reset_link_says_what_matters_in_both_parts() {
        let link = "https://social.example.org/reset-password?token=0123456789";
        let words = reset_password("ana_b2", "social.example.org", link).unwrap();
        for part in [&words.text, &words.html] {
            for said in [
                "ana_b2",
                "social.example.org",
                link,
                "one hour",
                "did not ask",
            ] {
                assert!(part.contains(said), "{said}\n{part}");
            }
            assert!(part.is_ascii());
        }
        let lines: Vec<&str> = words.text.lines().collect();
        assert!(lines.iter().all(|line| *line == link || line.len() <= 72));
        assert!(lines.contains(&link));
    }

    #[test]
    fn the_html_part_is_small_and_asks_for_nothing_from_outside() {
        let html = verify_email("<script>", "social.example.org", LINK)
            .unwrap()
            .html;
        assert!(html.len() < 10_000);
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"));
        assert!(html.contains("<title>Verify your email address</title>"));
        for outside in ["<img", "<link", "<script", "src=", "url(", "@import"] {
            assert!(!html.contains(outside), "{outside}");
        }
    }
}
