//! Answering a call by the link in it, hours in which one is not called, rehearsals of the contact tree, and links in letters: over a
//! real mail server.

use std::time::Duration;

use reqwest::{StatusCode, header::ACCEPT};
use serde_json::{Value, json};
use shared::{
    api::{
        contact::{ContactDrillView, ContactsView},
        error::ErrorCode,
        people::{ActiveIn, InviteIn, LinkUseIn, PersonRoleIn},
        readiness_report::ReadinessReport,
    },
    domain::{
        access::Role,
        contact_drill::DrillOutcome,
        incident::{IncidentEvent, IncidentState},
        outbox::Channel,
        quiet::QuietHours,
        text::Name,
    },
};
use sqlx::PgPool;
use tests::{
    mailbox::{Mail, Receiver},
    muster::Muster,
    scene::{eventually, message, plan, refused},
};

use super::team::Team;

/// The address behind "I have it" or "I can be reached".
fn answer_link(text: &str) -> String {
    let link = text.split_whitespace().find(|word| word.contains("/answer/"));
    link.unwrap_or_else(|| panic!("no link to answer by: {text}")).to_owned()
}

async fn get(link: &str) -> (StatusCode, String) {
    let answer = reqwest::get(link).await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

/// As the button on the page does, without any cookie.
async fn press(link: &str) -> (StatusCode, String) {
    let answer = reqwest::Client::new().post(link).header(ACCEPT, "text/html").send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

fn only(mails: &[Mail]) -> &Mail {
    let [mail] = mails else { panic!("{mails:?}") };
    mail
}

#[tokio::test]
async fn a_call_is_answered_by_its_link_without_signing_in_and_looking_answers_nothing() {
    let team = Team::set().await;
    let incident = team.declare(3).await;
    team.called(incident, 3).await;
    let bobs = answer_link(&only(&team.mail.to("bob@example.org")).text);
    let adas = answer_link(&only(&team.mail.to("ada@example.org")).text);
    assert_ne!(bobs, adas);
    for _ in 0..2 {
        let (status, page) = get(&bobs).await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("validator1 is down") && page.contains(">I have it</button>"), "{page}");
    }
    let seen = team.ada.api.incident(incident).await.unwrap();
    assert!(seen.state == IncidentState::Declared, "whoever looks at links has answered nothing");

    let (status, page) = press(&bobs).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("You have answered.") && !page.contains("</button>"), "{page}");
    let seen = team.ada.api.incident(incident).await.unwrap();
    let by = seen.timeline.iter().find(|entry| matches!(entry.event, IncidentEvent::Acknowledged)).unwrap();
    assert_eq!(by.by.to_string(), team.bob.me.name);
    eventually("nobody is called any more", async || team.calls(incident).await.next_at.is_none()).await.unwrap();

    // Somebody has it; another one says that they have heard, and nothing is acknowledged twice.
    assert!(get(&adas).await.1.contains("Somebody has acknowledged it already."));
    let heard = reqwest::Client::new().post(&adas).send().await.unwrap();
    let heard: Value = heard.json().await.unwrap();
    assert_eq!((&heard["answered"], &heard["name"]), (&json!(true), &json!(team.ada.me.name)));
    assert!(press(&bobs).await.1.contains("You have answered."), "again changes nothing");
    let seen = team.ada.api.incident(incident).await.unwrap();
    let n = seen.timeline.iter().filter(|entry| matches!(entry.event, IncidentEvent::Acknowledged)).count();
    assert_eq!(n, 1);
    let answered = team.calls(incident).await.items.into_iter().filter(|call| call.answered_at.is_some()).count();
    assert_eq!(answered, 2);
    let audit = team.dora.http.raw("GET", "/api/v1/audit/export", None).await.unwrap().1.to_string();
    assert_eq!(audit.matches("page.answered").count(), 2, "the third press wrote nothing");
}

