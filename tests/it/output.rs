//! Output from the step to the reader: complete, in order, each line once, whatever dies on the way; in parts, searched and as a
//! file. How it looks is tested in the browser.

use std::time::Duration;

use reqwest::StatusCode;
use shared::{
    api::{
        live::Topic,
        run::{OutputLine, OutputPart, RunRequestIn, RunView, Stream},
    },
    domain::run::RunState,
};
use store::{Claimed, NewLines, Store, StoreError};
use tests::{
    events::Events,
    persona::Persona,
    postgres::Database,
    scene::{Scene, VALIDATOR1, eventually, refused},
};

pub(crate) const PLAN: &str = "# Output\n\n## Incident Classification\n\n### Level 1 - Minor\n- Node down\n- Response Time: < 1 hour\n\n\
## Recovery Procedures\n\n### 1. Read the log\n\n```bash\n# 1. Show status\ndocker-compose ps\n# 2. Read everything\ndocker-compose logs validator1\n```\n\n\
## Recovery Time Objectives (RTO)\n\n| Component | RTO | Recovery Method |\n|---|---|---|\n| Single Node | 10 minutes | Read |\n";

async fn scene() -> Scene {
    Scene::with_plan(PLAN).await.unwrap()
}

/// A run whose second step prints the log of validator1; it only looks, so nobody has to agree.
async fn requested(scene: &Scene) -> RunView {
    let incident = scene.declared().await.unwrap().number;
    let body = RunRequestIn::of("read-the-log");
    scene.operator.api.request_run(incident, &body, &uuid::Uuid::new_v4().to_string()).await.unwrap()
}

/// A run that has ended, held by the test as a worker would hold it.
pub(crate) async fn held(scene: &Scene) -> (RunView, Claimed) {
    let _worker = scene.worker();
    let run = requested(scene).await;
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    let claimed = Claimed { run: run.id, kind: store::JobKind::Execute, fence: fence(scene, &run).await };
    (run, claimed)
}

async fn fence(scene: &Scene, run: &RunView) -> i64 {
    sqlx::query_scalar("SELECT fence FROM run WHERE id = $1")
        .bind(run.id.0)
        .fetch_one(&scene.pool().await.unwrap())
        .await
        .unwrap()
}

/// Adds lines as a worker does, behind what is there.
pub(crate) async fn add(store: &Store, run: &RunView, claimed: &Claimed, chunks: &[NewLines]) {
    let after = store.output_count(run.id).await.unwrap();
    store.output_append(run.id, run.number, claimed.fence, after, chunks).await.unwrap();
}

pub(crate) fn chunk(step: u32, texts: impl IntoIterator<Item = String>) -> NewLines {
    let mut lines = NewLines::new(step, 1);
    texts.into_iter().for_each(|text| lines.push(Stream::Out, &text));
    lines
}

async fn all(person: &Persona, run: i64) -> Vec<OutputLine> {
    let mut all: Vec<OutputLine> = vec![];
    loop {
        let page = person.api.output(run, all.last().map_or(0, |line| line.line)).await.unwrap();
        all.extend(page.items);
        if page.next.is_none() {
            return all;
        }
    }
}

fn log(n_lines: usize, width: usize) -> Vec<String> {
    (1..=n_lines).map(|n| format!("{n:width$}")).collect()
}

fn set_log(scene: &Scene, log: &[String]) {
    scene.host.set_logs(VALIDATOR1, &log.iter().map(String::as_str).collect::<Vec<_>>());
}

/// Every number once, and of step 2 exactly this.
fn complete(lines: &[OutputLine], log: &[String]) {
    assert!((1..).zip(lines).all(|(n, line)| line.line == n), "numbered from 1 without gap");
    let last = lines.iter().map(|line| line.attempt).max().unwrap();
    let said: Vec<_> = lines.iter().filter(|l| l.step == 2 && l.attempt == last && l.stream == Stream::Out).collect();
    assert_eq!(said.len(), log.len());
    assert!(said.iter().zip(log).all(|(line, text)| line.text == *text), "as it was printed");
}

