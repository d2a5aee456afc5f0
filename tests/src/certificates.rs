//! An authority of a test's own, the certificates it signs, and a server that shows them. No machine trusts it.

use std::{fs, net::SocketAddr, path::Path, process::Command, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio_rustls::TlsAcceptor;

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/// Lives in a directory: `ca.pem`, and for each that it signs `NAME.pem` and `NAME-key.pem`.
#[derive(Clone, Copy, Debug)]
pub struct Authority<'a>(&'a Path);

impl<'a> Authority<'a> {
    /// # Errors
    /// If openssl cannot make one.
    pub fn new(directory: &'a Path) -> Result<Self> {
        let new = Self(directory);
        new.openssl(&format!("req -x509 {KEY} -keyout ca-key.pem -out ca.pem -days 2 -subj /CN=muster-test"))?;
        Ok(new)
    }

    /// # Errors
    /// If openssl cannot make it.
    pub fn sign(&self, name: &str, extensions: &str, days: u32) -> Result<()> {
        fs::write(self.0.join(format!("{name}.ext")), extensions)?;
        self.openssl(&format!("req {KEY} -keyout {name}-key.pem -out {name}.csr -subj /CN={name}"))?;
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out {name}.pem -days {days} -extfile {name}.ext"
        ))
    }

    /// A server on `at` that shows the certificate of `name` and says nothing; on a port of its own choice.
    ///
    /// # Errors
    /// If it cannot listen there.
    pub async fn shows(&self, name: &str, at: &str) -> Result<SocketAddr> {
        let chain = CertificateDer::pem_file_iter(self.0.join(format!("{name}.pem")))?.collect::<Result<_, _>>()?;
        let key = PrivateKeyDer::from_pem_file(self.0.join(format!("{name}-key.pem")))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_no_client_auth().with_single_cert(chain, key)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind((at, 0)).await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                // Who looks only at the certificate hangs up.
                tokio::spawn(async move { drop(acceptor.accept(stream).await) });
            }
        });
        Ok(address)
    }

    fn openssl(&self, arguments: &str) -> Result<()> {
        let said = Command::new("openssl").args(arguments.split_whitespace()).current_dir(self.0).output();
        let said = said.context("openssl is not installed: sudo apt-get install openssl")?;
        ensure!(said.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&said.stderr));
        Ok(())
    }
}