#[tokio::test]
async fn a_link_answers_for_nobody_who_may_not_and_nothing_that_is_over() {
    let team = Team::set().await;
    let incident = team.declare(3).await;
    team.called(incident, 3).await;
    let [adas, bobs, cleos] =
        ["ada", "bob", "cleo"].map(|name| answer_link(&only(&team.mail.to(&format!("{name}@example.org"))).text));
    let (start, token) = bobs.rsplit_once('/').unwrap();
    let swapped: String = token.chars().rev().collect();
    for made_up in [format!("{start}/x"), format!("{start}/{swapped}"), format!("{start}/{}", "A".repeat(120))] {
        let (status, page) = press(&made_up).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(page.contains("Nothing was answered"), "{page}");
    }
    team.dora.prove().await.unwrap();
    team.dora.api.set_role(team.bob.id, &PersonRoleIn { role: Role::Viewer.into() }).await.unwrap();
    let (status, page) = press(&bobs).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(page.contains("Nothing was acknowledged."), "{page}");
    team.dora
        .api
        .set_active(team.cleo.id, &ActiveIn { active: false, reason: message("Left the company.") })
        .await
        .unwrap();
    assert_eq!(press(&cleos).await.0, StatusCode::NOT_FOUND, "who is deactivated answers nothing");
    assert_eq!(team.ada.api.incident(incident).await.unwrap().state, IncidentState::Declared);

    let pool = PgPool::connect(&team.muster.database.url).await.unwrap();
    let earlier = async |interval: &str| {
        let earlier = format!("UPDATE page SET at = at - interval '{interval}'");
        sqlx::query(sqlx::AssertSqlSafe(earlier)).execute(&pool).await.unwrap();
    };
    earlier("25 h").await;
    assert_eq!(press(&adas).await.0, StatusCode::NOT_FOUND, "a link is good for a day");
    earlier("-25 h").await;
    let resolve = shared::api::incident::ResolveIn {
        text: message("It was the power supply."),
        public_text: None,
        notify: true,
        despite: None,
    };
    team.dora.api.resolve(incident, &resolve).await.unwrap();
    let (status, page) = press(&adas).await;
    assert!(status == StatusCode::OK && page.contains("It is over"), "{page}");
}