#[tokio::test]
async fn fifty_thousand_lines_at_once_arrive_complete_and_are_told_as_ranges() {
    let scene = scene().await;
    let log = log(50_000, 80);
    set_log(&scene, &log);
    let mut events = Events::open(&scene.approver.http, None).await.unwrap();
    let _worker = scene.worker();
    let run = requested(&scene).await;
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    let lines = all(&scene.approver, run.number).await;
    complete(&lines, &log);
    let (mut told, mut with_lines) = (0, vec![]);
    while told < lines.last().unwrap().line {
        let Some(event) = events.next().await.unwrap().event else { continue };
        if let Topic::Output { first, last, lines, .. } = event.topic {
            assert_eq!(first, told + 1, "no gap between events");
            assert!(
                lines.len() <= 100 && (lines.is_empty() || lines.len() == usize::try_from(last - first + 1).unwrap())
            );
            with_lines.extend(lines);
            told = last;
        }
    }
    assert!(!with_lines.is_empty() && with_lines.len() < 1000, "few lines travel, many are fetched");
    assert!(with_lines.iter().all(|line| lines[usize::try_from(line.line).unwrap() - 1] == *line));
}

#[tokio::test]
async fn a_worker_that_dies_while_printing_leaves_no_gap_and_its_successor_no_repeat() {
    let scene = scene().await;
    let log = log(12_000, 1000);
    set_log(&scene, &log);
    let first = scene.quick_worker();
    let run = requested(&scene).await;
    let store = &scene.muster.database.worker;
    eventually("it prints", async || store.output_count(run.id).await.unwrap() > 500).await.unwrap();
    first.kill();
    let left = store.output_count(run.id).await.unwrap();
    assert!(left < 12_000, "it died too late to prove anything");
    let _second = scene.quick_worker();
    scene.until(run.number, RunState::Succeeded).await.unwrap();
    let lines = all(&scene.operator, run.number).await;
    complete(&lines, &log);
    let before: Vec<_> = lines.iter().filter(|l| l.step == 2 && l.attempt == 1 && l.stream == Stream::Out).collect();
    assert!(before.iter().zip(&log).all(|(line, text)| line.text == *text), "the first attempt's lines stay");
}

