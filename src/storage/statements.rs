//! The statements of the running service on one page: `statements.sql` beside this file. The
//! two that write a browser session are run by every log-in test.
//! Run the test with `UPDATE_SNAPSHOT=1` after a change, and read the difference.

use super::{
    Who, audit, avatars, deletions, devices, email_changes, email_restorations,
    email_verifications, exports, follows, held_usernames, history, known_devices, leases,
    lists::{self, Owner},
    outbox, password_resets,
    personal_data::{self, Part},
    profiles, quiet_mailboxes, rate_limits,
    retention::{self, Class},
    sessions, suggestions, users, web_sessions,
};
use crate::{
    database::{notices, replicas},
    domain::{
        Email, Position, Username,
        limit::{Limits, Rule},
        page::{Cursor, Start},
        profile::ProfileChange,
    },
};
use sea_query::PostgresQueryBuilder;
use std::time::Duration;
use time::{OffsetDateTime, macros::datetime};
use uuid::Uuid;

const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);
const MINUTE: Duration = Duration::from_mins(1);
const NONE_PASSED: time::Duration = time::Duration::ZERO;
const A: Uuid = Uuid::from_u128(1);
const B: Uuid = Uuid::from_u128(2);
const HASH: [u8; 32] = [7; 32];
const ACCOUNT: Who = Who::Account(A);
const SESSION: Who = Who::Session(HASH, NOW);

macro_rules! page {
    ($($name:literal: $statement:expr),* $(,)?) => {
        [$(($name, $statement.build(PostgresQueryBuilder).0)),*]
            .map(|(name, sql)| format!("-- {name}\n{sql};\n"))
            .join("\n")
    };
}

