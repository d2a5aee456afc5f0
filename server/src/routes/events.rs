//! Server-sent events: a reader of the log as a stream that ends with the session or the server. What is sent is `live`'s.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::stream;
use http::HeaderValue;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use shared::domain::{access::Action, incident::Eyes};
use store::User;
use tokio::time::Instant;
use tower_sessions::Session;
use uuid::Uuid;

use crate::{
    AppState,
    answer::{As, Events},
    auth::{
        bearer,
        permit::{self, Permit, ViewConsole},
        session,
    },
    error::AppError,
    extract::{LastEventId, Query},
    live::{Reader, Start},
};

const ALIVE_EVERY: Duration = Duration::from_secs(15);
/// How long a stream may outlive its session.
const CHECK_EVERY: Duration = Duration::from_secs(30);

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resume {
    /// As the header `Last-Event-ID`, for clients that cannot set it.
    #[serde(default)]
    last: Option<i64>,
}

/// By what the reader came in.
enum Door {
    Session(String),
    Token(Uuid),
}

struct Line {
    state: AppState,
    reader: Reader,
    eyes: Eyes,
    /// Sent first, so that the client knows that it is live and from where.
    hello: Option<Event>,
    door: Door,
    check_at: Instant,
}

pub(crate) async fn stream(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    session: Session,
    LastEventId(last): LastEventId,
    Query(resume): Query<Resume>,
) -> Result<As<Events>, AppError> {
    let last = last.or(resume.last);
    let door = match permit.token() {
        Some(token) => Door::Token(token.id),
        None => Door::Session(session::id(&session).ok_or_else(AppError::not_signed_in)?),
    };
    let Start { reader, cursor, missed } = Reader::start(&state.store, &state.hub, last).await?;
    let hello = Event::default()
        .event("hello")
        .id(cursor.to_string())
        .data(json!({"id": cursor, "missed": missed}).to_string());
    let eyes = permit.eyes();
    let line = Line { state, reader, eyes, hello: Some(hello), door, check_at: Instant::now() + CHECK_EVERY };
    let events =
        stream::unfold(
            line,
            |mut line| async move { line.next().await.map(|event| (Ok::<_, Infallible>(event), line)) },
        );
    let events = Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE_EVERY).text("alive"));
    // Proxies of the nginx family would otherwise hold events back.
    Ok(As::new(events).with("x-accel-buffering", HeaderValue::from_static("no")))
}

/// A role taken away closes the stream, as it closes the pages.
fn may_still(user: Option<User>) -> bool {
    user.is_some_and(|user| user.rights.may(Action::ViewConsole) && !permit::must_enrol(&user))
}

impl Line {
    /// While the database is away nobody can be told apart; nothing new can be sent either.
    async fn is_shut(&mut self) -> bool {
        let reader = match &self.door {
            Door::Session(key) => session::still_open(&self.state.store, key).await,
            Door::Token(id) => bearer::still_open(&self.state.store, *id).await,
        };
        if let Ok(Some(user)) = &reader {
            self.eyes = Eyes::of(user.id, user.rights);
        }
        reader.map(may_still).is_ok_and(|may| !may)
    }

    async fn next(&mut self) -> Option<Event> {
        if let Some(hello) = self.hello.take() {
            return Some(hello);
        }
        loop {
            tokio::select! {
                () = self.state.stop.cancelled() => return None,
                () = tokio::time::sleep_until(self.check_at) => {
                    self.check_at = Instant::now() + CHECK_EVERY;
                    if self.is_shut().await {
                        return None;
                    }
                }
                sent = self.reader.next() => {
                    let sent = sent?;
                    // People, roles or tokens have changed: perhaps this reader's.
                    if sent.name == "people" && self.is_shut().await {
                        return None;
                    }
                    if !sent.is_for(self.eyes) {
                        continue;
                    }
                    return Some(Event::default().event(sent.name).id(sent.id.to_string()).data(&sent.json));
                }
            }
        }
    }
}
