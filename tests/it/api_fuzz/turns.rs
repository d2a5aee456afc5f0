//! A door in front of a server. Who knocks with the first of several cookies comes in with each of them in turn; whoever has another
//! one, or none, comes in as they are. So one fuzzer that holds one cookie is everybody.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::header::{COOKIE, HOST};
use tokio::{net::TcpListener, task::JoinHandle};

pub(super) struct Door {
    behind: String,
    cookies: Vec<String>,
    said: Mutex<Vec<(usize, String)>>,
    client: reqwest::Client,
}

/// How it went with one cookie.
pub(super) struct Story {
    pub(super) asked: usize,
    /// In the end as somebody who is not signed in (any more).
    pub(super) as_stranger: usize,
    /// The last before that, to see what shut the door.
    pub(super) before: Vec<String>,
}

impl Door {
    pub(super) fn story(&self, cookie: usize) -> Story {
        let said = self.said.lock().unwrap();
        let own: Vec<&String> = said.iter().filter(|(turn, _)| *turn == cookie).map(|(_, line)| line).collect();
        let open = own.iter().rposition(|line| !line.starts_with("401")).map_or(0, |last| last + 1);
        let before = own[open.saturating_sub(3)..open].iter().map(|line| (*line).clone()).collect();
        Story { asked: own.len(), as_stranger: own.len() - open, before }
    }
}

/// The door's address; it stands open until the task is stopped.
pub(super) async fn open(behind: String, cookies: Vec<String>) -> (String, Arc<Door>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let door = Arc::new(Door { behind, cookies, said: Mutex::default(), client });
    let router = Router::new().fallback(pass).with_state(door.clone());
    (address, door, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
}

async fn pass(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    head.headers.remove(HOST);
    let first = door.cookies.first().map(String::as_bytes);
    let turn = head.headers.get(COOKIE).is_some_and(|cookie| Some(cookie.as_bytes()) == first).then(|| {
        let turn = door.said.lock().unwrap().len() % door.cookies.len();
        head.headers.insert(COOKIE, door.cookies[turn].parse().unwrap());
        turn
    });
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let (asked, address) = (format!("{} {}", head.method, head.uri), format!("{}{}", door.behind, head.uri));
    let answer = door.client.request(head.method, address).headers(head.headers).body(body).send().await.unwrap();
    if let Some(turn) = turn {
        door.said.lock().unwrap().push((turn, format!("{} {asked}", answer.status().as_u16())));
    }
    Response::from(http::Response::from(answer).map(Body::new))
}
