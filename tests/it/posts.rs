//! Public updates beside those that are posted at once: added afterwards, scheduled, begun with a kept text, looked at before.

use reqwest::StatusCode;
use shared::{
    api::{
        error::ErrorCode,
        incident::{ResolveIn, TimelineEntry, UpdateIn},
        post::{RescheduleIn, ScheduleIn, ScheduledView, TemplateChangeIn, TemplateIn},
    },
    domain::{
        access::Role,
        incident::{IncidentEvent, PostDeed, PublicState},
        template::About,
        text::Name,
    },
    timestamp::Timestamp,
};
use sqlx::PgPool;
use tests::{
    muster::Muster,
    persona::{Http, Persona},
    scene::{eventually, message, refused},
};

fn update(text: &str, happened_at: Option<Timestamp>) -> UpdateIn {
    UpdateIn { state: PublicState::Identified, text: message(text), notify: true, happened_at }
}

async fn after(muster: &Muster, seconds: u64) -> Timestamp {
    muster.store.now().await.unwrap().plus_seconds(seconds)
}

async fn in_an_hour(muster: &Muster, text: &str) -> ScheduleIn {
    let publish_at = after(muster, 3600).await;
    ScheduleIn { state: PublicState::Monitoring, text: message(text), publish_at, notify: true }
}

async fn schedule(person: &Persona, incident: i64, body: &ScheduleIn) -> ScheduledView {
    let key = uuid::Uuid::new_v4().to_string();
    let waiting = person.api.schedule_post(incident, body, &key).await.unwrap().items;
    assert_eq!(person.api.schedule_post(incident, body, &key).await.unwrap().items, waiting, "once for one key");
    waiting.into_iter().find(|post| post.text == body.text.as_str()).unwrap()
}

/// Its time comes: the clock is the database's.
async fn comes(muster: &Muster, post: i64, minutes_ago: i32) {
    let pool = PgPool::connect(&muster.database.url).await.unwrap();
    let set = "UPDATE scheduled_post SET publish_at = now() - make_interval(mins => $2) WHERE number = $1";
    sqlx::query(set).bind(post).bind(minutes_ago).execute(&pool).await.unwrap();
}

async fn timeline(person: &Persona, incident: i64) -> Vec<TimelineEntry> {
    person.api.incident(incident).await.unwrap().timeline
}

async fn page(stranger: &Http, incident: i64) -> String {
    let (status, html) = stranger.page(&format!("/incidents/{incident}")).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    html
}

#[tokio::test]
async fn what_is_added_afterwards_stands_where_it_belongs_and_says_so() {
    let muster = Muster::start().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let incident = muster.declare(&operator, "validator1").await.unwrap();
    let n = incident.number;
    let began = incident.declared_at;
    operator.api.post_update(n, &update("We know why.", None)).await.unwrap();
    let earlier = UpdateIn { state: PublicState::Monitoring, ..update("It was slow at first.", Some(began)) };
    let seen = operator.api.post_update(n, &earlier).await.unwrap();
    assert_eq!(seen.public_state, Some(PublicState::Identified), "the newest thing told decides");
    eventually("it is on the page", async || page(&stranger, n).await.contains("It was slow at first.")).await.unwrap();
    let html = page(&stranger, n).await;
    let (new, old) = (html.find("We know why.").unwrap(), html.find("It was slow at first.").unwrap());
    assert!(new < old && html.matches("added later,").count() == 1, "{html}");
    let feed = stranger.page("/feed.atom").await.unwrap().1;
    assert!(feed.contains("added later,"), "{feed}");
    let known = stranger.page("/api/v2/incidents.json").await.unwrap().1;
    let known: serde_json::Value = serde_json::from_str(&known).unwrap();
    let told = known["incidents"][0]["incident_updates"].as_array().unwrap();
    let late = told.iter().find(|u| u["body"] == "It was slow at first.").unwrap();
    assert_ne!(late["created_at"], late["display_at"]);

    for (at, why) in
        [(Timestamp::from_unix_ms(began.unix_ms() - 1000), "before it"), (after(&muster, 60).await, "has not come yet")]
    {
        let error = refused(operator.api.post_update(n, &update("no", Some(at))).await);
        assert!(error.code == ErrorCode::Invalid && error.fields[0].field == "happened_at", "{error:?}");
        assert!(error.fields[0].message.contains(why), "{error:?}");
    }
    assert_eq!(timeline(&operator, n).await.len(), seen.timeline.len(), "nothing was posted");
    let administrator = muster.persona(Role::Administrator).await.unwrap();
    let audit = administrator.http.raw("GET", "/api/v1/audit/export", None).await.unwrap().1.to_string();
    assert!(audit.contains("incident.posted-afterwards") && audit.contains("happened_at"));
}

