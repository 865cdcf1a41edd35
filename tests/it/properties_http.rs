//! Headers, cookies, and the way on after a log-in as properties.

use crate::{fuzz::targets, properties::always_the_same};
use ipnet::IpNet;
use poem::{
    Request,
    http::{HeaderMap, HeaderValue},
};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use users_service::domain::Token;
use users_service::{
    http::{cookies, forwarded, scope},
    trace::Parent,
    web::LocalPath,
};

/// Ways to another site that other services fell for.
const ELSEWHERE: &[&str] = &[
    "https://evil.example",
    "http://evil.example/",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "HTTPS://evil.example",
    "hTtP:evil.example",
    "javascript:alert(1)",
    "JavaScript:alert(1)//",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "mailto:a@evil.example",
    "blob:https://evil.example/x",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\u{0}//evil.example",
    "\u{feff}//evil.example",
    "\u{2028}//evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/a/..//evil.example",
    "/%2e%2e//evil.example",
    "/./\\evil.example",
    "users.example.evil.example",
    "@evil.example",
    "https://users.example@evil.example",
    "https://users.example:x@evil.example/",
    "?next=//evil.example",
    "#//evil.example",
    "../evil",
    ".evil.example",
    "／／evil.example",
    "/／evil.example",
    "/\u{202e}elpmaxe.live//",
    "/timeline\r\nLocation: https://evil.example",
    "/timeline\r\nSet-Cookie: session=x",
];

#[test]
fn every_known_way_to_another_site_is_refused() {
    assert!(ELSEWHERE.len() > 40);
    for vector in ELSEWHERE {
        assert_eq!(LocalPath::parse(vector), None, "{vector:?}");
    }
}

/// The trace id that a request with this header goes by.
fn trace_id(name: &str, value: &[u8]) -> Option<String> {
    let value = HeaderValue::from_bytes(value).ok()?;
    let request = Request::builder().header(name, value).finish();
    let parent = Parent::of(request.headers());
    Some(scope::trace_id(&request, parent.as_ref()).to_string())
}

/// Where a request is said to come from that a proxy at 10.0.0.1 passed on with these lines.
fn client(lines: &[Vec<u8>]) -> Option<IpAddr> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append("x-forwarded-for", HeaderValue::from_bytes(line).ok()?);
    }
    let trusted: IpNet = "10.0.0.0/8".parse().unwrap();
    let proxy = Ipv4Addr::new(10, 0, 0, 1).into();
    Some(forwarded::client_address(proxy, &headers, &[trusted]))
}

/// Every way in which proxies write an address.
fn written(address: IpAddr, port: u16, way: u8) -> String {
    match (address, way % 6) {
        (IpAddr::V4(ip), 1) => format!("{ip}:{port}"),
        (IpAddr::V4(ip), 2) => format!("\"{ip}:{port}\""),
        (IpAddr::V4(ip), 3) => format!("[{}]:{port}", ip.to_ipv6_mapped()),
        (IpAddr::V4(ip), 4) => ip.to_ipv6_mapped().to_string(),
        (IpAddr::V6(ip), 1) => format!("[{ip}]"),
        (IpAddr::V6(ip), 2) => format!("[{ip}]:{port}"),
        (IpAddr::V6(ip), 3) => format!("\"[{ip}]:{port}\""),
        (IpAddr::V6(ip), 4) => format!("{ip}%eth0"),
        (ip, _) => ip.to_string(),
    }
}

fn address() -> impl Strategy<Value = IpAddr> {
    let v4 = any::<u32>().prop_map(|bits| Ipv4Addr::from(bits).into());
    let v6 = any::<u128>().prop_map(|bits| Ipv6Addr::from(bits).into());
    prop_oneof![v4, v6].prop_filter("a stranger", |ip: &IpAddr| {
        !ip.to_string().starts_with("10.")
    })
}

