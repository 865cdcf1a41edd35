//! What a connection string may say, and which hosts it names.

use super::tls::{self, Ssl};
use crate::error::Cause;
use tokio_postgres::config::{Config, Host, SslMode, TargetSessionAttrs};

/// Whether a connection string can be read; else a phrase that says so and repeats nothing of it.
pub fn check(url: &str) -> Result<(), String> {
    let (_, ssl) = hosts(url).map_err(|_| {
        "must be a connection string such as postgresql://user:password@host/database".to_owned()
    })?;
    tls::connector(&ssl)
        .map(|_| ())
        .map_err(|error| format!("names an sslrootcert that can't be used ({error})"))
}

/// The hosts of a connection string in their order, each as a configuration of its own, and how far
/// their certificates are trusted.
pub(super) fn hosts(url: &str) -> Result<(Vec<Config>, Ssl), Cause> {
    let (config, ssl) = split(url)?;
    let names = config.get_hosts();
    let addresses = config.get_hostaddrs();
    let ports = config.get_ports();
    let count = names.len().max(addresses.len());
    let fits = |given: usize| given == 0 || given == count;
    if count == 0 || !fits(names.len()) || !fits(addresses.len()) {
        return Err("a connection string needs hosts, and as many names as addresses".into());
    }
    if ports.len() > 1 && !fits(ports.len()) {
        return Err("a connection string needs one port, or as many as hosts".into());
    }
    let hosts = (0..count).map(|n| {
        let mut host = without_hosts(&config);
        match names.get(n) {
            Some(Host::Tcp(name)) => host.host(name),
            Some(Host::Unix(folder)) => host.host_path(folder),
            None => &mut host,
        };
        if let Some(address) = addresses.get(n) {
            host.hostaddr(*address);
        }
        if let Some(port) = ports.get(n).or(ports.first()) {
            host.port(*port);
        }
        host
    });
    Ok((hosts.collect(), ssl))
}

/// Everything but the hosts and what the pool decides: a [`Config`] never forgets a host.
fn without_hosts(config: &Config) -> Config {
    let mut kept = Config::new();
    kept.ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .channel_binding(config.get_channel_binding())
        .target_session_attrs(config.get_target_session_attrs());
    if let Some(user) = config.get_user() {
        kept.user(user);
    }
    if let Some(password) = config.get_password() {
        kept.password(password);
    }
    if let Some(name) = config.get_dbname() {
        kept.dbname(name);
    }
    if let Some(options) = config.get_options() {
        kept.options(options);
    }
    kept
}

/// Takes `sslmode=verify-*` and `sslrootcert` out of a URL, which tokio-postgres refuses.
fn split(url: &str) -> Result<(Config, Ssl), Cause> {
    let mut ssl = Ssl::default();
    // Only a URL has a query; `host=… dbname=…` is read as it is.
    let Some((base, query)) = url.split_once('?').filter(|_| url.contains("://")) else {
        return Ok((url.parse()?, ssl));
    };
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", "verify-ca" | "verify-full")) => ssl.verify = true,
            Some(("sslmode", "allow")) => kept.push("sslmode=prefer"),
            Some(("sslrootcert", path)) => {
                let path = percent_encoding::percent_decode_str(path).decode_utf8()?;
                ssl.root_cert = Some(path.into_owned());
            }
            _ => kept.push(pair),
        }
    }
    let mut config: Config = if kept.is_empty() {
        base.parse()?
    } else {
        format!("{base}?{}", kept.join("&")).parse()?
    };
    if ssl.verify {
        config.ssl_mode(SslMode::Require);
    }
    Ok((config, ssl))
}

/// Of several hosts, the one that takes writes, unless the connection string says otherwise.
pub(super) fn want_writes(hosts: &mut [Config], url: &str) {
    if hosts.len() > 1 && !url.contains("target_session_attrs") {
        for host in hosts {
            host.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Vec<Config> {
        hosts(url).map(|(hosts, _)| hosts).unwrap_or_default()
    }

    #[test]
    fn urls_that_libpq_knows_are_read() {
        for good in [
            "postgresql://ana:secret@db.example:5433/users",
            "postgres://db.example/users?sslmode=require",
            "postgres://db.example/users?sslmode=verify-full&connect_timeout=3",
            "postgres://ana@%2Ftmp%2Fsockets/users",
            "postgres://a.example:5432,b.example:5433/users?target_session_attrs=read-write",
            "host=localhost user=ana dbname=users",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn keywords_are_read_as_they_are() {
        let hosts = read("host=/run/db user=ana dbname=users");
        assert_eq!(hosts[0].get_dbname(), Some("users"));
        assert_eq!(hosts[0].get_user(), Some("ana"));
    }

    #[test]
    fn every_host_is_read_with_its_port_and_all_that_they_share() {
        let hosts =
            read("postgres://ana:secret@a.example:5433,b.example/users?options=-ctimezone%3DUTC");
        let ports: Vec<_> = hosts.iter().map(Config::get_ports).collect();
        assert_eq!(ports, [[5433], [5432]]);
        for (host, name) in hosts.iter().zip(["a.example", "b.example"]) {
            assert_eq!(host.get_hosts(), [Host::Tcp(name.to_owned())]);
            assert_eq!(host.get_user(), Some("ana"));
            assert_eq!(host.get_password(), Some(b"secret".as_slice()));
            assert_eq!(host.get_dbname(), Some("users"));
            assert_eq!(host.get_options(), Some("-ctimezone=UTC"));
        }
        let keywords = read("host=a,b port=5433 dbname=users");
        let ports: Vec<_> = keywords.iter().map(Config::get_ports).collect();
        assert_eq!(ports, [[5433], [5433]]);
    }

    #[test]
    fn only_of_several_hosts_the_one_that_takes_writes_is_looked_for() {
        use TargetSessionAttrs::{Any, ReadOnly, ReadWrite};
        for (url, wanted) in [
            ("postgres://a/users", Any),
            ("postgres://a,b/users", ReadWrite),
            (
                "postgres://a,b/users?target_session_attrs=read-only",
                ReadOnly,
            ),
        ] {
            let mut hosts = read(url);
            want_writes(&mut hosts, url);
            for host in hosts {
                assert_eq!(host.get_target_session_attrs(), wanted, "{url}");
            }
        }
    }

    #[test]
    fn a_bad_url_is_not_repeated() {
        for bad in [
            "mysql://ana:hunter22@db",
            "user=hunter22",
            "host=hunter22,b port=1,2,3",
        ] {
            let Err(problem) = check(bad) else {
                unreachable!("no PostgreSQL URL: {bad}")
            };
            assert!(!problem.contains("hunter22"));
        }
    }
}