#[tokio::test]
async fn a_scheduled_update_is_posted_once_at_its_time_and_only_the_team_sees_it_before() {
    let muster = Muster::start().await.unwrap();
    let _other = muster.another_server().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let n = muster.declare(&operator, "validator1").await.unwrap().number;
    let body = in_an_hour(&muster, "We restart it now.").await;
    let post = schedule(&operator, n, &body).await;
    let dropped = schedule(&operator, n, &in_an_hour(&muster, "Never said.").await).await;
    assert_eq!(viewer.api.scheduled_posts(n).await.unwrap().items.len(), 2);
    assert_eq!(refused(viewer.api.cancel_post(n, post.number).await).code, ErrorCode::Forbidden);

    // Changed by one who saw it as it is, not by one who saw it before.
    let changed = RescheduleIn { post: in_an_hour(&muster, "We restart it at noon.").await, version: post.version };
    let now = operator.api.reschedule_post(n, post.number, &changed).await.unwrap().items;
    assert!(now.iter().any(|p| p.text == "We restart it at noon." && p.version == post.version + 1), "{now:?}");
    let conflict = refused(operator.api.reschedule_post(n, post.number, &changed).await);
    assert_eq!(conflict.code, ErrorCode::ContentChanged);
    operator.api.cancel_post(n, dropped.number).await.unwrap();
    assert_eq!(refused(operator.api.cancel_post(n, dropped.number).await).code, ErrorCode::NotFound);
    let other = muster.declare(&operator, "validator2").await.unwrap().number;
    assert_eq!(refused(operator.api.cancel_post(other, post.number).await).code, ErrorCode::NotFound);

    for (publish_at, state) in [
        (Timestamp::from_unix(0), PublicState::Identified),
        (after(&muster, 40 * 86_400).await, PublicState::Identified),
        (after(&muster, 60).await, PublicState::Resolved),
    ] {
        let bad = ScheduleIn { state, publish_at, ..body.clone() };
        assert_eq!(refused(operator.api.schedule_post(n, &bad, "k").await).code, ErrorCode::Invalid);
    }
    assert!(!page(&stranger, n).await.contains("We restart"));

    comes(&muster, post.number, 0).await;
    eventually("it is posted", async || page(&stranger, n).await.contains("We restart it at noon.")).await.unwrap();
    assert!(operator.api.scheduled_posts(n).await.unwrap().items.is_empty());
    comes(&muster, dropped.number, 0).await;
    // Both servers look again.
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    let told = timeline(&operator, n).await;
    let posted = |text: &str| {
        told.iter().filter(|e| matches!(&e.event, IncidentEvent::Posted { text: t, .. } if t == text)).count()
    };
    assert_eq!((posted("We restart it at noon."), posted("Never said.")), (1, 0), "{told:?}");
    let said = told.iter().find(|e| matches!(&e.event, IncidentEvent::Posted { text, .. } if text.contains("noon")));
    assert_eq!(said.unwrap().by.user(), Some(operator.me.id), "in the name of who scheduled it");
}

#[tokio::test]
async fn a_scheduled_update_whose_incident_is_over_or_whose_time_is_long_past_is_skipped_and_its_author_hears() {
    let muster = Muster::start().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let (over, late) = (
        muster.declare(&operator, "validator1").await.unwrap().number,
        muster.declare(&operator, "validator2").await.unwrap().number,
    );
    let first = schedule(&operator, over, &in_an_hour(&muster, "Still working.").await).await;
    let second = schedule(&operator, late, &in_an_hour(&muster, "Too late.").await).await;
    let end = ResolveIn { text: message("done"), public_text: None, notify: true, despite: None };
    operator.api.resolve(over, &end).await.unwrap();
    comes(&muster, first.number, 0).await;
    comes(&muster, second.number, 16).await;
    for (n, text) in [(over, "Still working."), (late, "Too late.")] {
        let skipped = async || {
            timeline(&operator, n).await.iter().any(|e| {
                matches!(&e.event, IncidentEvent::Scheduled { deed: PostDeed::Skipped { .. }, text: t, .. } if t == text)
            })
        };
        eventually("it is skipped", skipped).await.unwrap();
        assert!(!page(&stranger, n).await.contains(text));
        assert!(operator.api.scheduled_posts(n).await.unwrap().items.is_empty());
    }
    let nudges = operator.api.nudges().await.unwrap().items;
    assert_eq!(nudges.iter().filter(|nudge| [over, late].contains(&nudge.incident)).count(), 2, "{nudges:?}");
}