#[tokio::test]
async fn a_database_that_comes_and_goes_costs_no_line_and_doubles_none() {
    let scene = scene().await;
    let log = log(12_000, 1000);
    set_log(&scene, &log);
    let _worker = scene.worker();
    let run = requested(&scene).await;
    let store = &scene.muster.database.worker;
    eventually("it prints", async || store.output_count(run.id).await.unwrap() > 500).await.unwrap();
    for _ in 0..3 {
        scene.muster.database.cut().await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        scene.muster.database.mend().await.unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    eventually("it has ended", async || {
        scene.operator.api.run(run.number).await.is_ok_and(|run| run.state == RunState::Succeeded)
    })
    .await
    .unwrap();
    complete(&all(&scene.operator, run.number).await, &log);
}

#[tokio::test]
async fn what_was_written_and_not_heard_of_is_not_written_again() {
    let scene = scene().await;
    let (run, claimed) = held(&scene).await;
    let store = &scene.muster.database.worker;
    let after = store.output_count(run.id).await.unwrap();
    let (fence, lines) = (claimed.fence, [chunk(2, ["a".into(), "b".into()]), chunk(3, ["c".into()])]);
    let head = store.live_head().await.unwrap();
    for _ in 0..3 {
        assert_eq!(store.output_append(run.id, run.number, fence, after, &lines).await.unwrap(), after + 3);
    }
    assert_eq!(store.live_head().await.unwrap(), head + 1, "told once");
    let kept = store.output_after(run.id, after, None, 10).await.unwrap();
    let texts: Vec<_> = kept.iter().map(|l| (l.line - after, l.step, l.text.as_str())).collect();
    assert_eq!(texts, [(1, 2, "a"), (2, 2, "b"), (3, 3, "c")]);
    let elsewhere = store.output_append(run.id, run.number, fence, after + 1, &lines).await;
    assert!(matches!(elsewhere, Err(StoreError::Bug(_))), "{elsewhere:?}");
    let late = store.output_append(run.id, run.number, fence - 1, after, &lines).await;
    assert!(matches!(late, Err(StoreError::Fenced)), "{late:?}");
    assert_eq!(store.output_count(run.id).await.unwrap(), after + 3);
}

#[tokio::test]
async fn a_reader_that_sleeps_through_thousands_of_events_hears_each_once_in_order() {
    let scene = scene().await;
    let (run, claimed) = held(&scene).await;
    let store = &scene.muster.database.worker;
    let after = store.output_count(run.id).await.unwrap();
    let place = store.live_head().await.unwrap();
    let sleeping = scene.approver.http.client.get(format!("{}/api/v1/events?last={place}", scene.muster.base));
    let mut sleeping = sleeping.send().await.unwrap();
    // More than the ring of events and the sockets between hold.
    for n in 0..1600 {
        let lines = [chunk(2, (0..2).map(|m| format!("{:8000}", n * 2 + m)))];
        let at = after + n * 2;
        store.output_append(run.id, run.number, claimed.fence, at, &lines).await.unwrap();
    }
    let (mut text, mut told) = (String::new(), after);
    while told < after + 3200 {
        text.push_str(&String::from_utf8_lossy(&sleeping.chunk().await.unwrap().unwrap()));
        while let Some(end) = text.find("\n\n") {
            let block: String = text.drain(..end + 2).collect();
            let Some(data) = block.lines().find_map(|line| line.strip_prefix("data: ")) else { continue };
            let Ok(event) = serde_json::from_str::<shared::api::live::LiveEvent>(data) else { continue };
            if let Topic::Output { first, last, lines, .. } = event.topic {
                assert_eq!((first, lines.len()), (told + 1, 2));
                told = last;
            }
        }
    }
}

#[tokio::test]
async fn a_part_is_found_by_number_from_either_side_and_by_step() {
    let scene = scene().await;
    let (run, claimed) = held(&scene).await;
    let store = &scene.muster.database.worker;
    let start = store.output_count(run.id).await.unwrap();
    for n in 0..30 {
        add(store, &run, &claimed, &[chunk(7, [format!("single {n}")])]).await;
    }
    add(store, &run, &claimed, &[chunk(8, log(1000, 5)), chunk(9, log(1000, 5)), chunk(8, ["last".into()])]).await;
    let end = start + 2031;
    let numbers = async |part: OutputPart| {
        let page = scene.approver.api.output_part(run.number, &part).await.unwrap();
        page.items.iter().map(|line| line.line).collect::<Vec<_>>()
    };
    let part = |after, before, step, limit| OutputPart { after, before, step, limit: Some(limit) };
    let cases = [
        (part(Some(start), None, None, 3), start + 1..=start + 3),
        (part(Some(start + 25), None, None, 10), start + 26..=start + 35),
        (part(Some(start + 1500), None, None, 200), start + 1501..=start + 1700),
        (part(Some(end - 1), None, None, 200), end..=end),
        (part(None, Some(start + 36), None, 10), start + 26..=start + 35),
        (part(None, Some(start + 1030), None, 1), start + 1029..=start + 1029),
        (part(None, Some(i64::MAX), None, 5), end - 4..=end),
        (part(None, None, Some(7), 2000), start + 1..=start + 30),
        (part(None, None, Some(9), 1), start + 1031..=start + 1031),
        (part(None, Some(i64::MAX), Some(9), 2), start + 2029..=start + 2030),
        (part(None, Some(start + 40), Some(8), 100), start + 31..=start + 39),
    ];
    for (part, expected) in cases {
        assert_eq!(numbers(part).await, expected.collect::<Vec<_>>(), "{part:?}");
    }
    assert!(numbers(part(Some(end), None, None, 5)).await.is_empty());
    assert!(numbers(part(None, Some(1), None, 5)).await.is_empty());
    assert_eq!(numbers(part(None, Some(i64::MAX), Some(8), 2)).await, [start + 1030, end], "across another step");
    let both = refused(scene.approver.api.output_part(run.number, &part(Some(1), Some(2), None, 1)).await);
    assert_eq!(both.fields[0].field, "before");
}

#[tokio::test]
async fn a_text_is_found_where_the_eye_sees_it_and_pages_of_finds_end_honestly() {
    let scene = scene().await;
    let (run, claimed) = held(&scene).await;
    let store = &scene.muster.database.worker;
    let start = store.output_count(run.id).await.unwrap();
    let odd = ["Needle", "ne\u{1b}[1med\u{1b}[0mle", "\u{1b}]0;needle\u{7}", "50% of a_b & <c>", "x\u{202e}y"];
    add(store, &run, &claimed, &[chunk(2, odd.map(String::from))]).await;
    let many: Vec<_> = (0..4).map(|_| chunk(3, (0..1000).map(|n| format!("line {n} of many")))).collect();
    add(store, &run, &claimed, &many).await;
    let search = async |text: &str, after| {
        let page = scene.approver.api.output_search(run.number, text, after).await.unwrap();
        (page.items, page.next)
    };
    assert_eq!(search("NEEDLE", 0).await, (vec![start + 1, start + 2], None));
    assert_eq!(search("needle", start + 1).await, (vec![start + 2], None), "only what comes after");
    assert_eq!(search("50% of a_b & <c>", 0).await.0, [start + 4], "literally, whatever the address makes of it");
    assert_eq!(search("<U+202E>", 0).await.0, [start + 5], "as it is shown");
    assert_eq!(search("[1m", 0).await, (vec![], None));
    let (hits, next) = search("of many", 0).await;
    assert_eq!((hits.len(), hits[0], &next), (1000, start + 6, &Some((start + 1005).to_string())));
    let mut found = hits;
    let mut next = next;
    while let Some(after) = next {
        let page = search("of many", after.parse().unwrap()).await;
        found.extend(page.0);
        next = page.1;
    }
    assert_eq!(found, (start + 6..=start + 4005).collect::<Vec<_>>());
    for text in ["", &"x".repeat(201), "a\nb"] {
        let view = refused(scene.approver.api.output_search(run.number, text, 0).await);
        assert_eq!(view.fields[0].field, "q", "{text:?}");
    }
}

#[tokio::test]
async fn the_whole_is_downloaded_as_printed_or_one_step_of_it() {
    let scene = scene().await;
    let (run, claimed) = held(&scene).await;
    let store = &scene.muster.database.worker;
    let kept = store.output_after(run.id, 0, None, 1000).await.unwrap();
    let printed = ["\u{1b}[31mred\u{1b}[0m", "", "<script>alert(1)</script>", "é"].map(String::from);
    add(store, &run, &claimed, &[chunk(8, printed.clone()), chunk(9, log(1000, 5))]).await;
    for _ in 0..40 {
        add(store, &run, &claimed, &[chunk(9, log(1000, 5))]).await;
    }
    let path = format!("/api/v1/runs/{}/output.txt", run.number);
    let answer = scene.approver.http.ask("GET", &path, None).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(header("content-disposition"), format!("attachment; filename=\"run-{}.txt\"", run.number));
    assert_eq!((header("x-content-type-options"), header("cache-control")), ("nosniff".into(), "no-store".into()));
    let text = answer.text().await.unwrap();
    let mut expected: Vec<String> = kept.into_iter().map(|line| line.text).chain(printed.clone()).collect();
    (0..41).for_each(|_| expected.extend(log(1000, 5)));
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    assert!(text.ends_with("1000\n"));
    let of_step = scene.approver.http.ask("GET", &format!("{path}?step=8"), None).await.unwrap();
    assert!(of_step.headers()["content-disposition"].to_str().unwrap().contains("-step-8.txt"));
    assert_eq!(of_step.text().await.unwrap(), printed.map(|line| line + "\n").concat());
    let none = scene.approver.http.ask("GET", "/api/v1/runs/424242/output.txt", None).await.unwrap();
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
}

const BEFORE: [&str; 7] = [
    include_str!("../../migrations/0001_people.sql"),
    include_str!("../../migrations/0002_systems_and_plans.sql"),
    include_str!("../../migrations/0003_incidents.sql"),
    include_str!("../../migrations/0004_runs.sql"),
    include_str!("../../migrations/0005_reports.sql"),
    include_str!("../../migrations/0006_audit_and_live.sql"),
    include_str!("../../migrations/0007_sight.sql"),
];

#[tokio::test]
async fn lines_kept_by_the_release_before_are_moved_and_its_programs_still_read_and_write() {
    let database = Database::create().await.unwrap();
    let pool = sqlx::PgPool::connect(&database.url).await.unwrap();
    let mut one = pool.acquire().await.unwrap();
    sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").execute(&mut *one).await.unwrap();
    for migration in BEFORE {
        sqlx::raw_sql(migration).execute(&mut *one).await.unwrap();
    }
    // A run without its incident and system, and its lines in batches of two instants; line feeds were possible.
    sqlx::raw_sql(
        "SET session_replication_role = replica;
         INSERT INTO run (id, incident_id, system_id, plan_version_id, project, header, state, requested_at, n_lines)
         SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'p', '{}', 'running', now(), 2505;
         INSERT INTO step_output (run_id, line, step, attempt, at, stream, text)
         SELECT run.id, n, 1 + n / 1200, 1, '2026-01-01'::timestamptz + make_interval(secs => n / 900),
                CASE WHEN n % 700 = 0 THEN 'err' WHEN n > 2400 THEN 'muster' ELSE 'out' END,
                CASE WHEN n % 3 = 0 THEN '' WHEN n = 7 THEN E'two\\nlines' ELSE 'line ' || n END
         FROM run, generate_series(1, 2505) AS n;
         SET session_replication_role = origin;",
    )
    .execute(&mut *one)
    .await
    .unwrap();
    type Row = (i64, i32, i32, time::OffsetDateTime, String, String);
    let read = "SELECT line, step, attempt, at, stream, text FROM step_output ORDER BY line";
    let mut before: Vec<Row> = sqlx::query_as(read).fetch_all(&mut *one).await.unwrap();
    sqlx::raw_sql(include_str!("../../migrations/0009_output_in_chunks.sql")).execute(&mut *one).await.unwrap();
    let chunks: i64 = sqlx::query_scalar("SELECT count(*) FROM output_chunk").fetch_one(&mut *one).await.unwrap();
    assert!(chunks < 15, "{chunks}");
    before[6].5 = "two\u{2424}lines".into();
    let after: Vec<Row> = sqlx::query_as(read).fetch_all(&mut *one).await.unwrap();
    assert_eq!(after, before);

    sqlx::query(
        "INSERT INTO step_output (run_id, line, step, attempt, at, stream, text)
         SELECT run.id, 2505 + t.n, 9, 1, now(), 'err', t.text FROM run, unnest($1::text[]) WITH ORDINALITY AS t (text, n)",
    )
    .bind(["from before", ""].map(String::from).to_vec())
    .execute(&mut *one)
    .await
    .unwrap();
    let run: uuid::Uuid = sqlx::query_scalar("SELECT id FROM run").fetch_one(&mut *one).await.unwrap();
    let owner = store::Store::connect(&database.url).await.unwrap();
    let lines = owner.output_after(shared::ids::RunId(run), 2504, None, 10).await.unwrap();
    let said: Vec<_> = lines.iter().map(|l| (l.line, l.stream, l.text.as_str())).collect();
    let rest = [(2505, Stream::Muster, ""), (2506, Stream::Err, "from before"), (2507, Stream::Err, "")];
    assert_eq!(said, rest);
}
