//! One bounded HTTP/1.1 request, without a body, to one address, without TLS, proxies, redirects or cookies. Chooses no address.

use std::error::Error as _;

use futures::TryFutureExt as _;
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    Request,
    body::Bytes,
    header::{ACCEPT, CONNECTION, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::Url;

use super::HttpAnswer;

/// No more than this is read of an answer.
const MAX_BODY: usize = 1024 * 1024;

/// Ends the connection's task with the request.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why there is no answer, as a phrase: "connection refused".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// The other side has seen nothing of the request.
    NotSent(String),
    Sent(String),
}

/// Path, query and virtual host come from `url`; the connection goes to `host:port`.
pub(super) async fn send(host: &str, port: u16, method: &str, url: &Url) -> Result<HttpAnswer, NoAnswer> {
    let stream = TcpStream::connect((host, port)).map_err(|e| NoAnswer::NotSent(plain(&e))).await?;
    exchange(stream, method, url).await.map_err(NoAnswer::Sent)
}

async fn exchange(stream: TcpStream, method: &str, url: &Url) -> Result<HttpAnswer, String> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|e| chain(&e))?;
    // Its failures arrive through `sender` as well.
    let _task = AbortOnDrop(tokio::spawn(connection.map_err(drop)).abort_handle());
    let authority = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or("localhost").to_owned(),
    };
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, authority)
        .header(USER_AGENT, "muster-worker")
        .header(ACCEPT, "*/*")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|e| e.to_string())?;
    let answer = sender.send_request(request).await.map_err(|e| chain(&e))?;
    let status = answer.status().as_u16();
    let mut body = answer.into_body();
    let (mut bytes, mut cut) = (vec![], false);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| chain(&e))?;
        let Some(piece) = frame.data_ref() else { continue };
        let room = MAX_BODY - bytes.len();
        bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            cut = true;
            break;
        }
    }
    Ok(HttpAnswer { status, body: String::from_utf8_lossy(&bytes).into_owned(), cut })
}

/// "Connection refused (os error 111)" → "connection refused".
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The innermost cause says most.
fn chain(error: &hyper::Error) -> String {
    let mut source = error.source();
    let mut last = None;
    while let Some(inner) = source {
        last = Some(inner);
        source = inner.source();
    }
    match last {
        Some(inner) => inner.downcast_ref::<std::io::Error>().map_or_else(|| inner.to_string(), plain),
        None if error.is_incomplete_message() => "connection closed before an answer came".into(),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    async fn ask(reply: &'static [u8], url: &str) -> (Result<HttpAnswer, NoAnswer>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut seen = vec![0; 4096];
            let n = stream.read(&mut seen).await.unwrap();
            stream.write_all(reply).await.unwrap();
            String::from_utf8_lossy(&seen[..n]).into_owned()
        });
        let answer = send("127.0.0.1", port, "GET", &url.parse().unwrap()).await;
        (answer, server.await.unwrap())
    }

    #[tokio::test]
    async fn asks_for_path_and_query_under_the_plans_host_name() {
        let (answer, seen) =
            ask(b"HTTP/1.1 503 No\r\ncontent-length: 4\r\n\r\nwait", "http://localhost:8081/a/b?c=d").await;
        assert_eq!(answer, Ok(HttpAnswer { status: 503, body: "wait".into(), cut: false }));
        assert!(seen.starts_with("GET /a/b?c=d HTTP/1.1\r\n") && seen.contains("host: localhost:8081\r\n"), "{seen}");
    }

    #[tokio::test]
    async fn says_why_there_is_no_answer() {
        let (answer, _) = ask(b"", "http://localhost/").await;
        assert_eq!(answer.unwrap_err(), NoAnswer::Sent("connection closed before an answer came".into()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let answer = send("127.0.0.1", port, "GET", &"http://localhost/".parse().unwrap()).await;
        assert_eq!(answer.unwrap_err(), NoAnswer::NotSent("connection refused".into()));
    }
}
