//! Drills of procedures: a target of their own, the same consent, what ends them, what they show, and when they come due. Days go by in
//! the database, nobody waits for them.

use std::path::PathBuf;

use shared::{
    api::{
        drill::{
            DrillIn, DrillScheduleChangeIn, DrillScheduleIn, DrillStopIn, DrillVerdictIn, DrillView, DrillWindowIn,
            DrillsView,
        },
        error::ErrorCode,
        plan::PlanIn,
        readiness_report::ReadinessReport,
        restricted::RestrictIn,
        run::{RunRequestIn, RunView},
    },
    domain::{
        access::Role,
        drill::{Every, Kind, Verdict},
        inspection::{self, Decision},
        readiness::{Earn, Subject},
        run::RunState,
    },
    timestamp::Timestamp,
};
use tests::{
    muster::{RunningWorker, worker_config},
    persona::Persona,
    scene::{PROCEDURE, PROJECT, QUICK, Scene, decide, eventually, message, plan, refused},
};
use uuid::Uuid;
use worker::{
    config::{Config, drill::DrillTarget},
    host::Mount,
};

use crate::access_review::{decide_the_rest, end, evidence, of as of_kind};

const TARGET: &str = "bt2c-drill";

/// A worker that can make a target like the real system.
pub(crate) fn drill_worker(scene: &Scene) -> RunningWorker {
    scene.host.compose_file(TARGET, &["postgres", "validator1", "validator2"]);
    for service in ["validator1", "validator2"] {
        scene.host.answer_growing_height(&format!("{TARGET}-{service}"), 8080, 1);
    }
    let target = DrillTarget { file: "/drill/compose.yml".into(), ..DrillTarget::default() };
    let config = Config { drills: [(PROJECT.to_owned(), target)].into(), ..worker_config(PROJECT) };
    scene.muster.worker_as(config, scene.host.clone(), QUICK)
}

fn of(procedure: &str) -> DrillIn {
    DrillIn { procedure: procedure.into(), parameters: [].into(), procedure_digest: None, limit_seconds: None }
}

async fn begun(by: &Persona) -> DrillView {
    by.api.begin_drill(PROJECT, &of(PROCEDURE), &Uuid::new_v4().to_string()).await.unwrap()
}

async fn over(scene: &Scene, number: i64) -> DrillView {
    eventually("the drill is over", async || scene.operator.api.drill(number).await.unwrap().ended_at.is_some())
        .await
        .unwrap();
    scene.operator.api.drill(number).await.unwrap()
}

/// Until it stands, with the consent that it takes.
async fn approved(scene: &Scene, drill: &DrillView) -> RunView {
    let run = scene.until(drill.run, RunState::AwaitingApproval).await.unwrap();
    decide(&scene.approver, &run, true).await.unwrap()
}

async fn view(scene: &Scene) -> DrillsView {
    scene.operator.api.drills(PROJECT).await.unwrap()
}

fn nothing_is_left(scene: &Scene) {
    let found = scene.host.effects();
    let real = |name: &str| name.starts_with(PROJECT) && !name.starts_with(TARGET);
    assert!(found.iter().all(|effect| !real(&effect.container)), "nothing real was touched: {found:?}");
    assert!(scene.host.is_clear(TARGET), "nothing of the target is left");
}

