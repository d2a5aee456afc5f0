//! Programs of strangers that ask to be told by webhook, over a real receiver: the challenge, what is signed, leaving, being given up.

use reqwest::StatusCode;
use shared::domain::{access::Role, outbox::Channel};
use tests::{
    mailbox::{Hook, MailServer, Receiver},
    muster::Muster,
    persona::{Http, Persona},
    scene::{eventually, plan},
};

struct Wire {
    muster: Muster,
    _mail: MailServer,
    receiver: Receiver,
    chief: Persona,
    stranger: Http,
}

impl Wire {
    async fn set() -> Self {
        let (mail, receiver) = (MailServer::start().unwrap(), Receiver::start().await.unwrap());
        let settings = server::outbox::mail::MailSettings::parse(&mail.url, Some("Status <status@example.org>"), None);
        let host = receiver.base.trim_start_matches("http://").to_owned();
        let muster = Muster::start_with(|to| {
            to.mail = Some(settings.unwrap());
            to.outgoing = outgoing::rule::Allowed::parse(&host).unwrap();
        })
        .await
        .unwrap();
        muster.give_plan(&plan().unwrap(), "bt2c").await.unwrap();
        let chief = muster.persona(Role::Administrator).await.unwrap();
        let stranger = muster.stranger().unwrap();
        Self { muster, _mail: mail, receiver, chief, stranger }
    }

    async fn send(&self, path: &str, body: String) -> (StatusCode, String) {
        let request = self.stranger.client.post(format!("{}{path}", self.muster.base));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// The key that is shown, and the page without it.
    async fn ask(&self, url: &str, component: &str) -> (String, String) {
        let escaped = url.replace(':', "%3A").replace('/', "%2F");
        let (status, html) = self.send("/subscribe/webhook", format!("url={escaped}&component={component}")).await;
        assert_eq!(status, StatusCode::OK, "{html}");
        let key = html.split("<code>").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let page = html.replace(&key, "KEY");
        (key, page)
    }

    async fn nth(&self, path: &str, n: usize) -> Hook {
        eventually(&format!("{n} came to {path}"), async || self.receiver.to(path).len() >= n).await.unwrap();
        self.receiver.to(path).remove(n - 1)
    }

    async fn settled(&self) {
        let pool = sqlx::PgPool::connect(&self.muster.database.url).await.unwrap();
        eventually("everything is sent", async || {
            let open = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM letter WHERE ended_at IS NULL");
            open.fetch_one(&pool).await.unwrap() == 0
        })
        .await
        .unwrap();
    }

    async fn count(&self) -> i64 {
        self.chief.api.subscribers_count().await.unwrap().subscribed
    }
}

#[tokio::test]
async fn a_receiver_that_answers_its_challenge_is_told_what_concerns_it_until_it_leaves() {
    let wire = Wire::set().await;
    let url = format!("{}/echo", wire.receiver.base);
    let (key, _) = wire.ask(&url, "bt2c%2Fvalidator2").await;
    let challenge = wire.nth("/echo", 1).await;
    assert_eq!(challenge.json()["kind"], "challenge");
    assert!(challenge.is_signed_with(&key));
    eventually("it is confirmed", async || wire.count().await == 1).await.unwrap();

    let other = wire.muster.declare(&wire.chief, "validator1").await.unwrap().number;
    let n = wire.muster.declare(&wire.chief, "validator2").await.unwrap().number;
    let update = wire.nth("/echo", 2).await;
    wire.settled().await;
    let body = update.json();
    assert!(body["url"].as_str().unwrap().ends_with(&format!("/incidents/{n}")), "{body}");
    assert!(body["kind"] == "update" && update.is_signed_with(&key), "{body}");
    assert_eq!(wire.receiver.to("/echo").len(), 2, "nothing of incident {other}");

    // Whoever asks for it once more gets the same page and a key that is good for nothing.
    let (second, page) = wire.ask(&url, "bt2c%2Fvalidator1").await;
    let unknown = wire.ask(&format!("{}/silent", wire.receiver.base), "bt2c%2Fvalidator1").await.1;
    assert!(second != key && page == unknown, "the same answer");
    wire.muster.declare(&wire.chief, "validator2").await.unwrap();
    let third = wire.nth("/echo", 3).await;
    assert!(third.is_signed_with(&key) && !third.is_signed_with(&second), "nobody else turns it to another key");
    wire.settled().await;
    assert_eq!(wire.count().await, 1, "who does not answer the challenge is told nothing");
    assert_eq!(wire.receiver.to("/silent").len(), 1);

    let all = wire.chief.api.subscribers().await.unwrap().items;
    assert_eq!((all.len(), all[0].channel), (1, Channel::Webhook));
    assert!(!all[0].email.contains("echo"), "only its host is shown: {}", all[0].email);
    let leave = third.json()["leave_url"].as_str().unwrap().to_owned();
    let leave = leave[leave.find("/unsubscribe/").unwrap()..].to_owned();
    assert_eq!(wire.send(&leave, String::new()).await.0, StatusCode::OK);
    assert_eq!(wire.count().await, 0);
}

#[tokio::test]
async fn what_is_no_receiver_is_refused_or_given_up() {
    let wire = Wire::set().await;
    for bad in ["", "x", "ftp%3A%2F%2Fexample.org", "mailto%3Aada%40example.org"] {
        let (status, html) = wire.send("/subscribe/webhook", format!("url={bad}")).await;
        assert!(status == StatusCode::UNPROCESSABLE_ENTITY && !html.contains("<code>"), "{bad}: {html}");
    }
    // Inside the network nothing is asked, and nobody learns that.
    wire.ask("http://localhost:9/echo", "bt2c%2Fvalidator1").await;
    wire.ask(&format!("{}/echo-once", wire.receiver.base), "bt2c%2Fvalidator1").await;
    eventually("one is confirmed", async || wire.count().await == 1).await.unwrap();
    wire.settled().await;
    for n in 1..=3 {
        wire.receiver.answer("/echo-once", 410);
        assert_eq!(wire.count().await, 1, "after {n}");
        let incident = wire.muster.declare(&wire.chief, "validator1").await.unwrap().number;
        wire.nth("/echo-once", 1 + n).await;
        wire.settled().await;
        let end = shared::api::incident::ResolveIn {
            text: tests::scene::message("done"),
            public_text: None,
            notify: false,
            despite: None,
        };
        wire.chief.api.resolve(incident, &end).await.unwrap();
    }
    eventually("it is given up after three", async || wire.count().await == 0).await.unwrap();
    let audit = wire.chief.http.raw("GET", "/api/v1/audit/export", None).await.unwrap().1.to_string();
    assert!(audit.contains("subscriber.given-up") && !audit.contains("echo-once"));
    for _ in 0..3 {
        wire.send("/subscribe/webhook", "url=http%3A%2F%2Flocalhost%3A9%2Fx".into()).await;
    }
    let (status, _) = wire.send("/subscribe/webhook", "url=http%3A%2F%2Flocalhost%3A9%2Fx".into()).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
}
