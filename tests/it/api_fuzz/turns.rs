//! A door in front of a server. Who knocks with the first of several cookies comes in with each of them in turn, or without any if that
//! is one of the turns; whoever has another one, or none, comes in as they are. So one fuzzer that holds one cookie is everybody, and
//! nobody. It also ends sessions of people whom it has seen: whose cookie opens nothing any more has no more turns.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::{
    StatusCode,
    header::{COOKIE, HOST},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// How it goes with one cookie.
#[derive(Default)]
struct Turn {
    asked: usize,
    shut: bool,
}

pub(super) struct Door {
    behind: String,
    /// The first is what the fuzzer holds; without one it is a stranger's turn.
    cookies: Vec<Option<String>>,
    turns: Mutex<Vec<Turn>>,
    client: reqwest::Client,
}

impl Door {
    /// How much was asked with each cookie while it opened.
    pub(super) fn asked(&self) -> Vec<usize> {
        self.turns.lock().unwrap().iter().map(|turn| turn.asked).collect()
    }

    /// Of those that open, the one that was asked with least.
    fn next(&self) -> usize {
        let mut turns = self.turns.lock().unwrap();
        let open = turns.iter_mut().enumerate().filter(|(_, turn)| !turn.shut).min_by_key(|(_, turn)| turn.asked);
        open.map_or(0, |(number, turn)| {
            turn.asked += 1;
            number
        })
    }
}

/// There, who is signed in is refused like a stranger if a password or a code is wrong.
const PROOFS: [&str; 2] = ["/api/v1/session", "/api/v1/account"];

/// The door's address; it stands open until the task is stopped.
pub(super) async fn open(behind: String, cookies: Vec<Option<String>>) -> (String, Arc<Door>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let turns = Mutex::new(cookies.iter().map(|_| Turn::default()).collect());
    let door = Arc::new(Door { behind, cookies, turns, client });
    let router = Router::new().fallback(pass).with_state(door.clone());
    (address, door, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
}

async fn pass(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    head.headers.remove(HOST);
    let first = door.cookies.first().and_then(Option::as_ref).map(String::as_bytes);
    let turn = head.headers.get(COOKIE).is_some_and(|cookie| Some(cookie.as_bytes()) == first).then(|| {
        let turn = door.next();
        match &door.cookies[turn] {
            Some(cookie) => drop(head.headers.insert(COOKIE, cookie.parse().unwrap())),
            None => drop(head.headers.remove(COOKIE)),
        }
        turn
    });
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let (proves, address) =
        (PROOFS.iter().any(|p| head.uri.path().starts_with(p)), format!("{}{}", door.behind, head.uri));
    let answer = door.client.request(head.method, address).headers(head.headers).body(body).send().await.unwrap();
    let shut = |turn: &usize| !proves && answer.status() == StatusCode::UNAUTHORIZED && door.cookies[*turn].is_some();
    if let Some(turn) = turn.filter(shut) {
        door.turns.lock().unwrap()[turn].shut = true;
    }
    Response::from(http::Response::from(answer).map(Body::new))
}