#[tokio::test]
async fn a_gateway_answers_for_whoever_pressed_a_key() {
    let receiver = Receiver::start().await.unwrap();
    let host = receiver.base.trim_start_matches("http://").to_owned();
    let muster = Muster::start_with(|to| to.outgoing = outgoing::rule::Allowed::parse(&host).unwrap()).await.unwrap();
    muster.give_plan(&plan().unwrap(), "bt2c").await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let ada = muster.local("ada@example.org", Role::Responder).await.unwrap();
    admin.api.set_contacts("bt2c", "System Administrator", &[ada.id]).await.unwrap();
    for (channel, path) in [(Channel::Webhook, "/sms"), (Channel::Ntfy, "/ada"), (Channel::Slack, "/slack")] {
        let address = format!("{}{path}", receiver.base);
        let way = ada.api.add_way(&shared::api::contact::WayIn { channel, address }).await.unwrap().way;
        let path = if channel == Channel::Ntfy { "/" } else { path };
        eventually("the code came", async || !receiver.to(path).is_empty()).await.unwrap();
        let text = String::from_utf8(receiver.to(path)[0].body.clone()).unwrap();
        let at = text.find("The code is ").unwrap() + "The code is ".len();
        ada.api.confirm_way(way.id, &text[at..at + 6]).await.unwrap();
    }
    let number = muster.declare(&admin, "validator1").await.unwrap().number;
    for path in ["/sms", "/", "/slack"] {
        eventually("the call came", async || receiver.to(path).len() == 2).await.unwrap();
    }
    let ntfy = receiver.to("/")[1].json();
    let action = &ntfy["actions"][0];
    assert_eq!((&action["action"], &action["method"]), (&json!("http"), &json!("POST")), "{ntfy}");
    assert!(action["url"].as_str().unwrap().contains("/answer/"));
    assert!(receiver.to("/slack")[1].json()["text"].as_str().unwrap().contains("|I have it>"));
    let call = receiver.to("/sms")[1].json();
    let answer = reqwest::Client::new().post(call["answer_url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["answered"], true);
    let seen = admin.api.incident(number).await.unwrap();
    assert!(seen.state == IncidentState::Acknowledged, "one key on the phone, and somebody has it");
}

/// Quiet around the present, or around the opposite time of day.
async fn hours(team: &Team, now: bool) -> QuietHours {
    let pool = PgPool::connect(&team.muster.database.url).await.unwrap();
    let shift = if now { "-2 hours" } else { "10 hours" };
    let around = format!(
        "SELECT to_char(t, 'HH24:MI'), to_char(t + interval '4 hours', 'HH24:MI')
         FROM (SELECT (clock_timestamp() AT TIME ZONE 'Pacific/Auckland') + interval '{shift}') x (t)"
    );
    let (begins, ends): (String, String) = sqlx::query_as(sqlx::AssertSqlSafe(around)).fetch_one(&pool).await.unwrap();
    QuietHours { begins: begins.parse().unwrap(), ends: ends.parse().unwrap(), zone: "Pacific/Auckland".into() }
}

fn quiet(contacts: &ContactsView, name: &str) -> bool {
    contacts.roles.iter().flat_map(|role| &role.people).any(|person| person.name == name && person.quiet)
}

#[tokio::test]
async fn in_quiet_hours_the_backup_is_called_and_at_level_3_everybody() {
    let team = Team::set().await;
    let [ada, bob, cleo] = team.names();
    let other = hours(&team, false).await;
    team.ada.api.set_quiet_hours(Some(other)).await.unwrap();
    assert!(!quiet(&team.dora.api.contacts("bt2c").await.unwrap(), &ada), "it is another time of day");
    let now = hours(&team, true).await;
    team.ada.api.set_quiet_hours(Some(now.clone())).await.unwrap();
    assert_eq!(team.ada.api.own_ways().await.unwrap().quiet, Some(now.clone()));
    assert!(quiet(&team.dora.api.contacts("bt2c").await.unwrap(), &ada));
    let mild = team.declare(1).await;
    assert_eq!(team.called(mild, 1).await[0].name, bob, "the primary sleeps");
    let worst = team.declare(3).await;
    let mut names: Vec<_> = team.called(worst, 3).await.into_iter().map(|call| call.name).collect();
    names.sort();
    let mut all = [ada, bob, cleo];
    all.sort();
    assert_eq!(names, all);

    let wrong =
        [QuietHours { zone: "Mars/Olympus".into(), ..now.clone() }, QuietHours { ends: now.begins, ..now.clone() }];
    for hours in wrong {
        assert_eq!(refused(team.ada.api.set_quiet_hours(Some(hours)).await).code, ErrorCode::Invalid);
    }
    assert_eq!(team.ada.api.own_ways().await.unwrap().quiet, Some(now), "nothing was lost");
    team.ada.api.set_quiet_hours(None).await.unwrap();
    assert_eq!(team.ada.api.own_ways().await.unwrap().quiet, None);
}

async fn drills(team: &Team) -> Vec<ContactDrillView> {
    team.dora.api.contact_drills("bt2c").await.unwrap().items
}

#[tokio::test]
async fn a_drill_calls_the_tree_and_measures_who_answers_in_time() {
    let team = Team::with("refused@example.org").await;
    let view = team.dora.api.contact_drills("bt2c").await.unwrap();
    assert!(view.items.is_empty() && view.begin_refused.is_none());
    assert!(view.levels.iter().all(|level| level.within_seconds > 0), "even \"immediate\" has a measure: {view:?}");
    assert!(team.bob.api.contact_drills("bt2c").await.unwrap().begin_refused.is_some());
    assert_eq!(refused(team.bob.api.begin_contact_drill("bt2c", 1).await).code, ErrorCode::Forbidden);
    assert_eq!(refused(team.dora.api.begin_contact_drill("bt2c", 9).await).code, ErrorCode::Invalid);
    team.dora.api.begin_contact_drill("bt2c", 1).await.unwrap();
    let for_auditors = async || {
        let (_, signed) = team.dora.http.raw("GET", "/api/v1/systems/bt2c/readiness/report", None).await.unwrap();
        let report: ReadinessReport = serde_json::from_str(signed["document"].as_str().unwrap()).unwrap();
        report.contact_drills
    };
    assert!(for_auditors().await.is_empty(), "nobody can say yet who answers in time");
    assert_eq!(refused(team.dora.api.begin_contact_drill("bt2c", 1).await).code, ErrorCode::NotNow);
    let outcome = async |name: &str| {
        let drills = drills(&team).await;
        let call = drills[0].calls.iter().find(|call| call.name == name).unwrap().clone();
        (call.outcome, call.roles)
    };
    let [ada, bob, cleo] = team.names();
    eventually("the refused mail is known", async || outcome(&ada).await.0 == DrillOutcome::NotReached).await.unwrap();
    let came = async || !team.mail.to("bob@example.org").is_empty() && !team.mail.to("cleo@example.org").is_empty();
    eventually("the drill's mails came", came).await.unwrap();
    let mails = team.mail.to("bob@example.org");
    let mail = only(&mails);
    assert!(mail.subject.starts_with("DRILL:") && mail.text.contains("nothing has happened"), "{mail:?}");
    let (bobs, cleos) = (answer_link(&mail.text), answer_link(&only(&team.mail.to("cleo@example.org")).text));
    assert!(get(&bobs).await.1.contains(">I can be reached</button>"));
    assert_eq!(outcome(&bob).await.0, DrillOutcome::Waiting, "looking answers nothing");
    assert!(press(&bobs).await.1.contains("Answered."));
    assert_eq!(outcome(&bob).await, (DrillOutcome::InTime, vec!["System on-call rota".to_owned()]));
    assert_eq!(drills(&team).await[0].empty_roles, ["Security on-call rota"], "a gap is a finding, too");

    // As if all this had begun so much earlier that the time is over.
    let pool = PgPool::connect(&team.muster.database.url).await.unwrap();
    let ago = "UPDATE contact_drill SET begun_at = begun_at - interval '2 h', due_at = due_at - interval '2 h'";
    sqlx::query(ago).execute(&pool).await.unwrap();
    sqlx::query("UPDATE contact_drill_call SET answered_at = answered_at - interval '2 h'")
        .execute(&pool)
        .await
        .unwrap();
    eventually("the drill has ended", async || drills(&team).await[0].ended_at.is_some()).await.unwrap();
    assert_eq!(for_auditors().await.iter().map(|line| line.in_time).collect::<Vec<_>>(), [1]);
    assert_eq!(outcome(&cleo).await.0, DrillOutcome::NoAnswer);
    press(&cleos).await;
    assert_eq!(outcome(&cleo).await.0, DrillOutcome::Late, "it counts, as late");
    let ended = team.dora.http.raw("GET", "/api/v1/audit?action=contact-drill.ended", None).await.unwrap().1;
    let detail = &ended["items"][0]["detail"];
    assert_eq!((&detail["in_time"], &detail["called"]), (&json!(1), &json!(3)), "{ended}");
    assert!(team.ada.api.incidents(None).await.unwrap().items.is_empty(), "a drill is no incident");
    team.dora.api.begin_contact_drill("bt2c", 2).await.unwrap();
    assert_eq!(drills(&team).await.len(), 2, "the next one can begin");
}

const PASSWORD: &str = "violet ladder under nine";

#[tokio::test]
async fn invitations_and_password_links_are_mailed_and_their_tokens_stand_nowhere() {
    let team = Team::set().await;
    team.dora.prove().await.unwrap();
    let invite = InviteIn {
        name: Name::parse("Eve Example").unwrap(),
        email: "eve@example.org".into(),
        role: Role::Responder.into(),
        contact_roles: vec![],
    };
    let made = team.dora.api.invite(&invite).await.unwrap();
    assert_eq!(made.mailed_to.as_deref(), Some("eve@example.org"));
    let password = team.dora.api.password_link(team.bob.id).await.unwrap();
    assert_eq!(password.mailed_to.as_deref(), Some("bob@example.org"));
    let (_, token) = made.link.split_once('#').unwrap();
    for (email, link) in [("eve@example.org", &made.link), ("bob@example.org", &password.link)] {
        eventually("the link came", async || !team.mail.to(email).is_empty()).await.unwrap();
        assert!(only(&team.mail.to(email)).text.contains(link.as_str()), "{:?}", team.mail.to(email));
    }
    let pool = PgPool::connect(&team.muster.database.url).await.unwrap();
    let sent = async || {
        let left = "SELECT count(*) FROM message WHERE secret IS NOT NULL OR state <> 'sent'";
        let left: i64 = sqlx::query_scalar(left).fetch_one(&pool).await.unwrap();
        left == 0
    };
    eventually("what was sealed is gone", sent).await.unwrap();
    let everything: String =
        sqlx::query_scalar("SELECT string_agg(m::text, '') FROM message m").fetch_one(&pool).await.unwrap();
    let audit = team.dora.http.raw("GET", "/api/v1/audit/export", None).await.unwrap().1.to_string();
    assert!(!everything.contains(token) && !audit.contains(token));
    let listed = team.dora.api.contacts("bt2c").await.unwrap().messages;
    assert!(listed.is_empty(), "who is invited is not shown to all who may see contacts: {listed:?}");
    let using = LinkUseIn { token: token.to_owned(), password: PASSWORD.to_owned(), email: None, name: None };
    let stranger = shared::api::client::Client::new(team.muster.stranger().unwrap());
    assert_eq!(stranger.use_link(&using).await.unwrap().email, "eve@example.org");
}

#[tokio::test]
async fn without_a_mail_server_a_link_is_handed_over_by_hand() {
    let muster = Muster::start().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let ada = muster.local("ada@example.org", Role::Responder).await.unwrap();
    admin.prove().await.unwrap();
    assert_eq!(admin.api.password_link(ada.id).await.unwrap().mailed_to, None);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let n: i64 = {
        let pool = PgPool::connect(&muster.database.url).await.unwrap();
        sqlx::query_scalar("SELECT count(*) FROM message").fetch_one(&pool).await.unwrap()
    };
    assert_eq!(n, 0);
}

/// As a mail server hands over what came in.
async fn hand_over(team: &Team, mail: &str) -> (StatusCode, Value) {
    let address = format!("{}/answer-mail", team.muster.base);
    let answer = reqwest::Client::new().post(address).body(mail.to_owned()).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_call_is_answered_by_answering_its_mail_and_by_nothing_that_no_person_wrote() {
    let team = Team::set().await;
    let incident = team.declare(3).await;
    team.called(incident, 3).await;
    let mails = team.mail.to("bob@example.org");
    let call = only(&mails);
    assert!(call.text.contains("or answer this mail") && call.headers.iter().any(|name| name == "Reply-To"));
    let link = answer_link(&call.text);
    let token = link.rsplit('/').next().unwrap();
    let mail = |head: &str, text: &str| {
        format!(
            "From: bob@example.org\r\nTo: calls@example.org\r\nSubject: Re: {}\r\n{head}\r\n\r\n{text}\r\n",
            call.subject
        )
    };
    let referring = format!("References: <answer.{token}@example.org> {}", call.id);
    let away = mail(&format!("Auto-Submitted: auto-replied\r\n{referring}"), "I am on holiday.");
    assert_eq!(hand_over(&team, &away).await.0, StatusCode::NOT_FOUND);
    let made_up = mail(&format!("References: <answer.{}@example.org>", "A".repeat(76)), "on it");
    assert_ne!(hand_over(&team, &made_up).await.0, StatusCode::OK);
    assert_eq!(hand_over(&team, "").await.0, StatusCode::NOT_FOUND);
    let view = team.bob.api.incident(incident).await.unwrap();
    assert_eq!(view.state, IncidentState::Declared, "none of that was an answer");

    let (status, said) = hand_over(&team, &mail(&referring, "On my way.")).await;
    assert_eq!((status, &said["answered"], &said["name"]), (StatusCode::OK, &json!(true), &json!(team.bob.me.name)));
    let view = team.bob.api.incident(incident).await.unwrap();
    assert_eq!(view.state, IncidentState::Acknowledged);
    let by = &view.timeline.iter().find(|entry| entry.event == IncidentEvent::Acknowledged).unwrap().by;
    assert_eq!(by.user(), Some(team.bob.id));
    // A mail that comes twice says the same.
    assert_eq!(hand_over(&team, &mail("X: y", &format!("> {link}"))).await.0, StatusCode::OK);
}