proptest! {
    #![proptest_config(always_the_same(4_000))]

    #[test]
    fn the_client_is_found_in_whatever_form_proxies_write_it(
        client_is in address(), port in 1..=u16::MAX, way in 0..6_u8, claimed in "[ -~]{0,30}",
        proxies in prop::collection::vec((0..=255_u8, 0..6_u8), 0..5), space in "[ \t]{0,2}", apart in any::<bool>()
    ) {
        let mut hops = vec![written(client_is, port, way)];
        hops.extend(proxies.iter().map(|(last, way)| written(Ipv4Addr::new(10, 0, 0, *last).into(), port, *way)));
        let claimed = format!("{claimed},");
        let lines: Vec<Vec<u8>> = if apart {
            std::iter::once(claimed).chain(hops).map(|hop| format!("{space}{hop}{space}").into_bytes()).collect()
        } else {
            vec![format!("{claimed}{}", hops.join(&format!("{space},{space}"))).into_bytes()]
        };
        prop_assert_eq!(client(&lines), Some(client_is.to_canonical()), "{:?}", lines);
    }

    #[test]
    fn whatever_is_claimed_there_is_a_client(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..4)) {
        let readable = lines.iter().all(|line| HeaderValue::from_bytes(line).is_ok());
        prop_assert_eq!(client(&lines).is_some(), readable);
    }

    #[test]
    fn a_next_stays_on_this_site_whatever_a_browser_makes_of_it(
        path in "[/\\\\.]{0,4}[/\\\\.%2efF:@?#a-z \\t;]{0,24}"
    ) {
        targets::local_path(path.as_bytes());
    }

    #[test]
    fn a_path_of_ours_is_kept_as_it_is(path in "(/[a-z0-9@._~%-]{1,9}){1,6}(\\?[a-z]=[a-z0-9/%&=]{0,20})?") {
        prop_assert_eq!(LocalPath::parse(&path).map(|kept| kept.as_str().to_owned()), Some(path));
    }

    #[test]
    fn a_trace_id_is_plain_whatever_was_sent(value in prop::collection::vec(any::<u8>(), 0..90)) {
        for name in ["x-trace-id", "traceparent"] {
            let Some(id) = trace_id(name, &value) else { continue };
            prop_assert!((1..=64).contains(&id.len()));
            prop_assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        }
    }

    #[test]
    fn a_plain_trace_id_is_kept(id in "[A-Za-z0-9_-]{1,64}") {
        prop_assert_eq!(trace_id("x-trace-id", id.as_bytes()), Some(id));
    }

    #[test]
    fn a_traceparent_is_taken_exactly_when_it_is_one(
        version in "00|01|ff|0", trace in "[0-9a-f]{32}|0{32}|[0-9A-F]{32}", parent in "[0-9a-f]{16}|0{16}", rest in "(-01|-0|-zz)?(-x)?"
    ) {
        let header = format!("{version}-{trace}-{parent}{rest}");
        let lower = |text: &str| !text.bytes().any(|b| b.is_ascii_uppercase());
        let some = |text: &str| text.bytes().any(|b| b != b'0');
        let good = matches!((version.as_str(), rest.as_str()), ("00" | "01", "-01") | ("01", "-01-x"))
            && lower(&trace) && some(&trace) && some(&parent);
        prop_assert_eq!(trace_id("traceparent", header.as_bytes()).unwrap() == trace, good, "{}", header);
        let request = Request::builder().header("traceparent", header.as_str()).finish();
        let passed_on = Parent::of(request.headers()).map(|parent| parent.traceparent());
        prop_assert_eq!(passed_on, good.then(|| format!("00-{trace}-{parent}-01")));
    }

    #[test]
    fn a_cookie_is_found_among_anything_and_the_first_one_counts(
        before in "([a-z]{1,9}=[!-:<-~]{0,9}; ){0,4}", value in "[A-Za-z0-9_-]{43,128}", after in "(; ?[a-z_]{1,13}=[!-:<-~]{0,9}){0,4}"
    ) {
        let header = format!("{before}refresh_token={value}{after}");
        let request = Request::builder().header("cookie", header).finish();
        let found = cookies::refresh_tokens(&request);
        prop_assert_eq!(found.first().map(Token::expose), Some(value.as_str()));
    }

    #[test]
    fn odd_bytes_in_other_cookies_do_no_harm(odd in prop::collection::vec(any::<u8>(), 0..60), value in "[A-Za-z0-9_-]{43,128}") {
        let mut header = odd.clone();
        header.extend_from_slice(b"; refresh_token=");
        header.extend_from_slice(value.as_bytes());
        let Ok(header) = HeaderValue::from_bytes(&header) else { return Ok(()) };
        let request = Request::builder().header("cookie", header).finish();
        let found = cookies::refresh_tokens(&request);
        let found = found.first().map(Token::expose);
        prop_assert!(found == Some(&value) || odd.windows(13).any(|w| w == b"refresh_token"));
    }

}

proptest! {
    #![proptest_config(always_the_same(500))]

    #[test]
    fn any_body_of_an_upload_is_answered(body in prop::collection::vec(any::<u8>(), 0..200), name in "avatar|csrf|[ -~]{0,9}") {
        let mut form = format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a\"\r\n\r\n").into_bytes();
        form.extend(body);
        targets::upload(&form);
        form.extend_from_slice(b"\r\n--b--\r\n");
        targets::upload(&form);
    }
}
