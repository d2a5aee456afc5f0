//! Takes connections and serves each until it ends or the server stops. Whoever sends a head by the drop is not waited for. Knows
//! no route.

use std::{convert::Infallible, future::Future, io, net::SocketAddr, pin::pin, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use tokio::net::TcpListener;
use tower::Service as _;

/// For the whole head of a request, from when the connection waits for one: longer than proxies keep an idle connection
/// for the next request.
const HEAD: Duration = Duration::from_secs(75);
/// After the system has given no connection for lack of something: others may end meanwhile.
const BREATH: Duration = Duration::from_secs(1);

/// Until `stop` ends; then until the requests under way have ended.
pub(crate) async fn serve(listener: TcpListener, app: Router, stop: impl Future<Output = ()>) {
    serve_patiently(listener, app, stop, HEAD).await;
}

async fn serve_patiently(listener: TcpListener, app: Router, stop: impl Future<Output = ()>, head: Duration) {
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    if !of_one_connection(&error) {
                        tracing::error!(%error, "no connection can be taken");
                        tokio::time::sleep(BREATH).await;
                    }
                    continue;
                }
            },
        };
        // Events are small: they must not wait for each other's acknowledgement.
        let _ = stream.set_nodelay(true);
        let app = app.clone();
        let service = service_fn(move |request: Request<Incoming>| answer(app.clone(), peer, request));
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::trace!(%error, "a connection broke");
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn answer(
    mut app: Router,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<axum::response::Response, Infallible> {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    // A router is always ready.
    app.call(request).await
}

/// What is over with that connection alone.
fn of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(error.kind(), K::ConnectionAborted | K::ConnectionRefused | K::ConnectionReset | K::Interrupted)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };
    use tokio_util::sync::CancellationToken;

    use super::*;

    async fn said(connection: &mut TcpStream) -> String {
        let mut all = vec![];
        connection.read_to_end(&mut all).await.unwrap();
        String::from_utf8(all).unwrap()
    }

    #[tokio::test]
    async fn a_head_by_the_drop_is_not_waited_for_and_what_is_under_way_is() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slow = async || {
            tokio::time::sleep(Duration::from_millis(600)).await;
            "done"
        };
        let app = Router::new().route("/", axum::routing::get(slow));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let served = tokio::spawn(serve_patiently(listener, app, stopped, Duration::from_millis(200)));
        let mut drop_by_drop = TcpStream::connect(address).await.unwrap();
        drop_by_drop.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").await.unwrap();
        assert!(!said(&mut drop_by_drop).await.contains("200 OK"), "the connection ends");

        let mut honest = TcpStream::connect(address).await.unwrap();
        honest.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.cancel();
        let answer = said(&mut honest).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("done"), "{answer}");
        served.await.unwrap();
    }
}
