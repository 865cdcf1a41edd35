//! Tokens, sealed cookies, and what the environment says as properties.

use crate::{fuzz::targets, properties::always_the_same, support::KEY};
use ipnet::IpNet;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};
use users_service::{Config, config::Secret, crypto::Keys, mail::EmailUrl};

static KEYS: LazyLock<Keys> =
    LazyLock::new(|| Keys::new(&config("APP_ENV", "development").unwrap(), &KEY).unwrap());

fn config(name: &str, value: &str) -> Result<Config, String> {
    let env = HashMap::from([(name.to_owned(), value.to_owned())]);
    Config::from_map(&env).map_err(|problems| problems.to_string())
}

/// IPv4 and IPv6 addresses.
fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from(bits))),
        any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from(bits))),
    ]
}

proptest! {
    #![proptest_config(always_the_same(1_000))]

    #[test]
    fn a_token_with_any_bit_changed_is_refused(edits in prop::collection::vec(any::<u8>(), 0..24)) {
        targets::token(&edits);
    }

    #[test]
    fn a_token_made_of_anything_is_refused(token in "[A-Za-z0-9_=.-]{0,200}|\\PC{0,80}") {
        targets::token(token.as_bytes());
    }

    #[test]
    fn a_sealed_cookie_opens_for_its_context_alone(
        text in prop::collection::vec(any::<u8>(), 0..80), context in "[a-z]{0,8}", other in "[a-z]{0,8}", at in any::<prop::sample::Index>(), with in 1..=255_u8
    ) {
        let key = KEYS.secrets().cookies();
        let sealed = key.seal(context.as_bytes(), &text).unwrap();
        prop_assert_eq!(key.open(context.as_bytes(), &sealed), Some(text));
        prop_assert!(other == context || key.open(other.as_bytes(), &sealed).is_none());
        let mut broken = sealed.into_bytes();
        let at = at.index(broken.len());
        broken[at] ^= with;
        let broken = String::from_utf8_lossy(&broken).into_owned();
        prop_assert_eq!(key.open(context.as_bytes(), &broken), None);
    }

    #[test]
    fn trusted_proxies_are_the_ranges_that_were_named(address in address(), prefix in 0..=128_u8) {
        let Ok(range) = IpNet::new(address, prefix) else { return Ok(()) };
        let text = format!(" {range} ,{address}");
        let proxies = config("TRUSTED_PROXIES", &text).unwrap().trusted_proxies;
        prop_assert_eq!(&proxies, &[range, IpNet::from(address)]);
        prop_assert!(proxies.iter().all(|proxy| proxy.contains(&address)));
    }

    #[test]
    fn what_is_no_range_is_refused_by_name(text in "[0-9a-f.:/]{1,20}|[!-+.-~]{1,20}") {
        let good = text.parse::<IpNet>().is_ok() || text.parse::<IpAddr>().is_ok();
        match config("TRUSTED_PROXIES", &text) {
            Ok(config) => prop_assert!(good && config.trusted_proxies.len() == 1),
            Err(problem) => prop_assert!(!good && problem.contains("TRUSTED_PROXIES")),
        }
    }

    #[test]
    fn a_mail_servers_login_comes_out_as_it_went_in(user in "\\PC{1,20}", password in "\\PC{1,20}", host in "[a-z]{1,9}\\.example") {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let url = format!("smtp://{}:{}@{host}", encoded(&user), encoded(&password));
        let Ok(EmailUrl::Smtp(smtp)) = EmailUrl::parse(&url, None, true) else {
            return Err(TestCaseError::fail(url));
        };
        let login = smtp.login.as_ref().map(|(user, Secret(password))| (user, password));
        prop_assert_eq!(login, Some((&user, &password)));
        prop_assert_eq!(&smtp.host, &host);
    }

    #[test]
    fn a_bad_address_of_a_mail_server_is_refused_without_repeating_it(
        before in "(smtp|smtps|http|https|ftp|x)?:?/{0,3}", around in "[a-z@:/?#%\\[\\]]{0,9}", after in "[a-z@:/?#%\\[\\]0-9]{0,12}"
    ) {
        let url = format!("{before}{around}hunter2{after}");
        if let Err(problem) = EmailUrl::parse(&url, None, true) {
            prop_assert!(!problem.contains("hunter2"), "{}: {}", url, problem);
        }
    }
}
