//! `AVATAR_STORE`, with `AWS_*` for a bucket: where pictures are kept.

use super::{
    Secret,
    reader::Reader,
    variables::{self as var, Declared},
};
use object_store::{
    BackoffConfig, ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path as Prefix,
    prefix::PrefixStore,
};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Where pictures are kept.
#[derive(Debug, Clone)]
pub enum AvatarStore {
    /// A folder, which all replicas share.
    Folder(PathBuf),
    /// A bucket; its client holds the credentials.
    Bucket(Secret<Bucket>),
}

/// What lies below a prefix of a bucket that speaks S3.
pub type Bucket = PrefixStore<AmazonS3>;

/// How long one request to the bucket may take (what AWS recommends), and its connection. It is
/// tried again on another one as long as less than that has passed.
const REQUEST_WITHIN: Duration = Duration::from_secs(2);
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
const RETRIES: usize = 2;
/// The first pause before it is tried again, and the longest.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

const STORE: &str = var::AVATAR_STORE.name;
/// The ways to get credentials, each with the variables that it needs.
const WAYS: &[&[&str]] = &[
    &[var::AWS_ACCESS_KEY_ID.name, var::AWS_SECRET_ACCESS_KEY.name],
    &[
        var::AWS_WEB_IDENTITY_TOKEN_FILE.name,
        var::AWS_ROLE_ARN.name,
    ],
    &[var::AWS_CONTAINER_CREDENTIALS_RELATIVE_URI.name],
    &[
        var::AWS_CONTAINER_CREDENTIALS_FULL_URI.name,
        var::AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE.name,
    ],
];

impl AvatarStore {
    pub(super) fn read(read: &mut Reader, data_dir: &Path) -> Self {
        let default = Self::Folder(data_dir.join("avatars"));
        let text = read.text(STORE);
        match text.map(|text| text.split_once(':')) {
            None => default,
            Some(Some(("file", path))) if !path.is_empty() => Self::Folder(path.into()),
            Some(Some(("s3", place))) => bucket(read, place).unwrap_or(default),
            Some(_) => {
                read.problem(STORE, "must be file:PATH or s3://BUCKET/PREFIX");
                default
            }
        }
    }
}

fn bucket(read: &mut Reader, place: &str) -> Option<AvatarStore> {
    let place = place_in_s3(place).map_err(|problem| read.problem(STORE, problem));
    let endpoint = first_set(read, [&var::AWS_ENDPOINT_URL_S3, &var::AWS_ENDPOINT_URL]);
    let region = first_set(read, [&var::AWS_REGION, &var::AWS_DEFAULT_REGION]);
    let is_aws = endpoint.is_none();
    if is_aws && region.is_none() {
        read.problem(var::AWS_REGION.name, "must be set for a bucket of AWS");
    }
    let endpoint = endpoint.and_then(|variable| read.optional(variable));
    let region = region.and_then(|variable| read.optional(variable));
    let has_credentials = require_credentials(read);
    let (name, prefix) = place.ok().filter(|_| has_credentials)?;

    let plain = endpoint.as_ref().is_some_and(|url| url.scheme() == "http");
    let client = ClientOptions::new()
        .with_timeout(REQUEST_WITHIN)
        .with_connect_timeout(CONNECT_WITHIN)
        .with_default_content_type("image/jpeg")
        .with_allow_http(plain);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&name)
        // A dot in the name does not fit AWS's certificate; others may have no names for buckets.
        .with_virtual_hosted_style_request(is_aws && !name.contains('.'))
        .with_client_options(client)
        .with_retry(RetryConfig {
            backoff: BackoffConfig {
                init_backoff: PAUSE,
                max_backoff: LONGEST_PAUSE,
                base: 2.0,
            },
            max_retries: RETRIES,
            retry_timeout: REQUEST_WITHIN,
        })
        // Files go one by one: what deletes many at once is not understood everywhere.
        .with_disable_bulk_delete(true);
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(region) = region {
        builder = builder.with_region(region);
    }
    let session_token = var::AWS_SESSION_TOKEN.name;
    for name in WAYS.iter().copied().flatten().chain([&session_token]) {
        if let (Some(value), Ok(key)) = (read.text(name), name.to_ascii_lowercase().parse()) {
            builder = builder.with_config(key, value);
        }
    }
    match builder.build() {
        Ok(s3) => Some(AvatarStore::Bucket(Secret(PrefixStore::new(s3, prefix)))),
        Err(error) => {
            read.problem(STORE, format!("can't be used: {error}"));
            None
        }
    }
}

/// What follows `s3:`: the bucket and the prefix in it, which may be empty.
fn place_in_s3(text: &str) -> Result<(String, Prefix), String> {
    let wrong = || "must be s3://BUCKET/PREFIX, of plain letters, digits and -._/".to_owned();
    let place = text.strip_prefix("//").ok_or_else(wrong)?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._/".contains(&b);
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let is_odd = bucket.is_empty() || prefix.starts_with('/');
    if is_odd || !place.bytes().all(is_plain) {
        return Err(wrong());
    }
    let prefix = Prefix::parse(prefix).map_err(|_| wrong())?;
    Ok((bucket.to_owned(), prefix))
}

/// The first of these variables that is set.
fn first_set<'v, T>(read: &Reader, of: [&'v Declared<T>; 2]) -> Option<&'v Declared<T>> {
    of.into_iter().find(|one| read.text(one.name).is_some())
}

/// Insists on one whole way to get credentials. The machine's own role is none of them: it would be
/// taken by whatever runs there, unasked.
fn require_credentials(read: &mut Reader) -> bool {
    let missing = |way: &[&'static str]| -> Vec<&'static str> {
        let names = way.iter().copied();
        names.filter(|name| read.text(name).is_none()).collect()
    };
    let ways: Vec<_> = WAYS.iter().map(|way| (way.len(), missing(way))).collect();
    if ways.iter().any(|(_, missing)| missing.is_empty()) {
        return true;
    }
    match ways.iter().find(|(len, missing)| missing.len() < *len) {
        Some((_, missing)) => read.problem(
            &missing.join(", "),
            "must be set too: the credentials for AVATAR_STORE are incomplete",
        ),
        None => read.problem(
            STORE,
            "needs credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or what a web \
             identity or a container has",
        ),
    }
    false
}