#[tokio::test]
async fn kept_texts_are_filled_in_once_and_posted_as_they_are() {
    let muster = Muster::start().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let incident = muster.declare(&operator, "validator1").await.unwrap();
    let n = incident.number;
    let text = "{{title}}: {{components}}, see {{page}}. {{ 7*7 }} {{secret}} {{next_update}}";
    let template = TemplateIn {
        name: Name::parse("Known").unwrap(),
        about: About::Incident,
        state: Some(PublicState::Identified),
        text: message(text),
    };
    let kept = operator.api.add_template(&template).await.unwrap();
    assert_eq!(kept.text, text);
    let again = TemplateIn { name: Name::parse("KNOWN").unwrap(), ..template.clone() };
    assert_eq!(refused(operator.api.add_template(&again).await).fields[0].field, "name");
    let resolved =
        TemplateIn { name: Name::parse("End").unwrap(), state: Some(PublicState::Resolved), ..template.clone() };
    assert_eq!(refused(operator.api.add_template(&resolved).await).fields[0].field, "state");
    assert_eq!(refused(responder.api.add_template(&again).await).code, ErrorCode::Forbidden);
    let of_work = TemplateIn { name: Name::parse("Work").unwrap(), about: About::Maintenance, ..template.clone() };
    assert_eq!(refused(operator.api.add_template(&of_work).await).fields[0].field, "state");

    eventually("the page is made", async || stranger.page("/").await.unwrap().0 == StatusCode::OK).await.unwrap();
    let filled = responder.api.templates_for(n).await.unwrap().items.remove(0);
    let title = incident.public_title.clone().unwrap();
    assert!(filled.text.starts_with(&format!("{title}: Validator 1, see ")), "{}", filled.text);
    assert!(filled.text.contains(&format!("/incidents/{n}. {{{{ 7*7 }}}} {{{{secret}}}} ")), "{}", filled.text);
    assert!(filled.text.ends_with(" UTC"), "{}", filled.text);
    // What is posted is text, whatever it looks like.
    responder.api.post_update(n, &update("{{title}} <b>{{components}}</b>", None)).await.unwrap();
    let literal = "{{title}} &#60;b&#62;{{components}}&#60;/b&#62;";
    eventually("it is on the page", async || page(&stranger, n).await.contains(literal)).await.unwrap();

    let changed =
        TemplateChangeIn { template: TemplateIn { text: message("Other"), ..template }, version: kept.version };
    let now = operator.api.change_template(kept.id, &changed).await.unwrap();
    assert_eq!((now.text.as_str(), now.version), ("Other", kept.version + 1));
    assert_eq!(refused(operator.api.change_template(kept.id, &changed).await).code, ErrorCode::ContentChanged);
    operator.api.remove_template(kept.id).await.unwrap();
    assert_eq!(refused(operator.api.remove_template(kept.id).await).code, ErrorCode::NotFound);
    assert!(operator.api.templates().await.unwrap().items.is_empty());
}

#[tokio::test]
async fn what_is_handed_on_is_what_the_page_says_and_fits_everywhere() {
    let muster = Muster::start().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let incident = muster.declare(&operator, "validator1").await.unwrap();
    let n = incident.number;
    operator.api.note(n, &shared::api::incident::NoteIn::of(message("SECRET for the team"))).await.unwrap();
    operator.api.post_update(n, &update(&"A disk is full. ".repeat(60), None)).await.unwrap();
    eventually("the page is made", async || stranger.page("/").await.unwrap().0 == StatusCode::OK).await.unwrap();
    let texts = operator.api.prepared_for_incident(n).await.unwrap();
    let link = format!("{}/incidents/{n}", muster.state.settings.public_url.origin());
    assert!(texts.post.ends_with(&link) && texts.post.chars().count() == texts.n_characters, "{texts:?}");
    assert!(texts.n_characters <= 280 && texts.most == 280 && texts.post.contains("… "), "{texts:?}");
    assert!(texts.post.starts_with(&format!("{} (Identified). A disk", incident.public_title.unwrap())), "{texts:?}");
    assert!(texts.answer.contains(&link) && texts.answer.contains("A disk is full."), "{texts:?}");
    assert!(!format!("{texts:?}").contains("SECRET"));
    let mut internal = tests::muster::declaration("validator2").unwrap();
    internal.public = None;
    let internal = operator.api.declare(&internal, "internal").await.unwrap().number;
    assert_eq!(refused(operator.api.prepared_for_incident(internal).await).code, ErrorCode::NotNow);
    assert_eq!(refused(operator.api.prepared_for_incident(999).await).code, ErrorCode::NotFound);
    assert_eq!(refused(operator.api.prepared_for_maintenance(1).await).code, ErrorCode::NotFound);
}

