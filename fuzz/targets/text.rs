//! Whatever is typed into a field: what is accepted is within the rule, and accepted again as it is.

use lettre::Address;
use reqwest::Url;
use users_service::domain::{
    Cursor, Email, Password, Position, Username, characters, email, page, password, profile,
    username,
};

/// Takes a text for each of the fields there are.
pub fn text(input: &[u8]) {
    let Ok(typed) = std::str::from_utf8(input) else {
        return;
    };
    address(typed);
    handle(typed);
    secret(typed);
    lines(typed);
    picture(typed);
    place(typed);
}

fn address(typed: &str) {
    let Ok(email) = Email::parse(typed) else {
        return;
    };
    let kept = email.as_str();
    assert_eq!(kept, email::spelled(typed));
    // ASCII is kept as it was typed, and the limits take both spellings for one.
    assert!(typed.contains(kept) || !typed.is_ascii());
    assert_eq!(email::folded(kept), email::folded(typed));
    assert_eq!(Email::parse(kept).as_ref(), Ok(&email));
    assert!(kept.len() <= email::MAX_CHARS);
    assert!(kept.bytes().all(|b| b.is_ascii_graphic()));
    let (_, domain) = kept.split_once('@').expect("an @");
    assert!(domain.contains('.') && !domain.contains('@'));
    // A mail can be sent there.
    assert!(kept.parse::<Address>().is_ok(), "{kept}");
}

fn handle(typed: &str) {
    let Ok(username) = Username::parse(typed) else {
        return;
    };
    let kept = username.as_str();
    assert_eq!(kept, typed);
    assert!((username::MIN_CHARS..=username::MAX_CHARS).contains(&kept.len()));
    assert!(username::has_valid_characters(kept));
    // It stands in a path as it is.
    let page = format!("https://users.example/@{kept}");
    assert_eq!(Url::parse(&page).expect("an address").as_str(), page);
}

fn secret(typed: &str) {
    let Ok(new) = Password::parse(typed, "ana@example.org", "ana") else {
        return;
    };
    let kept = new.expose();
    let chars = kept.chars().count();
    assert!((password::MIN_CHARS..=password::MAX_CHARS).contains(&chars));
    assert_eq!(password::normalise(typed), kept);
    let again = Password::parse(kept, "ana@example.org", "ana").expect("it was good");
    assert_eq!(again.expose(), kept);
    // Never printed, and never good when it is the username or the address.
    assert_eq!(format!("{new:?}"), "Password(…)");
    let blank = typed.trim().is_empty();
    assert!(blank || Password::parse(typed, "ana@example.org", typed).is_err());
    assert!(blank || Password::parse(typed, typed, "ana").is_err());
}

fn lines(typed: &str) {
    if let Ok(Some(name)) = profile::display_name(typed) {
        assert!(name.chars().count() <= profile::MAX_DISPLAY_NAME);
        assert!(!name.chars().any(characters::is_disturbing));
        is_seen(&name);
        assert_eq!(profile::display_name(&name), Ok(Some(name)));
    }
    if let Ok(Some(bio)) = profile::bio(typed) {
        assert!(bio.chars().count() <= profile::MAX_BIO);
        assert!(!bio.replace('\n', "").chars().any(characters::is_disturbing));
        is_seen(&bio);
        assert_eq!(profile::bio(&bio), Ok(Some(bio)));
    }
}

fn is_seen(kept: &str) {
    assert_eq!(kept, kept.trim());
    assert!(characters::shows_something(kept));
    assert!(characters::most_marks(kept) <= profile::MAX_MARKS);
}

fn picture(typed: &str) {
    let Ok(kept) = profile::foreign_avatar_url(typed) else {
        return;
    };
    // As the parser writes it, so that it is taken again as it is.
    assert_eq!(profile::foreign_avatar_url(&kept).as_ref(), Ok(&kept));
    let url = Url::parse(&kept).expect("an address");
    assert_eq!(url.scheme(), "https");
    assert!(url.host_str().is_some_and(|host| !host.is_empty()));
    assert!(url.username().is_empty() && url.password().is_none());
}

fn place(typed: &str) {
    if let Ok(cursor) = Cursor::parse(typed) {
        assert_eq!(cursor.encode(), typed);
    }
    for (page, size, cursor) in [
        (Some(typed), None, None),
        (None, Some(typed), None),
        (None, None, Some(typed)),
    ] {
        if let Ok(position) = Position::parse(page, size, cursor) {
            assert!((1..=page::MAX_PAGE_SIZE).contains(&position.size));
            assert!(
                position
                    .page()
                    .is_none_or(|n| (1..=page::MAX_PAGE).contains(&n))
            );
        }
    }
}
