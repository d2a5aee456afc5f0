//! Strangers who ask to be told by mail, over a real mail server: asking, confirming, leaving, and what reaches them.

use reqwest::StatusCode;
use shared::{
    api::{
        error::ErrorCode,
        incident::{ResolveIn, UpdateIn},
    },
    domain::{access::Role, incident::PublicState},
};
use sqlx::PgPool;
use tests::{
    mailbox::{Mail, MailServer},
    muster::{Muster, declaration},
    persona::{Http, Persona},
    scene::{eventually, message, plan, refused},
};

struct Post {
    muster: Muster,
    mail: MailServer,
    chief: Persona,
    stranger: Http,
}

impl Post {
    async fn set() -> Self {
        let mail = MailServer::start().unwrap();
        let settings = server::outbox::mail::MailSettings::parse(&mail.url, Some("Status <status@example.org>"), None);
        let muster = Muster::start_with(|to| to.mail = Some(settings.unwrap())).await.unwrap();
        muster.give_plan(&plan().unwrap(), "bt2c").await.unwrap();
        let chief = muster.persona(Role::Administrator).await.unwrap();
        let stranger = muster.stranger().unwrap();
        Self { muster, mail, chief, stranger }
    }

    async fn ask(&self, email: &str, components: &[&str]) -> (StatusCode, String) {
        let mut form = vec![("email", email)];
        form.extend(components.iter().map(|c| ("component", *c)));
        self.send("/subscribe", &form).await
    }

    async fn send(&self, path: &str, form: &[(&str, &str)]) -> (StatusCode, String) {
        let body = url_encoded(form);
        let request = self.stranger.client.post(format!("{}{path}", self.muster.base));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// The address behind `/subscribe/` or `/unsubscribe/` in the newest mail to somebody, when there are so many.
    async fn nth(&self, email: &str, n: usize) -> Mail {
        eventually(&format!("mail {n} is there"), async || self.mail.to(email).len() >= n).await.unwrap();
        self.mail.to(email).remove(n - 1)
    }

    async fn subscribed(&self, email: &str, components: &[&str]) {
        self.ask(email, components).await;
        let mail = self.nth(email, 1).await;
        let (status, _) = self.send(&path(&mail.text, "/subscribe/"), &[]).await;
        assert_eq!(status, StatusCode::OK);
    }

    async fn count(&self) -> i64 {
        self.chief.api.subscribers_count().await.unwrap().subscribed
    }

    async fn settled(&self) {
        let pool = PgPool::connect(&self.muster.database.url).await.unwrap();
        eventually("everything is sent", async || {
            let open = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM letter WHERE ended_at IS NULL");
            open.fetch_one(&pool).await.unwrap() == 0
        })
        .await
        .unwrap();
    }
}

fn url_encoded(form: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        let mut out = String::new();
        for byte in text.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
                _ => out += &format!("%{byte:02X}"),
            }
        }
        out
    };
    form.iter().map(|(key, value)| format!("{key}={}", escape(value))).collect::<Vec<_>>().join("&")
}

