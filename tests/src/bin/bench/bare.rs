//! The floor, as a program of its own: a page's bytes and a broadcast by axum, nothing decided. Says its address, and ends with its input.

use std::{convert::Infallible, io::Read as _, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, HeaderName},
    response::sse::{Event, KeepAlive, Sse},
    routing::{get, post},
    serve::ListenerExt as _,
};
use futures::{StreamExt as _, stream};
use tokio::sync::broadcast;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A whole answer: headers and body.
    answer: PathBuf,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let (fixed, body) = parts(&std::fs::read(&arguments.answer)?)?;
    let page = move || {
        let answer = (fixed.clone(), body.clone());
        async move { answer }
    };
    let (sender, _) = broadcast::channel::<Arc<str>>(16);
    let subscribe = sender.clone();
    let live = move || {
        let rest = stream::unfold(subscribe.subscribe(), |mut receiver| async move {
            receiver.recv().await.ok().map(|version| (version, receiver))
        });
        let all = stream::once(async { Arc::from("0") }).chain(rest).map(|version: Arc<str>| {
            Ok::<_, Infallible>(Event::default().event("changed").id(&*version).data(&*version))
        });
        let alive = Event::default().event("alive").data("1");
        let answer = Sse::new(all).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)).event(alive));
        async move { answer }
    };
    let push = async move |version: String| {
        // Nobody may be listening.
        let _ = sender.send(version.into());
    };
    let router = Router::new().route("/", get(page)).route("/live", get(live)).route("/push", post(push));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    crate::say(&listener.local_addr()?.to_string());
    let listener = listener.tap_io(|connection| {
        let _ = connection.set_nodelay(true);
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut vec![])).await??;
    Ok(())
}

/// Without what every server sets itself.
fn parts(answer: &[u8]) -> Result<(HeaderMap, Bytes)> {
    let mut headers = HeaderMap::new();
    let (lines, body) = crate::load::split(answer)?;
    for (name, value) in lines {
        headers.insert(HeaderName::try_from(name)?, value.parse().context("a header that is none")?);
    }
    Ok((headers, Bytes::copy_from_slice(body)))
}
