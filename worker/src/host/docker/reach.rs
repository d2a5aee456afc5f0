//! Connections to an engine that is not on this machine: TLS with both sides' certificates, or the bytes of an `ssh` of ours.
//! Asks the engine nothing.

use std::{
    io,
    path::Path,
    pin::Pin,
    process::Stdio,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bollard::errors::Error;
use futures::{FutureExt as _, future::BoxFuture};
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request, Response, Uri,
    body::{Body, Bytes, Incoming},
};
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connected, Connection},
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::{
    config::engine::{Engine, Ssh, Way},
    host::{HostError, ssh},
    surroundings::PATH,
};

const CONNECT: Duration = Duration::from_secs(10);
/// A connection that nobody uses is closed; the next question makes a new one.
const IDLE: Duration = Duration::from_secs(60);
/// What ssh says at most before it gives up.
const LAST_WORDS: u64 = 4096;

/// How connections are made; cheap to clone.
#[derive(Clone)]
pub(super) enum Reach {
    Unix(Arc<Path>),
    Plain(Arc<str>),
    Tls { to: Arc<str>, port: u16, name: ServerName<'static>, connector: TlsConnector },
    Ssh(Arc<Ssh>),
}

impl Reach {
    /// `None`: the engine is reached without any of this.
    pub(super) fn of(engine: &Engine) -> Result<Option<Self>, HostError> {
        match &engine.way {
            Way::Unix { .. } | Way::Plain { .. } => Ok(None),
            Way::Tls { host, port, certificates } => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| HostError::Missing(format!("\"{host}\" can be in no certificate")))?;
                let read = |file: &str| certificates.join(file);
                let config =
                    client(&read("ca.pem"), &read("cert.pem"), &read("key.pem")).map_err(HostError::Missing)?;
                let connector = TlsConnector::from(Arc::new(config));
                Ok(Some(Self::Tls { to: host.as_str().into(), port: *port, name, connector }))
            }
            Way::Ssh(way) => {
                ssh::place(way)?;
                Ok(Some(Self::Ssh(Arc::new(way.clone()))))
            }
        }
    }

    /// As [`Self::of`], for what bollard cannot ask, whatever way leads to the engine.
    pub(super) fn any(engine: &Engine) -> Result<Self, HostError> {
        Ok(match (Self::of(engine)?, &engine.way) {
            (Some(reach), _) => reach,
            (None, Way::Unix { socket }) => Self::Unix(socket.as_path().into()),
            (None, _) => Self::Plain(engine.address.split_once("://").map_or("", |(_, to)| to).into()),
        })
    }

    /// The body of one answer, by a connection of its own.
    pub(super) async fn get(self, path: &str) -> io::Result<Vec<u8>> {
        let link = self.connect().await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(link).await.map_err(io::Error::other)?;
        let request =
            Request::get(path).header("host", "docker").body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
        let asking = async {
            let answer = sender.send_request(request).await?;
            let fine = answer.status().is_success();
            Ok::<_, hyper::Error>((fine, answer.into_body().collect().await?.to_bytes()))
        };
        tokio::select! {
            asked = asking => match asked.map_err(io::Error::other)? {
                (true, body) => Ok(body.to_vec()),
                (false, body) => Err(io::Error::other(String::from_utf8_lossy(&body).into_owned())),
            },
            ended = connection => Err(ended.err().map_or_else(|| io::Error::other("it hung up"), io::Error::other)),
        }
    }

    /// What bollard sends its requests through.
    pub(super) fn carrier<B>(self) -> impl Fn(Request<B>) -> BoxFuture<'static, Result<Response<Incoming>, Error>>
    where
        B: Body + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let client: Client<Self, B> =
            Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).pool_timer(TokioTimer::new()).build(self);
        move |request| {
            let asked = client.request(request);
            async move { asked.await.map_err(Error::from) }.boxed()
        }
    }

    async fn connect(self) -> io::Result<Link> {
        match self {
            Self::Unix(socket) => Ok(Link::new(UnixStream::connect(socket).await?)),
            Self::Plain(to) => Ok(Link::new(TcpStream::connect(&*to).await?)),
            Self::Tls { to, port, name, connector } => {
                let made = async {
                    let tcp = TcpStream::connect((&*to, port)).await?;
                    tcp.set_nodelay(true)?;
                    connector.connect(name, tcp).await
                };
                let late = |_| io::Error::other(format!("no connection to {to}:{port} within {} s", CONNECT.as_secs()));
                Ok(Link::new(timeout(CONNECT, made).await.map_err(late)??))
            }
            Self::Ssh(way) => Ok(Link::new(dial(way)?)),
        }
    }
}