#[tokio::test]
async fn a_drill_is_the_same_run_on_a_target_of_its_own_that_is_gone_afterwards() {
    let scene = Scene::set().await.unwrap();
    let _worker = drill_worker(&scene);
    let viewer = scene.muster.persona(Role::Viewer).await.unwrap();
    let no = viewer.api.begin_drill(PROJECT, &of(PROCEDURE), "k").await;
    assert_eq!(refused(no).code, ErrorCode::Forbidden);

    let drill = begun(&scene.operator).await;
    let run = scene.until(drill.run, RunState::AwaitingApproval).await.unwrap();
    assert_eq!((run.project.as_str(), run.drill_of.as_deref()), (TARGET, Some(PROJECT)));
    let objects = run.resolution.iter().flat_map(|r| &r.steps).flat_map(|step| &step.objects);
    assert!(objects.clone().count() > 0 && objects.clone().all(|o| o.id.starts_with(TARGET)), "{:?}", run.resolution);
    let incident = scene.operator.api.incident(drill.incident).await.unwrap();
    assert!(incident.drill && incident.title.starts_with("DRILL: ") && incident.clocks.is_empty(), "{incident:?}");
    let own = refused(decide(&scene.operator, &run, true).await);
    assert_eq!(own.code, ErrorCode::Forbidden, "the same consent as ever");

    // A second one, a real run in its incident: no. A recovery of the real system: at once.
    let second = scene.operator.api.begin_drill(PROJECT, &of(PROCEDURE), "other").await;
    assert!(refused(second).message.contains("goes on"));
    let real = scene.operator.api.request_run(drill.incident, &RunRequestIn::of(PROCEDURE), "r").await;
    assert!(refused(real).message.contains("This is a drill"));
    let real = scene.declared().await.unwrap();
    let recovery = scene.request(real.number).await.unwrap();
    scene.until(recovery.number, RunState::AwaitingApproval).await.unwrap();
    let withdraw = serde_json::from_value(serde_json::json!({"reason": "only tried"})).unwrap();
    scene.operator.api.withdraw(recovery.number, &withdraw).await.unwrap();

    decide(&scene.approver, &run, true).await.unwrap();
    let done = over(&scene, drill.number).await;
    assert_eq!((done.run_state, done.stopped_why.as_deref(), done.left_behind.len()), (RunState::Succeeded, None, 0));
    assert!(done.recovered_seconds.unwrap() <= done.asked_seconds.unwrap() && done.cleared_at.is_some(), "{done:?}");
    assert!(done.objectives.iter().any(|o| o.name == "Single Node" && o.seconds == 600), "{done:?}");
    // Nothing was restored, so nothing is claimed.
    let points: Vec<_> = done.points.iter().map(|p| (p.data.as_str(), p.lost_seconds)).collect();
    assert_eq!(points, [("Blockchain", None), ("Database", None), ("Configuration", None)]);
    assert!(done.points[1].how.contains("no step of this procedure was given a backup"), "{done:?}");
    nothing_is_left(&scene);
    let closed = scene.operator.api.incident(drill.incident).await.unwrap();
    assert!(closed.closed_at.is_some() && closed.report.is_none(), "{closed:?}");

    let good = DrillVerdictIn { verdict: Verdict::Good, note: message("Everybody knew what to do.") };
    assert_eq!(refused(viewer.api.judge_drill(drill.number, &good).await).code, ErrorCode::Forbidden);
    let judged = scene.operator.api.judge_drill(drill.number, &good).await.unwrap();
    assert_eq!(judged.verdict.unwrap().verdict, Verdict::Good);

    // What it earned, and what nobody outside hears of it.
    let ready = viewer.api.readiness(PROJECT).await.unwrap();
    let item = |subject, id: &str| ready.items.iter().find(|i| i.subject == subject && i.id == id).unwrap();
    let procedure = item(Subject::Procedure, PROCEDURE);
    assert!(procedure.lost() == 0 && procedure.why.contains("in a drill"), "{procedure:?}");
    let time = item(Subject::RecoveryTime, "Single Node");
    assert!(time.lost() == 0 && time.why.contains("no outage has shown it"), "{time:?}");
    // What is promised later is not held against it.
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let source = plan().unwrap().replace("| Single Node | 10 minutes |", "| Single Node | 1 minute |");
    let save = PlanIn { source, reason: message("sooner"), base_version: 1 };
    admin.api.save_plan(PROJECT, &save).await.unwrap();
    assert_eq!(scene.operator.api.drill(drill.number).await.unwrap().objectives, done.objectives);
    assert_eq!(view(&scene).await.drills[0].objectives, done.objectives);
    let lacking = DrillVerdictIn { verdict: Verdict::Lacking, note: message("The password was not to be found.") };
    scene.operator.api.judge_drill(drill.number, &lacking).await.unwrap();
    let doubted = viewer.api.readiness(PROJECT).await.unwrap();
    let procedure = doubted.items.iter().find(|i| i.subject == Subject::Procedure && i.id == PROCEDURE).unwrap();
    assert!(procedure.earned * 2 == procedure.weight && procedure.why.ends_with("not to be found."), "{procedure:?}");
    scene.operator.api.judge_drill(drill.number, &good).await.unwrap();
    let (_, signed) =
        viewer.http.raw("GET", &format!("/api/v1/systems/{PROJECT}/readiness/report"), None).await.unwrap();
    let report: ReadinessReport = serde_json::from_str(signed["document"].as_str().unwrap()).unwrap();
    let [line] = &report.drills[..] else { panic!("one: {report:?}") };
    assert_eq!((line.recovered_seconds, line.run, &line.points), (done.recovered_seconds, done.run, &done.points));
    assert!(line.promised[0].seconds == 600 && line.begun_by.contains("perator"), "{line:?}");
    assert_eq!(line.verdict.as_ref().unwrap().note, "Everybody knew what to do.");
    let real = |number| number != drill.incident;
    assert!(
        report.incidents.iter().all(|one| real(one.number)) && report.runs.iter().all(|one| one.number != done.run)
    );
    let print = format!("/api/v1/systems/{PROJECT}/readiness/report/print?days=30");
    let (_, page) = viewer.http.page(&print).await.unwrap();
    assert!(page.contains("Rehearsals of procedures") && page.contains("Everybody knew what to do."), "{page}");
    let pool = scene.pool().await.unwrap();
    let told: i64 = sqlx::query_scalar("SELECT count(*) FROM announcement").fetch_one(&pool).await.unwrap();
    let page = scene.muster.store.public_incidents_current(50).await.unwrap();
    assert!(told == 0 && page.iter().all(|one| !one.record.incident.drill));
    let public = sqlx::query("UPDATE incident SET public_title = 'x' WHERE drill").execute(&pool).await;
    assert!(public.unwrap_err().to_string().contains("incident_drill_is_not_public"), "the database knows it, too");
}

