//! Access tokens: what was not issued, to the last bit, is nobody's.

use std::{collections::HashMap, sync::LazyLock};
use time::OffsetDateTime;
use users_service::{
    Config,
    clock::Clock,
    crypto::{Keys, keys},
};
use uuid::Uuid;

/// Keys of a service, and a token that they issued.
struct Issuer {
    keys: Keys,
    token: String,
    /// When: a fuzzer runs for longer than a token lives.
    now: OffsetDateTime,
}

static ISSUER: LazyLock<Issuer> = LazyLock::new(|| {
    let config = Config::from_map(&HashMap::new()).expect("the defaults");
    let pem = keys::generate_private_key().expect("a key");
    let keys = Keys::new(&config, &pem).expect("keys");
    let roles = ["user".to_owned()];
    let now = Clock::default().now();
    let token = keys.issue(
        Uuid::from_u128(7),
        Uuid::from_u128(8),
        "ana@example.org",
        &roles,
        now,
    );
    Issuer {
        token: token.expect("a token"),
        keys,
        now,
    }
});

/// Verifies a text as it is, and the good token with bytes replaced, put in, or cut out: three
/// bytes of input an edit.
pub fn token(input: &[u8]) {
    let Issuer { keys, token, now } = &*ISSUER;
    let now = *now;
    if let Ok(text) = std::str::from_utf8(input) {
        assert!(keys.verify(text, now).is_err());
        // Parts of ours between parts of theirs.
        for (at, part) in token.split('.').enumerate() {
            let mut parts: Vec<&str> = token.split('.').collect();
            parts[at] = text;
            assert!(part == text || keys.verify(&parts.join("."), now).is_err());
        }
    }
    let mut bytes = token.clone().into_bytes();
    for edit in input.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([edit[0] & 0x3f, edit[1]])) % bytes.len().max(1);
        match edit[0] >> 6 {
            0 => bytes.insert(at, edit[2]),
            1 if !bytes.is_empty() => drop(bytes.remove(at)),
            _ if !bytes.is_empty() => bytes[at] = edit[2],
            _ => {}
        }
    }
    if let Ok(edited) = std::str::from_utf8(&bytes) {
        let taken = keys.verify(edited, now).is_ok();
        assert_eq!(taken, edited == token, "{edited}");
    }
}