fn path(text: &str, begins: &str) -> String {
    let at = text.find(begins).unwrap_or_else(|| panic!("no {begins} in {text}"));
    text[at..].split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn updates_come_after_the_button_behind_the_link_is_pressed_and_end_with_one_click() {
    let post = Post::set().await;
    let home = post.stranger.page("/").await.unwrap().1;
    assert!(home.contains("href=\"/subscribe\""), "{home}");
    let (status, form) = post.stranger.page("/subscribe").await.unwrap();
    assert!(status == StatusCode::OK && form.contains("value=\"bt2c/validator1\""), "{form}");
    let (status, said) = post.ask("Ada@Example.org", &[]).await;
    assert!(status == StatusCode::OK && said.contains("Look into your mail") && !said.contains("xample.org"), "{said}");
    let asked = post.nth("ada@example.org", 1).await;
    assert_eq!(
        (asked.subject.as_str(), asked.from.as_str()),
        ("Do you want updates by mail?", "Status <status@example.org>")
    );
    let link = path(&asked.text, "/subscribe/");
    // A machine that opens links confirms nothing by it.
    for _ in 0..2 {
        let (status, html) = post.stranger.page(&link).await.unwrap();
        assert!(status == StatusCode::OK && html.contains("Yes, send me updates"), "{html}");
    }
    assert_eq!(post.count().await, 0);
    let n = post.muster.declare(&post.chief, "validator1").await.unwrap().number;
    post.settled().await;
    assert_eq!(post.mail.to("ada@example.org").len(), 1, "who has not confirmed is told nothing");

    assert!(post.send(&link, &[]).await.1.contains("You get updates"));
    assert_eq!(post.send(&link, &[]).await.0, StatusCode::NOT_FOUND, "it serves once");
    assert_eq!(post.count().await, 1);
    let update =
        UpdateIn { state: PublicState::Identified, text: message("A disk is full."), notify: true, happened_at: None };
    post.chief.api.note(n, &shared::api::incident::NoteIn::of(message("SECRET for the team"))).await.unwrap();
    post.chief.api.post_update(n, &update).await.unwrap();
    let mail = post.nth("ada@example.org", 2).await;
    let title = declaration("validator1").unwrap().public.unwrap().title.into_inner();
    assert_eq!(mail.subject, format!("Identified: {title}"));
    assert!(mail.text.contains("A disk is full.") && mail.text.contains(&format!("/incidents/{n}")), "{}", mail.text);
    assert!(!mail.text.contains("SECRET") && !mail.text.contains(&post.chief.me.name), "{}", mail.text);
    for name in ["List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted"] {
        assert!(mail.headers.iter().any(|header| header == name), "{name}: {:?}", mail.headers);
    }
    let quiet = UpdateIn {
        state: PublicState::Identified,
        text: message("A typing mistake."),
        notify: false,
        happened_at: None,
    };
    post.chief.api.post_update(n, &quiet).await.unwrap();
    post.settled().await;
    assert_eq!(post.mail.to("ada@example.org").len(), 2, "who posts can keep it quiet");

    let leave = path(&mail.text, "/unsubscribe/");
    let (status, html) = post.stranger.page(&leave).await.unwrap();
    assert!(status == StatusCode::OK && html.contains("Stop the updates"), "{html}");
    assert_eq!(post.count().await, 1, "opening the link changes nothing");
    let one_click = post.send(&leave, &[("List-Unsubscribe", "One-Click")]).await;
    assert!(one_click.0 == StatusCode::OK && one_click.1.contains("You get no more updates"));
    assert_eq!(post.send(&leave, &[]).await, one_click, "nobody learns whether there was anybody");
    assert_eq!(post.count().await, 0);
    let end = ResolveIn { text: message("done"), public_text: None, notify: true, despite: None };
    post.chief.api.resolve(n, &end).await.unwrap();
    post.settled().await;
    assert_eq!(post.mail.to("ada@example.org").len(), 2);
}

#[tokio::test]
async fn whoever_wants_one_component_is_told_of_it_only_and_two_servers_send_once() {
    let post = Post::set().await;
    let _other = post.muster.another_server().await.unwrap();
    post.subscribed("one@example.org", &["bt2c/validator2"]).await;
    post.subscribed("all@example.org", &[]).await;
    let first = post.muster.declare(&post.chief, "validator1").await.unwrap().number;
    let second = post.muster.declare(&post.chief, "validator2").await.unwrap().number;
    post.nth("all@example.org", 3).await;
    post.nth("one@example.org", 2).await;
    post.settled().await;
    let to = |email: &str| post.mail.to(email).into_iter().skip(1).map(|m| m.text).collect::<Vec<_>>();
    let (all, one) = (to("all@example.org"), to("one@example.org"));
    assert_eq!((all.len(), one.len()), (2, 1), "{all:?} {one:?}");
    assert!(one[0].contains(&format!("/incidents/{second}")), "{one:?}");
    for n in [first, second] {
        assert!(all.iter().any(|text| text.contains(&format!("/incidents/{n}"))), "{n}: {all:?}");
    }
    let (status, said) = post.ask("x@example.org", &["bt2c/nobody"]).await;
    assert!(status == StatusCode::UNPROCESSABLE_ENTITY && said.contains("There is no such component"), "{said}");
}

#[tokio::test]
async fn whoever_declares_or_resolves_can_keep_it_quiet_and_knows_whom_it_would_reach() {
    let post = Post::set().await;
    post.subscribed("one@example.org", &["bt2c/validator2"]).await;
    post.subscribed("all@example.org", &[]).await;
    let concerned = async |component: &str| {
        let of = [format!("bt2c/{component}")];
        post.chief.api.subscribers_concerned(&of).await.unwrap().subscribed
    };
    assert_eq!((concerned("validator1").await, concerned("validator2").await, post.count().await), (1, 2, 2));
    let mut quiet = declaration("validator2").unwrap();
    quiet.public.as_mut().unwrap().notify = false;
    let n = post.chief.api.declare(&quiet, "quiet").await.unwrap().number;
    let end = ResolveIn { text: message("done"), public_text: None, notify: false, despite: None };
    post.chief.api.resolve(n, &end).await.unwrap();
    let loud = post.muster.declare(&post.chief, "validator2").await.unwrap().number;
    post.nth("one@example.org", 2).await;
    post.settled().await;
    let told = post.mail.to("one@example.org");
    assert!(told.len() == 2 && told[1].text.contains(&format!("/incidents/{loud}")), "only of the second one");
}

#[tokio::test]
async fn nobody_learns_who_is_subscribed_and_nobodys_box_is_filled() {
    let post = Post::set().await;
    post.subscribed("ada@example.org", &[]).await;
    let known = post.ask("ada@example.org", &[]).await;
    assert_eq!(known, post.ask("bob@example.org", &[]).await, "the same answer");
    assert_eq!(post.ask("ada@example.org", &[]).await.0, StatusCode::OK);
    assert_eq!(post.ask(" ADA@example.org", &[]).await.0, StatusCode::TOO_MANY_REQUESTS);
    for bad in ["", "ada", "ada@example.org\r\nBcc: eve@example.org", "<script>@x y"] {
        let (status, said) = post.ask(bad, &[]).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{bad:?}");
        assert!(!said.contains("<script>@"), "{said}");
    }
    assert_eq!(post.count().await, 1, "asking again takes nothing away");
    assert_eq!(post.stranger.page("/subscribe/none").await.unwrap().0, StatusCode::NOT_FOUND);

    // Addresses are for few, and readable nowhere.
    for role in [Role::Viewer, Role::Operator, Role::Approver] {
        let person = post.muster.persona(role).await.unwrap();
        assert_eq!(person.api.subscribers_count().await.unwrap().subscribed, 1);
        assert_eq!(refused(person.api.subscribers().await).code, ErrorCode::Forbidden);
    }
    let all = post.chief.api.subscribers().await.unwrap().items;
    assert_eq!((all.len(), all[0].email.as_str()), (1, "ada@example.org"));
    let pool = PgPool::connect(&post.muster.database.url).await.unwrap();
    let kept: String =
        sqlx::query_scalar("SELECT string_agg(s::text, ' ') FROM subscriber s").fetch_one(&pool).await.unwrap();
    assert!(!kept.contains("ada@"), "{kept}");
    let audit = post.chief.http.raw("GET", "/api/v1/audit/export", None).await.unwrap().1.to_string();
    assert!(audit.contains("subscribers.read") && !audit.contains("ada@example.org"));
    post.chief.api.remove_subscriber(all[0].id).await.unwrap();
    assert_eq!(refused(post.chief.api.remove_subscriber(all[0].id).await).code, ErrorCode::NotFound);
    assert_eq!(post.count().await, 0);
}

#[tokio::test]
async fn an_address_that_takes_no_mail_is_given_up() {
    let post = Post::set().await;
    post.ask("refused@example.org", &[]).await;
    post.settled().await;
    let pool = PgPool::connect(&post.muster.database.url).await.unwrap();
    let confirmed = "UPDATE subscriber SET confirmed_at = now(), confirm_hash = NULL, confirm_until = NULL";
    sqlx::query(confirmed).execute(&pool).await.unwrap();
    assert_eq!(post.count().await, 1);
    for component in ["validator1", "validator2"] {
        post.muster.declare(&post.chief, component).await.unwrap();
        post.settled().await;
    }
    eventually("it is given up after three", async || post.count().await == 0).await.unwrap();
}

#[tokio::test]
async fn without_a_mail_server_nothing_is_offered() {
    let muster = Muster::start().await.unwrap();
    let stranger = muster.stranger().unwrap();
    assert!(!stranger.page("/").await.unwrap().1.contains("/subscribe"));
    assert_eq!(stranger.page("/subscribe").await.unwrap().0, StatusCode::NOT_FOUND);
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    assert!(!viewer.api.subscribers_count().await.unwrap().open);
}
