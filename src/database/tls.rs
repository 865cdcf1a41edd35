//! TLS to PostgreSQL, by what libpq's `sslmode` and `sslrootcert` mean.

use crate::error::{Cause, about};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How far a server's certificate is trusted.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Ssl {
    /// `verify-ca` or `verify-full`: the certificate and the host's name are checked, by the roots
    /// of the system or of `root_cert`. Else the connection is encrypted to whoever answers, as
    /// libpq does for `prefer` and `require`.
    pub verify: bool,
    /// `sslrootcert`: a PEM file. Naming one asks for verification, as in libpq.
    pub root_cert: Option<String>,
}

/// What connects with TLS.
pub fn connector(ssl: &Ssl) -> Result<MakeRustlsConnect, Cause> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let config = if ssl.verify || ssl.root_cert.is_some() {
        builder.with_root_certificates(roots(ssl)?)
    } else {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(EncryptOnly(provider)))
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

fn roots(ssl: &Ssl) -> Result<RootCertStore, Cause> {
    let mut roots = RootCertStore::empty();
    match ssl.root_cert.as_deref() {
        None | Some("system") => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(path) => {
            let of_file = || format!("sslrootcert {path}");
            for certificate in CertificateDer::pem_file_iter(path).map_err(about(of_file()))? {
                let certificate = certificate.map_err(about(of_file()))?;
                roots.add(certificate).map_err(about(of_file()))?;
            }
        }
    }
    Ok(roots)
}

/// Takes any certificate, but still checks that the server holds its key.
#[derive(Debug)]
struct EncryptOnly(Arc<CryptoProvider>);

impl ServerCertVerifier for EncryptOnly {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
