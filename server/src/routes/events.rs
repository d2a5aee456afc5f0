//! Server-sent events: a reader of the log as a stream that ends with the session or the server. What is sent is `live`'s.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::stream;
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use serde_json::json;
use shared::domain::access::Action;
use store::User;
use tokio::time::Instant;
use tower_sessions::Session;

use crate::{
    AppState,
    auth::{
        permit::{self, Permit, ViewConsole},
        session,
    },
    error::AppError,
    extract::Query,
    live::{Reader, Start},
};

const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// How long a stream may outlive its session.
const CHECK_EVERY: Duration = Duration::from_secs(30);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resume {
    /// As the header `Last-Event-ID`, for clients that cannot set it.
    #[serde(default)]
    last: Option<i64>,
}

struct Line {
    state: AppState,
    reader: Reader,
    /// Sent first, so that the client knows that it is live and from where.
    hello: Option<Event>,
    session: String,
    check_at: Instant,
}

pub(crate) async fn stream(
    _permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    session: Session,
    headers: HeaderMap,
    Query(resume): Query<Resume>,
) -> Result<Response, AppError> {
    let last = match headers.get("last-event-id") {
        Some(value) => Some(id(value).ok_or_else(|| {
            AppError::malformed(Some("Last-Event-ID".into()), "Last-Event-ID must be the id of an event.")
        })?),
        None => resume.last,
    };
    let session = session::id(&session).ok_or_else(AppError::not_signed_in)?;
    let Start { reader, cursor, missed } = Reader::start(&state.store, &state.hub, last).await?;
    let hello = Event::default()
        .event("hello")
        .id(cursor.to_string())
        .data(json!({"id": cursor, "missed": missed}).to_string());
    let line = Line { state, reader, hello: Some(hello), session, check_at: Instant::now() + CHECK_EVERY };
    let events =
        stream::unfold(
            line,
            |mut line| async move { line.next().await.map(|event| (Ok::<_, Infallible>(event), line)) },
        );
    let mut response =
        Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE_EVERY).text("alive")).into_response();
    // Proxies of the nginx family would otherwise hold events back.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn id(value: &HeaderValue) -> Option<i64> {
    value.to_str().ok()?.trim().parse().ok()
}

/// A role taken away closes the stream, as it closes the pages.
fn may_still(user: Option<User>) -> bool {
    user.is_some_and(|user| user.rights.may(Action::ViewConsole) && !permit::must_enrol(&user))
}

impl Line {
    async fn next(&mut self) -> Option<Event> {
        if let Some(hello) = self.hello.take() {
            return Some(hello);
        }
        loop {
            tokio::select! {
                () = self.state.stop.cancelled() => return None,
                () = tokio::time::sleep_until(self.check_at) => {
                    self.check_at = Instant::now() + CHECK_EVERY;
                    // While the database is away nobody can be told apart; nothing new can be sent either.
                    if let Ok(false) = session::still_open(&self.state.store, &self.session).await.map(may_still) {
                        return None;
                    }
                }
                sent = self.reader.next() => {
                    let sent = sent?;
                    return Some(Event::default().event(sent.name).id(sent.id.to_string()).data(&sent.json));
                }
            }
        }
    }
}
