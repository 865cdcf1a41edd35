//! Certificates for `localhost` that no authority signed.

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

/// A certificate in a folder of its own.
pub struct Certificate(TempDir);

impl Certificate {
    /// Makes one.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        make_certificate(folder.path());
        Self(folder)
    }

    /// Its file: who reads it as that of an authority trusts this certificate.
    pub fn path(&self) -> PathBuf {
        self.0.path().join("tls.crt")
    }

    /// What a server shows it with.
    pub fn acceptor(&self) -> TlsAcceptor {
        let certificate = CertificateDer::from_pem_file(self.path()).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(self.0.path().join("tls.key")).expect("a key");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions that the provider knows")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a key that fits");
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Makes `tls.crt` and `tls.key` in a folder.
pub fn make_certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost".split(' '))
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "tls.key", "-out", "tls.crt"])
        .current_dir(folder)
        .output()
        .expect("openssl must be installed; `bin/test` installs it");
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
}