#[tokio::test]
async fn what_is_not_apart_is_never_started_and_what_is_real_ends_a_drill() {
    let scene = Scene::set().await.unwrap();
    // A worker that knows no target says so before anybody is asked.
    let plain = scene.quick_worker();
    let drill = begun(&scene.operator).await;
    let done = over(&scene, drill.number).await;
    let why = scene.operator.api.run(drill.run).await.unwrap().reason.unwrap();
    assert!(done.run_state == RunState::Unresolvable && why.contains("MUSTER_WORKER_DRILL_FILES"), "{why}");
    drop(plain);

    // The real system's volume, and a path that nobody gave.
    let _worker = drill_worker(&scene);
    scene.host.add_volume(PROJECT, "data");
    for (mount, part) in [
        (Mount::Volume("bt2c_data".into()), "bt2c_data"),
        (Mount::Path(PathBuf::from("/var/run/docker.sock")), "docker.sock"),
    ] {
        scene.host.compose_mounts(TARGET, vec![mount]);
        let drill = begun(&scene.operator).await;
        let done = over(&scene, drill.number).await;
        let why = scene.operator.api.run(drill.run).await.unwrap().reason.unwrap();
        assert!(done.run_state == RunState::Unresolvable && why.contains(part), "{why}");
        assert!(scene.host.effects().iter().all(|effect| effect.container != "up"), "nothing was started");
        nothing_is_left(&scene);
    }
    scene.host.compose_mounts(TARGET, vec![]);

    // Between consent and effect somebody joins the real database with the target's network: nothing is done.
    let drill = begun(&scene.operator).await;
    let run = scene.until(drill.run, RunState::AwaitingApproval).await.unwrap();
    scene.host.change("bt2c-postgres", |details| details.networks.push(format!("{TARGET}_default")));
    decide(&scene.approver, &run, true).await.unwrap();
    let done = over(&scene, drill.number).await;
    let why = scene.operator.api.run(drill.run).await.unwrap().reason.unwrap();
    assert!(done.run_state == RunState::Stopped && why.contains("bt2c_postgres_1 of bt2c"), "{why}");
    scene.host.change("bt2c-postgres", |details| details.networks.clear());

    // A person's button, and a serious incident.
    let drill = begun(&scene.operator).await;
    scene.until(drill.run, RunState::AwaitingApproval).await.unwrap();
    let stop = DrillStopIn { reason: message("The approver is ill.") };
    scene.approver.api.stop_drill(drill.number, &stop).await.unwrap();
    let done = over(&scene, drill.number).await;
    assert_eq!((done.run_state, done.stopped_why.as_deref()), (RunState::Withdrawn, Some("The approver is ill.")));
    assert!(refused(scene.approver.api.stop_drill(drill.number, &stop).await).message.contains("over already"));

    let drill = begun(&scene.operator).await;
    let run = approved(&scene, &drill).await;
    let incident = scene.declared().await.unwrap();
    let worse = serde_json::from_value(serde_json::json!({"level": 3, "reason": "all of it"})).unwrap();
    scene.responder.api.change_level(incident.number, &worse).await.unwrap();
    server::app::drill_sweep::sweep(&scene.muster.state).await.unwrap();
    let done = over(&scene, drill.number).await;
    // It may have been faster than the sweep.
    let stopped = done.stopped_why.as_deref().is_some_and(|why| why.contains("level 3"));
    assert!(stopped || done.run_state == RunState::Succeeded, "{done:?} {:?}", run.state);
    let refusal = refused(scene.operator.api.begin_drill(PROJECT, &of(PROCEDURE), "later").await);
    assert!(refusal.message.contains("people are needed there"), "{refusal:?}");
    // Of one that only some may see, nothing is told that they would not know.
    let body = RestrictIn { people: vec![], reason: message("a key was stolen") };
    scene.responder.api.restrict(incident.number, &body).await.unwrap();
    let refusal = refused(scene.operator.api.begin_drill(PROJECT, &of(PROCEDURE), "later").await);
    assert!(refusal.message.contains("People are needed elsewhere now"), "{refusal:?}");
    nothing_is_left(&scene);
}

