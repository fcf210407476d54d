//! TLS in process: a phone in a browser needs it (WebCrypto works only in a secure context), except on localhost.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// # Errors
/// Which file cannot be used, and what to do.
pub fn acceptor(certificate: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    let open = |path: &Path, what: &str| {
        File::open(path)
            .map(BufReader::new)
            .with_context(|| format!("cannot read the {what} {}; correct the path or its permissions", path.display()))
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_reader_iter(open(certificate, "certificate")?)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{} holds no certificate in PEM form", certificate.display()))?;
    let private_key = PrivateKeyDer::from_pem_reader(open(key, "private key")?)
        .with_context(|| format!("{} holds no private key in PEM form", key.display()))?;
    let mut config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, private_key).with_context(|| {
            format!("the certificate {} and the key {} do not belong together", certificate.display(), key.display())
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
