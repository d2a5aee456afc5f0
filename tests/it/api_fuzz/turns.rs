//! A door in front of a server. Who knocks with the first of several cookies comes in with each of them in turn; whoever has another
//! one, or none, comes in as they are. So one fuzzer that holds one cookie is everybody.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::header::{COOKIE, HOST};
use tokio::{net::TcpListener, task::JoinHandle};

struct Door {
    behind: String,
    cookies: Vec<String>,
    turn: AtomicUsize,
    client: reqwest::Client,
}

/// The door's address; it stands open until the task is stopped.
pub(super) async fn open(behind: String, cookies: Vec<String>) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let door = Arc::new(Door { behind, cookies, turn: AtomicUsize::new(0), client });
    let router = Router::new().fallback(pass).with_state(door);
    (address, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
}

async fn pass(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    head.headers.remove(HOST);
    if head.headers.get(COOKIE).is_some_and(|cookie| cookie.as_bytes() == door.cookies[0].as_bytes()) {
        let turn = door.turn.fetch_add(1, Ordering::Relaxed) % door.cookies.len();
        head.headers.insert(COOKIE, door.cookies[turn].parse().unwrap());
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let address = format!("{}{}", door.behind, head.uri);
    let answer = door.client.request(head.method, address).headers(head.headers).body(body).send().await.unwrap();
    Response::from(http::Response::from(answer).map(Body::new))
}