/// So many days go by for everything about drills and what they showed.
async fn days_go_by(pool: &sqlx::PgPool, days: i32) {
    for sql in [
        "UPDATE drill_schedule SET due_at = due_at - $1 * interval '1 day', moved_from = moved_from - $1 * interval '1 day',
             done_at = done_at - $1 * interval '1 day', made_at = made_at - $1 * interval '1 day',
             reminded_of = reminded_of - $1 * interval '1 day', told_overdue_of = told_overdue_of - $1 * interval '1 day'",
        "UPDATE drill_window SET from_at = from_at - $1 * interval '1 day', until_at = until_at - $1 * interval '1 day'",
        "UPDATE run SET ended_at = ended_at - $1 * interval '1 day', requested_at = requested_at - $1 * interval '1 day'",
        "UPDATE drill SET begun_at = begun_at - $1 * interval '1 day', ended_at = ended_at - $1 * interval '1 day'",
        "UPDATE inspection SET begun_at = begun_at - $1 * interval '1 day', ended_at = ended_at - $1 * interval '1 day'",
        "UPDATE verification SET asked_at = asked_at - $1 * interval '1 day', ended_at = ended_at - $1 * interval '1 day'",
    ] {
        sqlx::query(sql).bind(days).execute(pool).await.unwrap();
    }
}