#[test]
#[allow(clippy::unwrap_used, clippy::too_many_lines)] // One page, on purpose.
fn every_statement_is_as_reviewed() {
    let email = Email::parse("ana@example.org").unwrap();
    let username = Username::parse("ana").unwrap();
    let user = users::NewUser {
        id: A,
        username: &username,
        email: &email,
        password_hash: "hash",
    };
    let token = sessions::NewToken {
        hash: HASH,
        generation: 1,
        expires_at: NOW,
    };
    let sixteenth = sessions::NewToken {
        generation: 16,
        ..token
    };
    let rotation = sessions::Rotation {
        old: &HASH,
        sealed_successor: b"sealed",
        new: &token,
        opened_after: NOW,
        now: NOW,
    };
    let forgetting = sessions::Rotation {
        new: &sixteenth,
        ..rotation
    };
    let everything = ProfileChange {
        display_name: Some(None),
        bio: Some(None),
        avatar_url: Some(None),
    };
    let after = Position {
        start: Start::After(Cursor {
            created_at: NOW,
            id: A,
        }),
        size: 20,
    };
    let owed = outbox::Owed {
        id: B,
        user_id: A,
        kind: outbox::Kind::VerifyEmail,
        recipient: None,
        data: None,
        trace_id: None,
        created_at: NOW,
        attempts: 3,
        username: String::new(),
        email: String::new(),
        email_verified: false,
    };
    let buckets = [rate_limits::Bucket {
        key: HASH,
        limit: Limits::default().of(Rule::LogInAccount),
    }];
    let claimed = exports::Claimed {
        user_id: A,
        attempt: 1,
    };
    let everything_of = |part| personal_data::sql::page(A, part, Some((NOW, B)));
    let [
        tokens_of,
        links_of,
        mails_of,
        pieces_of,
        browsers_of,
        sessions_of,
        devices_of,
        resets_of,
    ] = retention::sql::all_of(A);
    let page = page! {
        "users::insert": users::sql::insert(&user, NOW),
        "users::credentials": users::sql::credentials("ana@example.org"),
        "users::credentials_of": users::sql::credentials_of(A),
        "users::replace_password_hash": users::sql::replace_password_hash(A, "old", "new", NOW),
        "users::reset_password": users::sql::reset_password(A, "hash", NOW),
        "users::correct_email": users::sql::correct_email(A, &email, NOW),
        "users::set_email": users::sql::set_email(A, "new@example.org", NOW),
        "users::email_of_another": users::sql::email_of_another(A, "new@example.org"),
        "users::named, an account": users::sql::named(ACCOUNT, true),
        "users::named, a session": users::sql::named(SESSION, false),
        "users::set_username": users::sql::set_username(A, "new", Some(NOW), NOW),
        "users::mark_verified": users::sql::mark_verified(A, NOW),
        "users::unverified": users::sql::unverified("ana@example.org", true),
        "users::lock_lapsed": users::sql::lock_lapsed(Some("ana@example.org"), Some("ana"), NOW),
        "users::delete_unverified": users::sql::delete_unverified(A),
        "users::email_exists": users::sql::email_exists("ana@example.org"),
        "users::visible": users::sql::visible(A.into()),
        "users::by_link": users::sql::by_link(&HASH, true),
        "users::people_by_ids": users::sql::people_by_ids(&[A, B]),
        "users::person_by_username": users::sql::person_by_username("ana"),
        "suggestions::of, a session": suggestions::sql::of(SESSION, 16),
        "suggestions::of, an account": suggestions::sql::of(ACCOUNT, 16),
        "email_changes::replace": email_changes::sql::replace(&email_changes::NewChange { user_id: A, session_id: B, email: "new@example.org", token_hash: HASH, expires_at: NOW, now: NOW }),
        "email_changes::of, an account": email_changes::sql::of(ACCOUNT, NOW),
        "email_changes::of, a session": email_changes::sql::of(SESSION, NOW),
        "email_changes::by_link": email_changes::sql::by_link(&HASH, NOW, true),
        "email_changes::cancel_of_others": email_changes::sql::cancel_of_others(A, B),
        "email_changes::cancel": email_changes::sql::cancel(A),
        "email_restorations::issue": email_restorations::sql::issue(&email_restorations::NewRestoration { user_id: A, token_hash: HASH, keep_token_hash: HASH, email: "old@example.org", expires_at: NOW, now: NOW }),
        "email_restorations::by_link": email_restorations::sql::by_link(&HASH, NOW, true),
        "email_restorations::by_keep_link": email_restorations::sql::by_keep_link(&HASH, NOW, true),
        "email_restorations::delete_since": email_restorations::sql::delete_since(A, NOW),
        "email_restorations::delete_until": email_restorations::sql::delete_until(A, NOW),
        "held_usernames::hold": held_usernames::sql::hold("ana", Some(A), NOW),
        "held_usernames::held_from": held_usernames::sql::held_from("ana", A, NOW),
        "held_usernames::successor": held_usernames::sql::successor("ana", NOW),
        "email_verifications::issue": email_verifications::sql::issue(&HASH, A, "ana@example.org", NOW, NOW),
        "email_verifications::mark_used": email_verifications::sql::mark_used(&HASH, NOW),
        "email_verifications::delete_unused": email_verifications::sql::delete_unused(A),
        "password_resets::request": password_resets::sql::request(&password_resets::Request::new(&email, NOW)),
        "password_resets::take_requests": password_resets::sql::take_requests(8),
        "password_resets::issue": password_resets::sql::issue(&HASH, A, "ana@example.org", NOW, NOW),
        "password_resets::linked": password_resets::sql::linked(&HASH, NOW, true),
        "password_resets::mark_used": password_resets::sql::mark_used(&HASH, NOW),
        "sessions::open": sessions::sql::open(&sessions::Opened { session_id: B, user_id: A, password_hash: "hash", token: &token, places: &[(HASH, NOW)], now: NOW }),
        "sessions::rotate": sessions::sql::rotate(&rotation),
        "sessions::rotate, forgetting": sessions::sql::rotate(&forgetting),
        "sessions::is_outlived": sessions::sql::is_outlived(B, 1, NOW),
        "sessions::token": sessions::sql::token(&HASH),
        "sessions::live": sessions::sql::live(B, NOW),
        "sessions::hold": sessions::sql::hold(B),
        "sessions::lock_live": sessions::sql::lock_live(B),
        "sessions::last_place": sessions::sql::last_place(A),
        "sessions::authenticated_at": sessions::sql::authenticated_at(B),
        "sessions::authenticate": sessions::sql::authenticate(B, A, "hash", NOW),
        "sessions::lock_live_of": sessions::sql::lock_live_of(A, Some(B)),
        "sessions::end_all": sessions::sql::end_all(&[A, B], sessions::EndReason::PasswordChanged, NOW),
        "sessions::revoke_all": sessions::sql::revoke_all(&[B], NOW),
        "web_sessions::live": web_sessions::sql::live(&HASH, NOW),
        "web_sessions::rename": web_sessions::sql::rename(A, "anna"),
        "web_sessions::delete": web_sessions::sql::delete(&HASH),
        "web_sessions::delete_of": web_sessions::sql::delete_of(&[B]),
        "profiles::by_ids": profiles::sql::by_ids(&[A, B]),
        "profiles::by_id": profiles::sql::by_id(A),
        "profiles::by_id, a session": profiles::sql::by_id(SESSION),
        "profiles::by_username": profiles::sql::by_username("ana"),
        "profiles::seen_by, a session": profiles::sql::seen_by(SESSION, "ana"),
        "profiles::seen_by, an account": profiles::sql::seen_by(ACCOUNT, "ana"),
        "profiles::update": profiles::sql::update(A, &everything, NOW),
        "follows::insert": follows::sql::insert(A, B.into(), NOW),
        "follows::delete": follows::sql::delete(A, B.into()),
        "follows::page by number": follows::sql::page(A.into(), follows::List::Followers, &Position::default()),
        "follows::page by cursor": follows::sql::page(A.into(), follows::List::Followees, &after),
        "follows::delete_followers": follows::sql::delete_followers(A),
        "follows::delete_followees": follows::sql::delete_followees(A),
        "follows::forget_counts": follows::sql::forget_counts(A),
        "lists::page, the viewer's own": lists::sql::page(SESSION, Owner::Viewer, follows::List::Followers, &Position::default()),
        "lists::page, by number": lists::sql::page(SESSION, Owner::Named("ana"), follows::List::Followers, &Position::default()),
        "lists::page, an account": lists::sql::page(ACCOUNT, Owner::Named("ana"), follows::List::Followers, &Position::default()),
        "lists::page, by cursor": lists::sql::page(SESSION, Owner::Named("ana"), follows::List::Followers, &after),
        "devices::open, an account": devices::sql::open(ACCOUNT, NOW, NOW),
        "devices::open, a session": devices::sql::open(SESSION, NOW, NOW),
        "devices::lock_own": devices::sql::lock_own(A, B),
        "devices::ended_after": devices::sql::ended_after(Cursor { created_at: NOW, id: B }, 1_000),
        "avatars::lock_owner": avatars::sql::lock_owner(A),
        "avatars::issue": avatars::sql::issue(A, "name.jpg", NOW),
        "avatars::issued": avatars::sql::issued(A),
        "avatars::forget": avatars::sql::forget(A, &["name.jpg".to_owned()]),
        "avatars::named": avatars::sql::named(&["name.jpg".to_owned()]),
        "deletions::request": deletions::sql::request(A, NOW),
        "deletions::keep": deletions::sql::keep(A, "hash", NOW),
        "deletions::claim": deletions::sql::claim(NOW),
        "deletions::postpone": deletions::sql::postpone(A, NOW, NOW),
        "deletions::let_go": deletions::sql::let_go(A, NOW),
        "deletions::let_go_unproven": deletions::sql::let_go_unproven(NOW, NOW),
        "deletions::anonymise": deletions::sql::anonymise(A),
        "deletions::delete": deletions::sql::delete(A),
        "exports::request": exports::sql::request(A, NOW),
        "exports::of, an account": exports::sql::of(ACCOUNT, NOW),
        "exports::of, a session": exports::sql::of(SESSION, NOW),
        "exports::claim": exports::sql::claim(NONE_PASSED),
        "exports::forget_others": exports::sql::forget_others(&claimed),
        "exports::add_part": exports::sql::add_part(&claimed, 1, b"bytes", NONE_PASSED),
        "exports::ready": exports::sql::ready(&claimed, 1, NOW),
        "exports::part": exports::sql::part(A, 1, 1),
        "personal_data::page, account": everything_of(Part::Account),
        "personal_data::page, followers": everything_of(Part::Followers),
        "personal_data::page, following": everything_of(Part::Following),
        "personal_data::page, sessions": everything_of(Part::Sessions),
        "personal_data::page, security history": everything_of(Part::SecurityHistory),
        "personal_data::page, mails": everything_of(Part::Mails),
        "personal_data::page, changes of addresses": everything_of(Part::EmailChanges),
        "personal_data::page, former addresses": everything_of(Part::FormerEmails),
        "personal_data::page, former names": everything_of(Part::FormerUsernames),
        "personal_data::page, links to prove an address": everything_of(Part::EmailVerifications),
        "personal_data::page, links to set a password": everything_of(Part::PasswordResets),
        "personal_data::page, known devices": everything_of(Part::KnownDevices),
        "retention::forget, web sessions": retention::sql::forget(Class::WebSessions, NOW),
        "retention::forget, links": retention::sql::forget(Class::EmailVerifications, NOW),
        "retention::forget, tokens": retention::sql::forget(Class::RefreshTokens, NOW),
        "retention::forget, tokens of ended sessions": retention::sql::forget(Class::TokensOfEndedSessions, NOW),
        "retention::forget, ended sessions": retention::sql::forget(Class::EndedSessions, NOW),
        "retention::forget, idle sessions": retention::sql::forget(Class::IdleSessions, NOW),
        "retention::forget, mails": retention::sql::forget(Class::Mails, NOW),
        "retention::forget, audit log": retention::sql::forget(Class::AuditLog, NOW),
        "retention::forget, pieces of exports": retention::sql::forget(Class::PiecesOfExports, NOW),
        "retention::forget, exports": retention::sql::forget(Class::Exports, NOW),
        "retention::forget, changes of addresses": retention::sql::forget(Class::EmailChanges, NOW),
        "retention::forget, restorations of addresses": retention::sql::forget(Class::EmailRestorations, NOW),
        "retention::forget, held names": retention::sql::forget(Class::HeldUsernames, NOW),
        "retention::forget, resets": retention::sql::forget(Class::PasswordResets, NOW),
        "retention::forget, known devices": retention::sql::forget(Class::KnownDevices, NOW),
        "retention::forget, quiet mailboxes": retention::sql::forget(Class::QuietMailboxes, NOW),
        "retention::all_of, tokens": tokens_of,
        "retention::all_of, links": links_of,
        "retention::all_of, mails": mails_of,
        "retention::all_of, pieces of exports": pieces_of,
        "retention::all_of, web sessions": browsers_of,
        "retention::all_of, sessions": sessions_of,
        "retention::all_of, known devices": devices_of,
        "retention::all_of, resets": resets_of,
        "audit::append": audit::sql::append(&audit::Entry::new(A, Some(B), audit::Event::LoggedIn, None, NOW)),
        "history::read, an account": history::sql::read(ACCOUNT, NOW, Some(B), 500),
        "history::read, a session": history::sql::read(SESSION, NOW, Some(B), 500),
        "history::read, a session's newest": history::sql::read(SESSION, NOW, None, 500),
        "rate_limits::take": rate_limits::sql::take(&buckets, NOW),
        "rate_limits::look": rate_limits::sql::look(&buckets, NOW),
        "rate_limits::give_back": rate_limits::sql::give_back(&buckets, NOW),
        "rate_limits::forget": rate_limits::sql::forget(&buckets),
        "rate_limits::delete_full": rate_limits::sql::delete_full(&HASH, NOW),
        "notices::tell": notices::sql::tell(&["*".to_owned()]),
        "notices::own_id": notices::sql::own_id(),
        "replicas::written": replicas::sql::written(),
        "replicas::replayed": replicas::sql::replayed(),
        "known_devices::remember": known_devices::sql::remember(A, &HASH, NOW, NOW),
        "known_devices::forget_all": known_devices::sql::forget_all(A),
        "quiet_mailboxes::quieten": quiet_mailboxes::sql::quieten(&HASH, NOW),
        "quiet_mailboxes::quiet_until": quiet_mailboxes::sql::quiet_until(&HASH, NOW),
        "leases::take": leases::sql::take("janitor", A, MINUTE),
        "leases::renew": leases::sql::renew("janitor", A, MINUTE),
        "leases::done": leases::sql::done("janitor", A),
        "leases::since_done": leases::sql::since_done("janitor"),
        "outbox::owe": outbox::sql::owe(&outbox::NewMail::new(A, outbox::Kind::VerifyEmail, NOW)),
        "outbox::owe, for later": outbox::sql::owe(&outbox::NewMail::new(A, outbox::Kind::KeepEmail, NOW).later(time::Duration::DAY, NONE_PASSED)),
        "outbox::claim": outbox::sql::claim(NONE_PASSED, 8),
        "outbox::renew": outbox::sql::renew(&owed, NONE_PASSED),
        "outbox::sent": outbox::sql::sent(&owed, NOW),
        "outbox::failed, to be tried again": outbox::sql::failed(&owed, outbox::Next::In(time::Duration::SECOND), "why", NONE_PASSED),
        "outbox::failed, given up": outbox::sql::failed(&owed, outbox::Next::GivenUp(NOW), "why", NONE_PASSED),
        "outbox::pending": outbox::sql::pending(),
    };
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/storage/statements.sql");
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        std::fs::write(file, &page).unwrap();
    }
    let reviewed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        page == reviewed,
        "statements changed, see the comment above:\n{page}"
    );
}
