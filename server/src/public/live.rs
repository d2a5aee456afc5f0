//! The public event stream: tells a page that it has become old, never what is new. One watch receiver and one timer per reader.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use tokio_stream::{StreamExt as _, wrappers::WatchStream};

use super::pages::PublicPages;

const ALIVE_EVERY: Duration = Duration::from_secs(20);

/// `changed` with the site's version, at once and at every change; `alive` in between, so that a page notices a dead connection.
pub(crate) async fn live(State(pages): State<Arc<PublicPages>>) -> Response {
    let changes = WatchStream::new(pages.watch())
        .map_while(|version| version)
        .map(|version| Ok::<_, Infallible>(Event::default().event("changed").id(&*version).data(&*version)));
    let alive = Event::default().event("alive").data("1");
    let mut response =
        Sse::new(changes).keep_alive(KeepAlive::new().interval(ALIVE_EVERY).event(alive)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Proxies of the nginx family would otherwise hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