async fn nonsense_is_refused(scene: &Scene, good: &DrillScheduleIn) {
    for (bad, field) in [
        (DrillScheduleIn { due_at: Timestamp::from_unix(0), ..good.clone() }, "due_at"),
        (DrillScheduleIn { procedure: Some("nothing".into()), ..good.clone() }, "procedure"),
        (DrillScheduleIn { procedure: None, ..good.clone() }, "procedure"),
        (DrillScheduleIn { kind: Kind::ContactTree, ..good.clone() }, "procedure"),
        (DrillScheduleIn { responsible: shared::ids::UserId(Uuid::nil()), ..good.clone() }, "responsible"),
    ] {
        let refusal = refused(scene.operator.api.schedule_drill(PROJECT, &bad).await);
        assert!(refusal.fields.iter().any(|f| f.field == field), "{field}: {refusal:?}");
    }
}

#[tokio::test]
async fn through_a_quarter_drills_come_due_are_done_move_and_what_they_showed_ages() {
    let scene = Scene::set().await.unwrap();
    let _worker = drill_worker(&scene);
    let pool = scene.pool().await.unwrap();
    let sweep = async || server::app::drill_sweep::sweep(&scene.muster.state).await.unwrap();
    let now = view(&scene).await.now;
    let responsible = scene.operator.id;
    assert!(view(&scene).await.people.iter().any(|person| person.id == responsible));
    let day = |n: u64| now.plus_seconds(n * 86_400);
    let schedule = |due_at: Timestamp| DrillScheduleIn {
        kind: Kind::Procedure,
        procedure: Some(PROCEDURE.into()),
        every: Every::Monthly,
        due_at,
        responsible,
    };
    nonsense_is_refused(&scene, &schedule(day(20))).await;
    let no = scene.responder.api.schedule_drill(PROJECT, &schedule(day(20))).await;
    assert_eq!(refused(no).code, ErrorCode::Forbidden);
    scene.operator.api.schedule_drill(PROJECT, &schedule(day(20))).await.unwrap();
    assert!(refused(scene.operator.api.schedule_drill(PROJECT, &schedule(day(9))).await).message.contains("already"));
    let tree = DrillScheduleIn { kind: Kind::ContactTree, procedure: None, ..schedule(day(80)) };
    scene.operator.api.schedule_drill(PROJECT, &tree).await.unwrap();
    assert!(
        view(&scene).await.promised.iter().any(|one| one.every == Some(Every::Monthly)),
        "the plan itself asks for it"
    );
    let due = async || view(&scene).await.schedules.into_iter().find(|s| s.kind == Kind::Procedure).unwrap();
    let told = async || {
        let sql = "SELECT subject FROM message WHERE dedup LIKE 'drill-schedule:%' ORDER BY number";
        sqlx::query_scalar::<_, String>(sql).fetch_all(&pool).await.unwrap()
    };

    // Nothing is said while there is time, then one reminder, then one warning, however often somebody looks.
    sweep().await;
    assert!(told().await.is_empty());
    days_go_by(&pool, 18).await;
    sweep().await;
    sweep().await;
    assert_eq!(told().await.len(), 1);
    days_go_by(&pool, 3).await;
    sweep().await;
    sweep().await;
    assert_eq!(told().await.len(), 2);
    assert!(told().await[0].contains("due soon") && told().await[1].contains("overdue"), "{:?}", told().await);
    assert!(due().await.overdue);

    // Done late: due again by the rule, not by when it was done.
    let score = async || scene.operator.api.readiness(PROJECT).await.unwrap().score;
    let before = score().await;
    let drill = begun(&scene.operator).await;
    approved(&scene, &drill).await;
    over(&scene, drill.number).await;
    let shown = score().await;
    assert!(shown > before, "{before} {shown}");
    let next = due().await;
    let ahead = next.due_at.seconds_since(view(&scene).await.now) / 86_400;
    assert!(!next.overdue && next.done_at.is_some() && (25..=31).contains(&ahead), "{next:?}");

    // Holidays are in the way: it comes due when they are over, and says why.
    let window = DrillWindowIn {
        from_at: next.due_at.plus_seconds(0),
        until_at: next.due_at.plus_seconds(5 * 86_400),
        reason: message("Holidays"),
    };
    let turned = DrillWindowIn { from_at: window.until_at, until_at: window.from_at, ..window.clone() };
    assert_eq!(refused(scene.operator.api.block_drills(PROJECT, &turned).await).fields[0].field, "until_at");
    scene.operator.api.block_drills(PROJECT, &window).await.unwrap();
    sweep().await;
    let moved = due().await;
    assert_eq!(
        (moved.due_at, moved.moved_from, moved.moved_why.as_deref()),
        (window.until_at, Some(next.due_at), Some("Holidays"))
    );

    // Two more months: the drills are done, and what is not rehearsed any more is shown less and less.
    let mut scores = vec![shown];
    days_go_by(&pool, 34).await;
    let drill = begun(&scene.operator).await;
    approved(&scene, &drill).await;
    over(&scene, drill.number).await;
    let again = due().await;
    assert!(again.moved_from.is_none() && !again.overdue, "{again:?}");
    for _ in 0..3 {
        days_go_by(&pool, 55).await;
        scores.push(score().await);
    }
    assert!(scores.windows(2).all(|pair| pair[0] > pair[1]), "{scores:?}");
    let ready = scene.operator.api.readiness(PROJECT).await.unwrap();
    let item = ready.items.iter().find(|i| i.subject == Subject::Procedure && i.id == PROCEDURE).unwrap();
    assert!(item.why.contains("in a drill 165 days ago") && item.lost() > 0, "{item:?}");
    assert_eq!(item.earn, Some(Earn::Drill { procedure: PROCEDURE.into() }));

    // The calendar for programs; a rule that is ended asks for nothing more.
    let (_, calendar) = scene.operator.http.page(&format!("/api/v1/systems/{PROJECT}/drills.ics")).await.unwrap();
    assert!(calendar.contains("SUMMARY:Drill: ") && calendar.contains("SUMMARY:No drills"), "{calendar}");
    let window = view(&scene).await.windows.remove(0).id;
    scene.operator.api.unblock_drills(window).await.unwrap();
    assert_eq!(refused(scene.operator.api.unblock_drills(window).await).code, ErrorCode::NotFound);
    scene.operator.api.end_drill_schedule(again.id).await.unwrap();
    assert_eq!(view(&scene).await.schedules.len(), 1);
}