#[tokio::test]
async fn what_is_looked_at_before_is_what_visitors_see_afterwards() {
    let muster = Muster::start().await.unwrap();
    let operator = muster.persona(Role::Operator).await.unwrap();
    let stranger = muster.stranger().unwrap();
    let incident = muster.declare(&operator, "validator1").await.unwrap();
    let n = incident.number;
    let shown = async || stranger.page(&format!("/incidents/{n}")).await.unwrap().0 == StatusCode::OK;
    eventually("the incident is on the page", shown).await.unwrap();
    let body = update("A disk is <full> & {{title}}.\nWe are on it.", Some(incident.declared_at));
    let before = page(&stranger, n).await;
    let seen = operator.api.preview_update(n, &body).await.unwrap();
    assert_eq!(
        (page(&stranger, n).await, seen.concerned, seen.lang.as_str()),
        (before, 0, "en"),
        "looking posts nothing"
    );
    operator.api.post_update(n, &body).await.unwrap();
    eventually("it is posted", async || page(&stranger, n).await.contains("A disk is")).await.unwrap();
    let html = page(&stranger, n).await;
    let main = |html: &str| {
        let main = html[html.find("<main").unwrap()..].split("</main>").next().unwrap().to_owned();
        let inside = main[main.find('>').unwrap()..].to_owned();
        // When it was said is another moment.
        let (head, later) = inside.split_once("added later,").unwrap();
        format!("{head}{}", later.split_once("</time>").unwrap().1)
    };
    assert_eq!(main(&seen.html), main(&html));
    let late = refused(operator.api.preview_update(n, &update("no", Some(after(&muster, 60).await))).await);
    assert_eq!(late.fields[0].field, "happened_at");
    let last = update("It works again.", None);
    let last = UpdateIn { state: PublicState::Resolved, ..last };
    let seen = operator.api.preview_update(n, &last).await.unwrap();
    assert!(seen.html.contains("It works again.") && seen.html.contains("Resolved"), "{}", seen.html);
    let end = ResolveIn { text: message("done"), public_text: None, notify: true, despite: None };
    operator.api.resolve(n, &end).await.unwrap();
    let first = UpdateIn { state: PublicState::Investigating, ..update("It is back.", None) };
    let seen = operator.api.preview_update(n, &first).await.unwrap();
    assert!(seen.html.contains("It is back."), "{}", seen.html);
    assert_eq!(refused(operator.api.preview_update(n, &body).await).code, ErrorCode::NotNow);
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    assert_eq!(refused(viewer.api.preview_update(n, &body).await).code, ErrorCode::Forbidden);
}

#[tokio::test]
async fn an_incident_is_looked_at_before_it_is_declared_and_nothing_of_it_stays() {
    let muster = Muster::start().await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    eventually("there is a page", async || muster.stranger().unwrap().page("/").await.unwrap().0 == StatusCode::OK)
        .await
        .unwrap();
    let body = tests::muster::declaration("validator1").unwrap();
    let public = body.public.clone().unwrap();
    let seen = responder.api.preview_declared(&body).await.unwrap();
    assert!(seen.html.contains(public.text.as_str()) && seen.html.contains(public.title.as_str()), "{}", seen.html);
    assert!(!seen.html.contains(body.title.as_str()), "the team's own words stay inside");
    assert!(responder.api.incidents(None).await.unwrap().items.is_empty());
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let shown = async || muster.stranger().unwrap().page(&format!("/incidents/{n}")).await.unwrap().1;
    eventually("it is on the page", async || shown().await.contains(public.text.as_str())).await.unwrap();
    let mut wrong = body.clone();
    wrong.level = 9;
    assert_eq!(refused(responder.api.preview_declared(&wrong).await).fields[0].field, "level");
    let internal = shared::api::incident::DeclareIn { public: None, ..body.clone() };
    assert_eq!(refused(responder.api.preview_declared(&internal).await).fields[0].field, "public");
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    assert_eq!(refused(viewer.api.preview_declared(&body).await).code, ErrorCode::Forbidden);
}
