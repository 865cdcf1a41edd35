//! What the text of a variable stands for, and what is wrong with it.

use super::secret::Secret;
use crate::{
    crypto::keys,
    domain::limit::{Limit, Limits, Rule},
};
use http::{HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use std::{collections::HashMap, fmt::Display, ops::RangeInclusive, str::FromStr};

/// The text as it is.
#[expect(clippy::unnecessary_wraps, reason = "it stands where parsers stand")]
pub(super) fn text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

pub(super) fn whole<T>(text: &str, within: RangeInclusive<T>) -> Result<T, String>
where
    T: FromStr + PartialOrd + Display,
{
    let number = text.parse().ok().filter(|number| within.contains(number));
    number.ok_or_else(|| {
        let (least, most) = (within.start(), within.end());
        format!("must be a whole number from {least} to {most}")
    })
}

pub(super) fn database_url(text: &str) -> Result<Secret, String> {
    crate::database::url::check(text).map(|()| Secret(text.to_owned()))
}

fn pem_or_file(text: &str) -> Result<String, String> {
    if text.contains("-----BEGIN") {
        return Ok(text.replace("\\n", "\n"));
    }
    // The value may be a key that lost its first line: never repeat it.
    std::fs::read_to_string(text).map_err(|error| {
        format!(
            "is neither PEM text nor the path of a readable file ({})",
            error.kind()
        )
    })
}

pub(super) fn private_key(text: &str) -> Result<Secret, String> {
    let pem = pem_or_file(text)?;
    keys::check_private_key(&pem)?;
    Ok(Secret(pem))
}

pub(super) fn retired_keys(text: &str) -> Result<Vec<String>, String> {
    const BEGIN: &str = "-----BEGIN";
    let pem = pem_or_file(text)?;
    let keys: Vec<String> = pem
        .split(BEGIN)
        .skip(1)
        .map(|key| format!("{BEGIN}{}", key.trim_end()))
        .collect();
    for key in &keys {
        keys::check_public_key(key)?;
    }
    Ok(keys)
}

pub(super) fn mailbox(text: &str) -> Result<lettre::message::Mailbox, String> {
    text.parse()
        .map_err(|_| "must be an address such as Users <no-reply@example.org>".to_owned())
}

pub(super) fn limit(text: &str) -> Result<(Rule, Limit), String> {
    Limits::parse_change(text)
        .ok_or_else(|| format!("`{text}` is no limit such as log_in_account=45+12/h"))
}

/// A region is part of a host's name.
pub(super) fn region(text: &str) -> Result<String, String> {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if text.bytes().all(is_plain) {
        Ok(text.to_owned())
    } else {
        Err("must be a region such as eu-central-1".to_owned())
    }
}

/// `name=value` pairs, separated by commas, values percent-encoded.
pub(super) fn headers(text: &str) -> Result<HashMap<String, String>, String> {
    let pairs = text.split(',').map(str::trim).filter(|one| !one.is_empty());
    // Never repeated: the values are keys.
    pairs.map(header).collect::<Option<_>>().ok_or_else(|| {
        "must be pairs such as api-key=secret, separated by commas, with values percent-encoded"
            .to_owned()
    })
}

fn header(pair: &str) -> Option<(String, String)> {
    let (name, value) = pair.split_once('=')?;
    let name: HeaderName = name.trim().parse().ok()?;
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    HeaderValue::from_str(&value).ok()?;
    Some((name.to_string(), value.into_owned()))
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok();
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "must be a share from 0 to 1, such as 0.1".to_owned())
}
