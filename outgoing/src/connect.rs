//! One exchange, or one look, over a connection of its own to an address that was judged before. Resolves nothing, follows nothing, reuses nothing.

use std::{
    fmt,
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use url::{Host, Position};

use super::{
    certificate::{self, Authority, Certificate},
    rule::Target,
};

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failed {
    Unreachable(String),
    /// The question went out; whether it arrived, nobody says.
    Lost(String),
    TooLarge,
}

fn unreachable(why: impl fmt::Display) -> Failed {
    Failed::Unreachable(why.to_string())
}

/// The machine's own authorities (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others), read when first needed.
#[derive(Default)]
pub(super) struct Trust {
    roots: OnceLock<Result<Arc<RootCertStore>, String>>,
    client: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}

impl Trust {
    fn roots(&self) -> Result<Arc<RootCertStore>, String> {
        self.roots.get_or_init(read).clone()
    }

    fn connector(&self) -> Result<TlsConnector, Failed> {
        let client = self.client.get_or_init(|| client(&self.roots()?));
        client.clone().map(TlsConnector::from).map_err(Failed::Unreachable)
    }
}

fn client(roots: &Arc<RootCertStore>) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|e| e.to_string())?.with_root_certificates(roots.clone()).with_no_client_auth();
    Ok(Arc::new(config))
}

fn read() -> Result<Arc<RootCertStore>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(
            "this machine knows no certificate authorities: install ca-certificates, or name a file in SSL_CERT_FILE"
                .into(),
        );
    }
    Ok(Arc::new(roots))
}

fn name(target: &Target) -> Result<ServerName<'static>, Failed> {
    Ok(match &target.host {
        Host::Domain(name) => ServerName::try_from(name.clone()).map_err(unreachable)?,
        Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(*address)),
        Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(*address)),
    })
}

/// Somebody takes the connection; nothing is said.
pub(super) async fn reach(addresses: &[SocketAddr]) -> Result<(), Failed> {
    TcpStream::connect(addresses).await.map(drop).map_err(unreachable)
}

pub(super) async fn certificate(
    addresses: &[SocketAddr],
    target: &Target,
    trust: &Trust,
    authority: Authority,
    now: i64,
) -> Result<Certificate, Failed> {
    let roots = match authority {
        Authority::Trusted => Some(trust.roots().map_err(Failed::Unreachable)?),
        Authority::Any => None,
    };
    let name = name(target)?;
    let connector = TlsConnector::from(Arc::new(certificate::onlooker().map_err(unreachable)?));
    let stream = TcpStream::connect(addresses).await.map_err(unreachable)?;
    let stream = connector.connect(name.clone(), stream).await.map_err(unreachable)?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    Ok(certificate::judge(chain, &name, roots.as_deref(), now))
}

pub(super) async fn exchange(
    addresses: &[SocketAddr],
    target: &Target,
    request: Request<Vec<u8>>,
    trust: &Trust,
    limit: usize,
) -> Result<Response<Vec<u8>>, Failed> {
    let request = addressed(request, target)?;
    let stream = TcpStream::connect(addresses).await.map_err(unreachable)?;
    let answer = if target.is_tls() {
        let stream = trust.connector()?.connect(name(target)?, stream).await.map_err(unreachable)?;
        ask(stream, request).await?
    } else {
        ask(stream, request).await?
    };
    let (head, body) = answer.into_parts();
    let whole = Limited::new(body, limit).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() { Failed::TooLarge } else { Failed::Lost(error.to_string()) }
    })?;
    Ok(Response::from_parts(head, whole.to_bytes().to_vec()))
}

/// As HTTP/1.1 writes it: the path in the line, the host in its header.
fn addressed(request: Request<Vec<u8>>, target: &Target) -> Result<Request<Full<bytes::Bytes>>, Failed> {
    let (mut head, body) = request.into_parts();
    let host = HeaderValue::from_str(&target.url[Position::BeforeHost..Position::AfterPort]).map_err(unreachable)?;
    head.headers.insert(header::HOST, host);
    head.uri = target.url[Position::BeforePath..Position::AfterQuery].parse::<Uri>().map_err(unreachable)?;
    Ok(Request::from_parts(head, Full::new(body.into())))
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<bytes::Bytes>>,
) -> Result<Response<Incoming>, Failed> {
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(64 * 1024).handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
    // Ends with the answer's last byte, or when the answer is dropped.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(|error| Failed::Lost(error.to_string()))
}
