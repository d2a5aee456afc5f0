//! The guard against real sockets: names that change their mind, redirects, answers that are too long or too slow.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

/// Each answer once, in order; the last for ever.
#[derive(Debug)]
struct Changing(Mutex<VecDeque<&'static str>>, AtomicUsize);

impl Changing {
    fn new(answers: &[&'static str]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(answers.iter().copied().collect()), AtomicUsize::new(0)))
    }

    fn asked(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Resolve for Changing {
    async fn resolve(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0] };
        Ok(vec![answer.parse().unwrap()])
    }
}

/// Answers every connection with this text; counts them.
async fn server(answer: impl Fn(SocketAddr) -> String + Send + 'static) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let visits = Arc::new(AtomicUsize::new(0));
    let counted = visits.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            let text = answer(address);
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(text.as_bytes()).await;
                if text.is_empty() {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
            });
        }
    });
    (address, visits)
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn to(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
}

impl Outgoing {
    async fn fetch(&self, url: &str) -> Result<Response<Vec<u8>>, OutgoingError> {
        self.send(Request::get(url).body(vec![]).unwrap()).await
    }
}

const LIMITS: Limits = Limits { time: Duration::from_millis(500), bytes: 1000 };

fn outgoing(allowed: &str, resolver: Arc<dyn Resolve>) -> Outgoing {
    Outgoing::with(Allowed::parse(allowed).unwrap(), resolver, LIMITS)
}

#[tokio::test]
async fn a_name_that_changes_between_the_look_and_the_connection_leads_nowhere_else() {
    let (address, visits) = server(|_| ok("inside")).await;
    // First an address of the open internet that nobody has, then this machine.
    let resolver = Changing::new(&["2a00::1", "127.0.0.1"]);
    let url = format!("http://rebind.example:{}/", address.port());
    let error = outgoing("", resolver.clone()).fetch(&url).await.unwrap_err();
    assert!(error.refusal().is_none(), "the first answer was fine: {error}");
    assert_eq!((resolver.asked(), visits.load(Ordering::SeqCst)), (1, 0), "{error}");
    // The other way round: what was judged is what is reached.
    let resolver = Changing::new(&["127.0.0.1", "127.0.0.9"]);
    let answer = outgoing("rebind.example", resolver.clone()).fetch(&url).await.unwrap();
    assert_eq!((answer.body().as_slice(), resolver.asked()), (&b"inside"[..], 1));
    let refused = outgoing("", Changing::new(&["127.0.0.1"])).fetch(&url).await.unwrap_err();
    assert!(refused.refusal().is_some() && visits.load(Ordering::SeqCst) == 1, "{refused}");
}

#[tokio::test]
async fn each_redirect_is_judged_again_and_there_are_few() {
    let resolver = || Changing::new(&["127.0.0.1"]);
    let (inside, visits) = server(|_| ok("inside")).await;
    let (leading, _) = server(move |_| to(&format!("http://{inside}/secret"))).await;
    let url = format!("http://idp.example:{}/", leading.port());
    let error = outgoing("idp.example", resolver()).fetch(&url).await.unwrap_err();
    assert!(matches!(error.refusal(), Some(Refusal::Inside { kind: rule::Kind::Loopback, .. })), "{error}");
    assert_eq!(visits.load(Ordering::SeqCst), 0);
    let answer = outgoing("idp.example, 127.0.0.1", resolver()).fetch(&url).await.unwrap();
    assert_eq!(answer.body().as_slice(), b"inside");
    let (circle, turns) = server(|_| to("/again")).await;
    let error = outgoing("127.0.0.1", resolver()).fetch(&format!("http://{circle}/")).await.unwrap_err();
    assert_eq!((error.refusal(), turns.load(Ordering::SeqCst)), (Some(&Refusal::TooManyRedirects(3)), 4));
    // What may carry credentials follows nothing.
    let request = Request::post(format!("http://{leading}/")).body(b"secret".to_vec()).unwrap();
    let answer = outgoing("127.0.0.1", resolver()).send(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
    let request = Request::get(format!("http://{leading}/")).header("authorization", "Bearer x").body(vec![]).unwrap();
    let answer = outgoing("127.0.0.1", resolver()).send(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn an_answer_may_be_neither_too_long_nor_too_late() {
    let resolver = || Changing::new(&["127.0.0.1"]);
    for (length, fits) in [(1000, true), (1001, false)] {
        let (address, _) = server(move |_| ok(&"x".repeat(length))).await;
        let answer = outgoing("127.0.0.1", resolver()).fetch(&format!("http://{address}/?token=1")).await;
        assert_eq!(answer.is_ok(), fits, "{length}: {answer:?}");
        if let Err(error) = answer {
            assert_eq!(error, OutgoingError::TooLarge(format!("http://{address}/"), 1000), "and no query is shown");
        }
    }
    let (silent, _) = server(|_| String::new()).await;
    let begun = std::time::Instant::now();
    let error = outgoing("127.0.0.1", resolver()).fetch(&format!("http://{silent}/")).await.unwrap_err();
    assert!(matches!(error, OutgoingError::TooSlow(..)) && begun.elapsed() < Duration::from_secs(3), "{error}");
}

#[tokio::test]
async fn a_port_and_a_certificate_are_looked_at_under_the_same_rule() {
    let (address, visits) = server(|_| ok("not TLS")).await;
    let resolver = || Changing::new(&["127.0.0.1"]);
    let named = format!("db.example:{}", address.port());
    let (closed, open) = (outgoing("", resolver()), outgoing("db.example", resolver()));
    let refused = closed.reach(&named).await.unwrap_err();
    let said = format!("{named} is not asked: db.example is 127.0.0.1, this machine itself; ");
    assert!(refused.to_string().starts_with(&said), "{refused}");
    assert!(closed.certificate(&named, Authority::Any, 0).await.unwrap_err().refusal().is_some());
    assert_eq!(visits.load(Ordering::SeqCst), 0);
    open.reach(&named).await.unwrap();
    let error = open.certificate(&named, Authority::Any, 0).await.unwrap_err();
    assert!(matches!(error, OutgoingError::Unreachable(..)), "{error}");
    for odd in ["127.1:80", "2130706433:80", "u@db.example:80", "db.example.:80", "db.example:0"] {
        assert!(open.reach(odd).await.unwrap_err().refusal().is_some(), "{odd}");
    }
    let (silent, _) = server(|_| String::new()).await;
    let at = format!("db.example:{}", silent.port());
    let error = open.certificate(&at, Authority::Any, 0).await.unwrap_err();
    assert!(matches!(error, OutgoingError::TooSlow(..)), "{error}");
}

#[tokio::test]
async fn https_to_a_server_that_does_not_speak_it_reaches_nobody() {
    let (plain, _) = server(|_| ok("not TLS")).await;
    let error =
        outgoing("127.0.0.1", Changing::new(&["127.0.0.1"])).fetch(&format!("https://{plain}/")).await.unwrap_err();
    assert!(matches!(error, OutgoingError::Unreachable(..)), "{error}");
}
