//! What names, bios and addresses may be made of: what nobody sees is no part of them, and what
//! people do write stays as it is.

use crate::support::{Api, PASSWORD, TestApp};
use serde_json::{Value, json};

/// Addresses of one mailbox, as people type and paste them.
const SPELLINGS: [&str; 4] = [
    "ana@bücher.example",
    "ANA@BÜCHER.example",
    "\u{feff}ana@bücher.example\u{200b}",
    "\u{202a}ana@xn--bcher-kva.example\u{a0}",
];
const KEPT: &str = "ana@xn--bcher-kva.example";

async fn kept(api: &Api, field: &str, typed: &str) -> Value {
    let answer = api.patch("/users/me", json!({ field: typed })).await;
    answer.expect(200).json()[field].clone()
}

async fn refused(api: &Api, field: &str, typed: &str) -> String {
    let answer = api.patch("/users/me", json!({ field: typed })).await;
    let message = answer.invalid(field)["fields"][0]["message"].clone();
    message.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_shows_nothing_is_no_name_and_no_bio() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    for field in ["display_name", "bio"] {
        for unseen in [
            "\u{200b}\u{feff}\u{2060}",
            "\u{3164}",
            "\u{a0}\u{3000}\u{2800}",
            "\u{301}\u{20dd}",
            "\u{e0067}\u{e0062}\u{e007f}",
            "\u{fe0f}\u{200d}\u{34f}",
            "\u{1d173}\u{1bca0}",
        ] {
            kept(&api, field, "Ana").await;
            assert_eq!(kept(&api, field, unseen).await, Value::Null, "{unseen:?}");
        }
    }
    let shown = app.api().get("/@ana").await.expect(200);
    assert!(!shown.text().contains('\u{1d173}'));
}

#[tokio::test]
async fn a_name_is_kept_as_it_is_seen() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    for alike in [
        "Ana\u{200b} B",
        "A\u{200d}na B\u{fe0f}",
        "\u{200e}An\u{ad}a\u{3164} B\u{e0041}",
        "Ana  B",
        "Ana \u{a0}\u{a0}\u{a0}\u{2003} B\u{a0}",
    ] {
        assert_eq!(
            kept(&api, "display_name", alike).await,
            "Ana B",
            "{alike:?}"
        );
    }
    // What is left out does not count.
    let long = format!("{}\u{200b}", "a\u{2060}".repeat(100));
    assert_eq!(kept(&api, "display_name", &long).await, "a".repeat(100));
}

#[tokio::test]
async fn emoji_and_scripts_stay_as_they_are() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    for typed in [
        "👩🏽\u{200d}🚀 👨\u{200d}👩\u{200d}👧\u{200d}👦 🏳\u{fe0f}\u{200d}🌈 ❤\u{fe0f} 1\u{fe0f}\u{20e3} 🇩🇪",
        "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "می\u{200c}خواهم",
        "क्\u{200d}ष ශ්\u{200d}රී র\u{200d}্য",
        "ᠭᠠᠵᠠᠷ\u{180e}ᠠ",
        "山田\u{3000}太郎 葛\u{e0100}",
        "דנה\u{200f} (C++)\u{200f}",
        "e\u{301} Nguyễn ཧྐྵྨླྺྼྻྂ",
        "⠓⠑⠇⠇⠕\u{2800}⠺",
    ] {
        for field in ["display_name", "bio"] {
            assert_eq!(kept(&api, field, typed).await, typed);
        }
    }
    let words = "ខ្ញុំ\u{200b}ស្រលាញ់";
    assert_eq!(kept(&api, "bio", words).await, words);
}

#[tokio::test]
async fn a_bio_may_be_pasted_with_tabs_and_any_line_breaks() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    let pasted = "Likes:\tmaps\r\ntrains\u{2028}tea\rcake\t";
    assert_eq!(
        kept(&api, "bio", pasted).await,
        "Likes: maps\ntrains\ntea\ncake"
    );
    for two_lines in ["Ana\u{2028}B", "Ana\nB", "Ana\tB"] {
        let told = refused(&api, "display_name", two_lines).await;
        assert_eq!(told, "Display name must be one line, without tabs");
    }
}

