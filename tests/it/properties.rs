//! Rules of fields as properties: of whatever is typed, not of examples. The fuzzers' targets say
//! what must hold; here are texts that come close to each rule.

use crate::fuzz::targets;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::{prelude::*, test_runner::RngSeed};
use serde_json::json;
use time::OffsetDateTime;
use users_service::{
    Error,
    domain::{Cursor, Email, Password, Username, profile},
    services::{accounts::Registration, profiles::ProfileForm},
};
use uuid::Uuid;

/// The same cases each time.
pub fn always_the_same(cases: u32) -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(20_261_122),
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

/// What people and attackers type, and what looks like each kind of field.
fn typed() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "\\PC{0,320}",
        "[ \\t]?[A-Za-z0-9.!#+'_-]{1,66}@[a-z0-9.-]{1,70}(\\.[a-z0-9]{1,5}){1,3}[ \\n]?",
        "[A-Za-z0-9_.]{1,33}",
        "[a-zA-Zåé\u{301}\u{1F980} ]{6,260}",
        "(\\PC|[\\r\\n\\t\0\u{202e}\u{feff}\u{85}]){0,310}",
        "([a-zé🏴ه\u{301}\u{200b}\u{200d}\u{3164}\u{fe0f}\u{e0067}\u{a0}\u{2028}]|\\p{M}){1,40}",
        "\u{feff}?[a-zü]{1,6}@[a-zßüЖ中\u{200b}\u{200d}.-]{1,40}\\.example\u{200b}?",
        "https://[a-z0-9@:.\\\\/%?#\\[\\]]{0,40}",
        "[A-Za-z0-9_-]{30,34}",
        "[+-]?[0-9]{0,12}",
    ]
}

/// What a form says of the fields, by the code of each.
fn verdict(form: &Registration) -> Vec<(&'static str, &'static str)> {
    let problems = form.problems();
    let entries = problems.entries().iter();
    entries.map(|entry| (entry.field, entry.code)).collect()
}

proptest! {
    #![proptest_config(always_the_same(2_000))]

    #[test]
    fn what_a_field_takes_is_within_its_rule_and_taken_again(typed in typed()) {
        targets::text(typed.as_bytes());
    }

    #[test]
    fn a_form_and_a_json_body_decide_alike(email in typed(), username in typed(), password in typed()) {
        let fields = [("email", &email), ("username", &username), ("password", &password)];
        let form = fields.map(|(name, value)| {
            format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
        });
        let form: Registration = serde_urlencoded::from_str(&form.join("&")).unwrap();
        let body = json!({ "email": email, "username": username, "password": password });
        let body: Registration = serde_json::from_str(&body.to_string()).unwrap();
        prop_assert!(form.password == body.password);
        prop_assert_eq!(verdict(&form), verdict(&body));
    }

    #[test]
    fn each_field_is_judged_by_itself_and_reported_once(email in typed(), username in typed(), password in typed()) {
        let form = Registration {
            email: email.as_str().into(),
            username: username.as_str().into(),
            password: password.as_str().into(),
        };
        let mut expected = Vec::new();
        expected.extend(Email::parse(&email).err().map(|broken| ("email", broken.code)));
        expected.extend(Username::parse(&username).err().map(|broken| ("username", broken.code)));
        let password = Password::parse(&password, &email, &username);
        expected.extend(password.err().map(|broken| ("password", broken.code)));
        prop_assert_eq!(verdict(&form), expected);
    }

    #[test]
    fn a_profile_reads_the_same_from_a_form_and_from_json(name in typed(), bio in typed()) {
        let form = format!(
            "display_name={}&bio={}",
            utf8_percent_encode(&name, NON_ALPHANUMERIC),
            utf8_percent_encode(&bio, NON_ALPHANUMERIC),
        );
        let form: ProfileForm = serde_urlencoded::from_str(&form).unwrap();
        let body = json!({ "display_name": name, "bio": bio }).to_string();
        let body: ProfileForm = serde_json::from_str(&body).unwrap();
        prop_assert!(form.display_name == body.display_name && form.bio == body.bio);
        prop_assert!(form.avatar_url == body.avatar_url);
    }

    #[test]
    fn line_breaks_count_the_same_however_a_browser_sends_them(lines in prop::collection::vec("[a-z]{0,60}", 1..9)) {
        let (unix, browser) = (lines.join("\n"), lines.join("\r\n"));
        prop_assert_eq!(profile::bio(&unix), profile::bio(&browser));
    }

    #[test]
    fn a_cursor_survives_the_way_through_an_address(micros in 0..253_402_300_799_000_000_i64, id in any::<u128>()) {
        let cursor = Cursor {
            created_at: OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).unwrap(),
            id: Uuid::from_u128(id),
        };
        let text = cursor.encode();
        prop_assert_eq!(Cursor::parse(&text), Ok(cursor));
        prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
    }

    #[test]
    fn wrong_types_are_reported_and_never_taken_for_texts(number in any::<i64>(), flag in any::<bool>()) {
        for value in [json!(number), json!(flag), json!([flag]), json!({ "a": number }), json!(null)] {
            let body = json!({ "email": value, "username": value, "password": value });
            let body: Registration = serde_json::from_str(&body.to_string()).unwrap();
            prop_assert_eq!(verdict(&body).len(), 3);
            prop_assert!(matches!(body.problems().into_error(), Error::Validation(_)));
        }
    }
}
