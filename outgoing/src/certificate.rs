//! What the certificate of a server says, and whether it is one for this name. Nothing is said to the server and nothing of it is
//! believed: the connection ends with the handshake. Resolves nothing.

use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

const DAY: i64 = 86_400;
/// More names of a certificate are counted, not said.
const NAMES: usize = 3;

/// Who may vouch for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// One that this machine trusts.
    Trusted,
    /// Whoever it is, the server itself too.
    Any,
}

/// A certificate that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whole days until it runs out; negative if it has.
    pub days_left: i64,
    /// Why clients refuse it, in the order in which people would look.
    pub fault: Option<Fault>,
}

/// Completes "the certificate of host:port …".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("cannot be read: {0}")]
    Unreadable(String),
    #[error("ran out {} ago", days(*.0))]
    RanOut(i64),
    #[error("does not hold before {} from now", days(*.0))]
    NotYet(i64),
    #[error("is not for {name}, but for {others}")]
    OtherName { name: String, others: String },
    #[error("is signed by nobody but the server itself")]
    SelfSigned,
    #[error("comes from no authority that this machine trusts, or the server leaves out what leads to one")]
    Untrusted,
    #[error("leads to its authority by another one that does not hold now: {0}")]
    Between(String),
    #[error("is refused: {0}")]
    Refused(String),
}

fn days(n: i64) -> String {
    if n == 1 { "1 day".into() } else { format!("{n} days") }
}

/// `roots` are needed only where somebody must vouch. `now` in seconds since 1970.
pub(crate) fn judge(
    chain: &[CertificateDer<'_>],
    name: &ServerName<'_>,
    roots: Option<&RootCertStore>,
    now: i64,
) -> Certificate {
    let unreadable = |why: String| Certificate { days_left: 0, fault: Some(Fault::Unreadable(why)) };
    let Some((leaf, between)) = chain.split_first() else { return unreadable("the server shows none".into()) };
    let shown = match X509Certificate::from_der(leaf) {
        Ok((_, shown)) => shown,
        Err(why) => return unreadable(why.to_string()),
    };
    let parsed = match ParsedCertificate::try_from(leaf) {
        Ok(parsed) => parsed,
        Err(why) => return unreadable(why.to_string()),
    };
    let (from, until) = (shown.validity().not_before.timestamp(), shown.validity().not_after.timestamp());
    let days_left = (until - now).div_euclid(DAY);
    let fault = if now > until {
        Some(Fault::RanOut((now - until) / DAY))
    } else if now < from {
        Some(Fault::NotYet((from - now) / DAY))
    } else if verify_server_name(&parsed, name).is_err() {
        Some(Fault::OtherName { name: name.to_str().into_owned(), others: names(&shown) })
    } else {
        let vouched = roots.map(|roots| {
            let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now.max(0).unsigned_abs()));
            let known = rustls::crypto::ring::default_provider().signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, roots, between, now, known)
        });
        vouched.and_then(Result::err).map(|why| refused(&why, shown.issuer() == shown.subject()))
    };
    Certificate { days_left, fault }
}

fn refused(why: &Error, own: bool) -> Fault {
    use rustls::CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext, UnknownIssuer};
    match why {
        _ if own => Fault::SelfSigned,
        Error::InvalidCertificate(UnknownIssuer) => Fault::Untrusted,
        Error::InvalidCertificate(Expired | ExpiredContext { .. }) => Fault::Between("it ran out".into()),
        Error::InvalidCertificate(NotValidYet | NotValidYetContext { .. }) => {
            Fault::Between("its time has not come".into())
        }
        other => Fault::Refused(other.to_string()),
    }
}

/// As the certificate has them, for people: a stranger wrote them.
fn names(shown: &X509Certificate<'_>) -> String {
    let all = shown.subject_alternative_name().ok().flatten();
    let all = all.map(|all| all.value.general_names.as_slice()).unwrap_or_default();
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
    let all: Vec<_> = all
        .iter()
        .filter_map(|one| match one {
            GeneralName::DNSName(name) => Some(plain(name)),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .collect();
    match (all.len(), all.len().saturating_sub(NAMES)) {
        (0, _) => "no name at all".into(),
        (_, 0) => all.join(", "),
        (_, more) => format!("{} and {more} more", all[..NAMES].join(", ")),
    }
}

fn address(bytes: &[u8]) -> Option<String> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|bytes| std::net::Ipv4Addr::from(bytes).to_string());
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(|bytes| std::net::Ipv6Addr::from(bytes).to_string())).ok()
}

/// Has any certificate shown; that the server has its key is still checked.
pub(crate) fn onlooker() -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let onlooker = Arc::new(Onlooker(provider.clone()));
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.dangerous().with_custom_certificate_verifier(onlooker).with_no_client_auth())
}

struct Onlooker(Arc<CryptoProvider>);

impl fmt::Debug for Onlooker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Onlooker").finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        _leaf: &CertificateDer<'_>,
        _between: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // Judged afterwards by `judge`; until then nothing is said.
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