#[tokio::test]
async fn a_letter_can_have_ten_marks_and_no_more() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let api = app.api().of(&ana);
    for (field, label) in [("display_name", "Display name"), ("bio", "Bio")] {
        let ten = format!("Z{}algo", "\u{335}".repeat(10));
        assert_eq!(kept(&api, field, &ten).await, ten);
        for marks in ["\u{335}".repeat(99), "\u{335}\u{200d}".repeat(11)] {
            let told = refused(&api, field, &format!("Z{marks}algo")).await;
            let words = "can have 10 accents or marks on one letter at most. Remove some";
            assert_eq!(told, format!("{label} {words}"));
        }
    }
}

#[tokio::test]
async fn one_mailbox_has_one_account_however_its_domain_is_spelled() {
    let app = TestApp::start().await;
    let api = app.api();
    let register = async |email: &str, username: &str| {
        let body = json!({ "email": email, "username": username, "password": PASSWORD });
        api.post("/auth/register", body).await
    };
    let made = register("Ana@bücher.example", "ana").await.expect(201);
    assert_eq!(made.json()["email"], "Ana@xn--bcher-kva.example");
    for email in SPELLINGS {
        register(email, "ana2")
            .await
            .error(409, "EMAIL_ALREADY_EXISTS");
    }
    let to = "Ana@xn--bcher-kva.example";
    let mut mails = 1;
    app.sink.mail_to(to).await;
    for email in SPELLINGS {
        let asked = api
            .post("/auth/verify/resend", json!({ "email": email }))
            .await;
        asked.expect(202);
        mails += 1;
        app.sink.nth_mail_to(to, mails).await;
    }
    app.execute("update users.users set email_verified = true")
        .await;
    for email in SPELLINGS {
        let typed = json!({ "email": email, "password": PASSWORD });
        api.post("/auth/login", typed).await.expect(200);
        let asked = api
            .post("/auth/password/forgot", json!({ "email": email }))
            .await;
        asked.expect(202);
        mails += 1;
        app.sink.nth_mail_to(to, mails).await;
    }
}

#[tokio::test]
async fn spellings_of_one_address_share_its_limits() {
    let app = TestApp::with(&[("RATE_LIMIT_RULES", "log_in_pair=2+1/h")]).await;
    let mut answers = Vec::new();
    for email in SPELLINGS {
        let typed = json!({ "email": email, "password": "a wrong password" });
        answers.push(app.api().post("/auth/login", typed).await.status);
    }
    assert_eq!(answers, [401, 401, 429, 429]);
}

#[tokio::test]
async fn a_new_address_may_be_pasted_with_what_nobody_sees() {
    let app = TestApp::start().await;
    let ana = app.person("ana").await;
    let mut visitor = app.signed_in(&ana).await;
    app.asks_for(&mut visitor, "\u{feff}ana@bücher.example\u{200b}")
        .await;
    visitor.page().shows(&format!("We sent an email to {KEPT}"));
    let mail = app.sink.mail_to(KEPT).await;
    assert_eq!(mail.subject(), "Confirm your new email address");
}

#[tokio::test]
async fn the_page_says_what_is_wrong_with_an_address_on_leaving_it_and_on_sending() {
    let app = TestApp::start().await;
    let mut visitor = app.visitor();
    visitor.open("/register").await;
    let other_letters = "Mail can't be sent to an address with letters other than a to z \
        before the @. Use another one";
    let unseen = "Email has a character in it that can't be seen. Type it instead of pasting it";
    for (typed, told) in [
        ("anä@example.org", Some(other_letters)),
        ("an\u{200b}a@example.org", Some(unseen)),
        ("ana@bücher", Some("Enter a valid email address")),
        ("ana@bücher.example", None),
        ("\u{200b}ana@example.org\u{feff}", None),
    ] {
        let mut form = visitor.form("Create account");
        form.fill("Email", typed);
        let left = visitor.htmx_leave("Email", &form).await.field("Email");
        // Without a password, so that no account comes of it.
        let sent = visitor.submit(&form).await.field("Email");
        for field in [left, sent] {
            assert_eq!(field.is_invalid(), told.is_some(), "{typed:?}");
            assert!(field.description.contains(told.unwrap_or_default()));
        }
    }
}

#[tokio::test]
async fn a_username_pasted_with_what_nobody_sees_is_told_so() {
    let app = TestApp::start().await;
    for username in ["ana\u{200b}", "\u{feff}ana", "an\u{ad}a"] {
        let body = json!({ "email": "a@example.org", "username": username, "password": PASSWORD });
        let answer = app.api().post("/auth/register", body).await;
        let error = answer.invalid("username");
        assert_eq!(
            error["fields"][0]["message"],
            "Username has a character in it that can't be seen. Type it instead of pasting it"
        );
    }
}