#[tokio::test]
async fn through_a_quarter_reviews_audits_and_trials_come_due_and_are_done_where_they_live() {
    let scene = Scene::set().await.unwrap();
    let _worker = scene.worker();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let pool = scene.pool().await.unwrap();
    let sweep = async || server::app::drill_sweep::sweep(&scene.muster.state).await.unwrap();
    let first = view(&scene).await;
    let promised = |kind: Kind| first.promised.iter().any(|one| one.kind == kind);
    let partition = first.promised.iter().filter_map(|one| one.procedure.as_deref()).collect::<Vec<_>>();
    assert_eq!(partition, ["network-partition-recovery"], "the plan's partition test is a rehearsal of its procedure");
    let kinds = [Kind::AccessReview, Kind::SecurityAudit, Kind::BackupVerification];
    let rule = |kind: Kind, responsible| DrillScheduleIn {
        kind,
        procedure: None,
        every: Every::Quarterly,
        due_at: first.now.plus_seconds(10 * 86_400),
        responsible,
    };
    for kind in kinds {
        assert!(promised(kind), "the plan asks for it: {kind:?}");
        let nobody = scene.operator.api.schedule_drill(PROJECT, &rule(kind, scene.operator.id)).await;
        assert_eq!(refused(nobody).fields[0].field, "responsible", "{kind:?}: an operator could not do it");
        scene.operator.api.schedule_drill(PROJECT, &rule(kind, admin.id)).await.unwrap();
    }
    let due = async |kind: Kind| view(&scene).await.schedules.into_iter().find(|s| s.kind == kind).unwrap();

    // The rule is changed in its place; whoever looked at an older one changes nothing.
    let before = due(Kind::AccessReview).await;
    let change = DrillScheduleChangeIn {
        every: Every::Monthly,
        due_at: before.due_at.plus_seconds(86_400),
        responsible: scene.approver.id,
        seen_due_at: before.due_at,
    };
    scene.operator.api.change_drill_schedule(before.id, &change).await.unwrap();
    let changed = due(Kind::AccessReview).await;
    assert_eq!((changed.id, changed.every, changed.due_at), (before.id, Every::Monthly, change.due_at));
    assert_eq!(changed.responsible.id, scene.approver.id);
    let stale = refused(scene.operator.api.change_drill_schedule(before.id, &change).await);
    assert_eq!(stale.code, ErrorCode::ContentChanged);
    let past = DrillScheduleChangeIn { due_at: Timestamp::from_unix(0), seen_due_at: change.due_at, ..change.clone() };
    let past = refused(scene.operator.api.change_drill_schedule(before.id, &past).await);
    assert_eq!(past.fields[0].field, "due_at");

    // Overdue, until each is done in its own place: a trial that failed and a review that was called off are none.
    days_go_by(&pool, 12).await;
    sweep().await;
    for kind in kinds {
        assert!(due(kind).await.overdue, "{kind:?}");
    }
    let trial = "INSERT INTO verification (id, system_id, settings, asked_at, state, ended_at)
                 SELECT gen_random_uuid(), id, $2, clock_timestamp(), $1, clock_timestamp() FROM system";
    let settings = serde_json::to_value(shared::domain::verification::Settings::suggested(None)).unwrap();
    let tried = async |state: &str| sqlx::query(trial).bind(state).bind(&settings).execute(&pool).await.unwrap();
    tried("failed").await;
    let off = admin.api.begin_inspection(PROJECT, &of_kind(inspection::Kind::AccessReview)).await.unwrap().row.number;
    admin.api.call_inspection_off(off, &end("Too early.")).await.unwrap();
    sweep().await;
    for kind in kinds {
        assert!(due(kind).await.overdue, "{kind:?}");
    }
    tried("verified").await;
    for kind in kinds.into_iter().filter_map(Kind::inspection) {
        let number = admin.api.begin_inspection(PROJECT, &of_kind(kind)).await.unwrap().row.number;
        let looked = async || {
            kind == inspection::Kind::AccessReview || admin.api.inspection(number).await.unwrap().looked_at.is_some()
        };
        eventually("what a worker must look at it has", looked).await.unwrap();
        let plain = if kind == inspection::Kind::AccessReview { Decision::Keep } else { Decision::NotApplicable };
        decide_the_rest(&admin, number, plain).await;
        decide_the_rest(&scene.approver, number, plain).await;
        scene.approver.api.sign_inspection_off(number, &end("Done.")).await.unwrap();
    }
    sweep().await;
    for kind in kinds {
        let one = due(kind).await;
        assert!(!one.overdue && one.done_at.is_some(), "{one:?}");
    }

    // What was shown counts for a quarter, and then less and less.
    let earned = async || evidence(&scene, inspection::Kind::AccessReview).await.earned;
    let mut shown = vec![];
    for days in [0, 90, 60, 60] {
        days_go_by(&pool, days).await;
        shown.push(earned().await);
    }
    assert!(shown[0] == 60 && shown[1] == 60 && shown[2] < 60 && shown[3] < shown[2], "{shown:?}");
}