/// Nobody but the authority in `ca` vouches for the engine, as Docker's own command has it.
fn client(ca: &Path, cert: &Path, key: &Path) -> Result<ClientConfig, String> {
    let unread = |file: &Path, e: rustls::pki_types::pem::Error| format!("{} cannot be read: {e}", file.display());
    let certificates = |file: &Path| -> Result<Vec<CertificateDer<'static>>, String> {
        let all = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let all: Vec<_> = all.map_err(|e| unread(file, e))?;
        if all.is_empty() { Err(format!("there is no certificate in {}", file.display())) } else { Ok(all) }
    };
    let mut roots = RootCertStore::empty();
    for authority in certificates(ca)? {
        roots.add(authority).map_err(|e| format!("{} holds no authority: {e}", ca.display()))?;
    }
    let own = certificates(cert)?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| unread(key, e))?;
    // Named, so that no other crate's choice of cryptography can take its place.
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots)
        .with_client_auth_cert(own, secret)
        .map_err(|e| format!("{} and {} do not go together: {e}", cert.display(), key.display()))
}

/// What TLS says, as a sentence that a person can act on.
pub(super) fn explained(engine: &Engine, cause: &str) -> String {
    let Way::Tls { host, certificates, .. } = &engine.way else { return cause.to_owned() };
    let (has, directory) = (|words: &str| cause.contains(words), certificates.display());
    if has("UnknownIssuer") || has("BadSignature") {
        format!(
            "its certificate is not from the authority in {directory}/ca.pem: another engine answers, or it was given new certificates"
        )
    } else if has("NotValidForName") || has("not valid for name") {
        format!("its certificate is not for {host}: make one that names it as a subject alternative name")
    } else if has("Expired") || has("NotValidYet") {
        format!("its certificate is not valid at this time ({cause})")
    } else if has("received fatal alert") {
        format!(
            "it does not accept {directory}/cert.pem: the certificate must be from the authority that the engine trusts, for client authentication, and not expired ({cause})"
        )
    } else if has("InvalidContentType") || has("corrupt message") {
        "it does not speak TLS at that port".into()
    } else {
        cause.to_owned()
    }
}

impl tower_service::Service<Uri> for Reach {
    type Response = Link;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Link>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        self.clone().connect().boxed()
    }
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// One connection, as hyper wants it.
pub(super) struct Link(TokioIo<Box<dyn Duplex>>);

impl Link {
    fn new(stream: impl Duplex + 'static) -> Self {
        Self(TokioIo::new(Box::new(stream)))
    }
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, to)
    }
}

impl hyper::rt::Write for Link {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// In a process group of its own: a Ctrl-C at the worker's terminal must not cut off an effect in hand.
fn dial(way: Arc<Ssh>) -> io::Result<Dialled> {
    let argv = ssh::dial(&way).map_err(io::Error::other)?;
    let mut command = Command::new(argv.first().cloned().unwrap_or_default());
    command.args(argv.iter().skip(1)).env_clear().env("PATH", PATH).env("HOME", &way.home);
    command.envs(way.agent.iter().map(|agent| ("SSH_AUTH_SOCK", agent)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
    let mut child = command.spawn()?;
    let (Some(to), Some(from), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("ssh has no pipes"));
    };
    Ok(Dialled { way, to, from, heard: false, words: Some(tokio::spawn(last_words(errors))), _child: child })
}

async fn last_words(errors: ChildStderr) -> String {
    let mut said = vec![];
    // What was read until an error is what it said.
    let _ = errors.take(LAST_WORDS).read_to_end(&mut said).await;
    String::from_utf8_lossy(&said).into_owned()
}

/// An ssh at work; ended when dropped.
struct Dialled {
    way: Arc<Ssh>,
    to: ChildStdin,
    from: ChildStdout,
    /// Something came from the engine.
    heard: bool,
    words: Option<JoinHandle<String>>,
    _child: Child,
}

impl Dialled {
    /// Why there is no connection after all.
    fn poll_why(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let said = match &mut self.words {
            Some(words) => ready!(words.poll_unpin(cx)).unwrap_or_default(),
            None => String::new(),
        };
        self.words = None;
        Poll::Ready(io::Error::other(ssh::explained(&self.way, &said)))
    }
}

impl AsyncRead for Dialled {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = to.filled().len();
        ready!(Pin::new(&mut self.from).poll_read(cx, to))?;
        if to.filled().len() > before {
            self.heard = true;
        } else if !self.heard && to.remaining() > 0 {
            return self.poll_why(cx).map(Err);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Dialled {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        match ready!(Pin::new(&mut self.to).poll_write(cx, from)) {
            Err(_) if !self.heard => self.poll_why(cx).map(Err),
            done => Poll::Ready(done),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.to).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.to).poll_shutdown(cx)
    }
}
