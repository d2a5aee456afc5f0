//! A dump restored into a scratch database, and asked the same as production. Production is only read.

use std::{collections::BTreeMap, time::Duration};

use shared::{
    domain::verification::{
        Compared, Database, Found, Place, Question, Settings, judge_loss, judge_numbers, judge_rows, questions,
    },
    plan::Plan,
};
use tokio::time::Instant;

use super::{
    file::{self, Backup, Content},
    psql::{self, Asked, Said},
    scratch::Room,
};
use crate::host::{Container, ContainerHost, Scratch};

/// Until a new database answers.
const STARTS: Duration = Duration::from_secs(180);
/// Tables whose rows are counted.
const MOST_TABLES: usize = 200;
/// Lines of a tool that are kept.
const MOST_LOG: usize = 100;
const INTO: &str = "muster-restore";

const TABLES: &str = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' ORDER BY 1";
/// A dump names roles and does not make them.
const ROLES: &str =
    "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user ORDER BY 1";

pub(super) struct Trial<'a> {
    pub(super) host: &'a dyn ContainerHost,
    pub(super) project: &'a str,
    pub(super) plan: &'a Plan,
    pub(super) settings: &'a Settings,
    pub(super) place: &'a Place,
    pub(super) room: &'a Room<'a>,
    pub(super) now: shared::timestamp::Timestamp,
}

/// Fills in what was found; the error is why it is not verified.
pub(super) async fn restore(trial: &Trial<'_>, backup: Backup, found: &mut Found) -> Result<(), String> {
    let Some(database) = &trial.settings.database else {
        return Err("it is a database dump, and nobody has said which service's database it is of".into());
    };
    let of = service(trial, database).await?;
    found.into = Some(format!("a scratch database from the image {}", of.image));
    let (content, directory) = (backup.content, trial.room.directory().await?);
    let most = u64::from(trial.settings.most_gb) << 30;
    let unpacking = tokio::task::spawn_blocking(move || file::unpacked(backup, &directory, most));
    let (dump, bytes) = unpacking.await.map_err(|e| format!("it was not read to its end: {e}"))??;

    let production = Asked::production(of.id.clone(), database);
    let restored = start(trial, &of.image_id, database).await?;
    for role in production.ask(trial.host, ROLES).await.unwrap_or_default() {
        let _ = statement(trial.host, &restored, &format!("CREATE ROLE {role}")).await;
        found.log.push(format!("made the role {role} as production has it: a dump does not bring roles along"));
    }
    trial.host.scratch_put(&restored.container, dump, bytes, INTO).await.map_err(|e| e.to_string())?;
    let begun = Instant::now();
    let (code, said) = load(trial.host, &restored, content).await?;
    found.restored_ms = u64::try_from(begun.elapsed().as_millis()).ok();
    let lines = said.out.iter().chain(&said.err).cloned();
    found.log.extend(lines.take(MOST_LOG));
    if code != 0 {
        let why = said.complaint().unwrap_or("it does not say why");
        return Err(format!("it could not be restored: {why}"));
    }
    compare(trial, database, &production, &restored, found).await?;
    found.beyond = found.loss_seconds.and_then(|loss| judge_loss(trial.place, loss));
    let bad = found.compared.iter().find_map(|one| Some(format!("{}: {}", one.what, one.trouble.as_ref()?)));
    bad.map_or(Ok(()), Err)
}

async fn service(trial: &Trial<'_>, database: &Database) -> Result<Container, String> {
    let all = trial.host.containers(trial.project).await.map_err(|e| e.to_string())?;
    let name = database.service.as_str();
    let found = all.into_iter().find(|container| container.service.as_deref() == Some(name));
    found.ok_or_else(|| format!("the project {} has no container of the service {name}", trial.project))
}

/// A new database that answers.
async fn start(trial: &Trial<'_>, image_id: &str, database: &Database) -> Result<Asked, String> {
    let user = database.user.as_ref().map_or("postgres", |user| user.as_str());
    let name = database.database.as_ref().map_or(user, |database| database.as_str());
    let password = uuid::Uuid::new_v4().simple().to_string();
    let scratch = Scratch {
        mark: trial.room.mark(),
        image_id: image_id.to_owned(),
        environment: vec![
            format!("POSTGRES_USER={user}"),
            format!("POSTGRES_DB={name}"),
            format!("POSTGRES_PASSWORD={password}"),
        ],
        memory_bytes: u64::from(trial.settings.memory_mb) << 20,
    };
    let container = trial.room.container(&scratch).await?;
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    // By its address: what makes the cluster listens on the socket only, and is not what is asked.
    let address = format!("host=127.0.0.1 user={} password={password} dbname={}", quoted(user), quoted(name));
    let restored = Asked { container, options: vec!["-d".into(), address], whose: "what was restored" };
    let begun = Instant::now();
    loop {
        match restored.ask(trial.host, "SELECT 1").await {
            Ok(_) => return Ok(restored),
            Err(why) if begun.elapsed() > STARTS => {
                return Err(format!("the scratch database did not start within {} s: {why}", STARTS.as_secs()));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(300)).await,
        }
    }
}

async fn statement(host: &dyn ContainerHost, at: &Asked, text: &str) -> Result<(), String> {
    let mut argv: Vec<String> = ["psql", "-X", "-w", "-q"].map(str::to_owned).to_vec();
    argv.extend(at.options.iter().cloned());
    argv.extend(["-c".to_owned(), text.to_owned()]);
    psql::run(host, &at.container, &argv).await.map(drop)
}

async fn load(host: &dyn ContainerHost, at: &Asked, content: Content) -> Result<(i64, Said), String> {
    let tool: &[&str] = match content {
        Content::Custom => &["pg_restore", "--exit-on-error"],
        _ => &["psql", "-X", "-w", "-q", "-o", "/dev/null", "-v", "ON_ERROR_STOP=1"],
    };
    let mut argv: Vec<String> = tool.iter().map(|part| (*part).to_owned()).collect();
    argv.extend(at.options.iter().cloned());
    let file = format!("/{INTO}");
    match content {
        Content::Custom => argv.push(file),
        _ => argv.extend(["-f".to_owned(), file]),
    }
    psql::run(host, &at.container, &argv).await
}

/// Asks both sides. The error: production cannot be asked at all, so nothing is known.
async fn compare(
    trial: &Trial<'_>,
    database: &Database,
    production: &Asked,
    restored: &Asked,
    found: &mut Found,
) -> Result<(), String> {
    let (host, settings) = (trial.host, trial.settings);
    let there = production.ask(host, TABLES).await;
    let there = there
        .map_err(|why| format!("it was restored, but production did not answer, so nothing is compared: {why}"))?;
    let back = restored.ask(host, TABLES).await?;
    let (now, then) = (count(host, production, &there).await?, count(host, restored, &back).await?);
    if there.is_empty() && back.is_empty() {
        return Err("there is no table in it, nor in production: nothing can be compared".into());
    }
    for name in there.iter().take(MOST_TABLES).chain(back.iter().filter(|name| !there.contains(name)).take(MOST_TABLES))
    {
        let (production, restored) = (now.get(name).copied(), then.get(name).copied());
        found.compared.push(Compared {
            what: format!("Rows of {name}"),
            query: Some(format!("SELECT count(*) FROM {name}")),
            production: production.map(|n| n.to_string()),
            restored: restored.map(|n| n.to_string()),
            trouble: judge_rows(production, restored, settings.least_percent),
        });
    }
    let own = settings.questions.iter().cloned();
    for question in questions(trial.plan, database).into_iter().chain(own) {
        found.compared.push(ask_both(host, production, restored, &question).await);
    }
    measure(trial, production, restored, found).await;
    Ok(())
}

async fn count(host: &dyn ContainerHost, at: &Asked, tables: &[String]) -> Result<BTreeMap<String, u64>, String> {
    let mut counted = BTreeMap::new();
    let one = |(n, name): (usize, &String)| format!("SELECT {n}, count(*) FROM {name}");
    let parts: Vec<_> = tables.iter().take(MOST_TABLES).enumerate().map(one).collect();
    if parts.is_empty() {
        return Ok(counted);
    }
    let lines = at.ask(host, &parts.join(" UNION ALL ")).await;
    for line in lines.map_err(|why| format!("the rows of {} could not be counted: {why}", at.whose))? {
        let pair = line.split_once('|').and_then(|(n, rows)| Some((n.parse::<usize>().ok()?, rows.parse().ok()?)));
        if let Some((name, rows)) = pair.and_then(|(n, rows)| Some((tables.get(n)?, rows))) {
            counted.insert(name.clone(), rows);
        }
    }
    Ok(counted)
}

async fn ask_both(host: &dyn ContainerHost, production: &Asked, restored: &Asked, question: &Question) -> Compared {
    let query = question.query.as_str();
    let (now, back) = (production.first(host, query).await, restored.first(host, query).await);
    let trouble = judge_numbers(now.as_deref().ok(), back.as_deref().ok(), question.may_differ);
    let why = back.as_ref().err().map(|why| format!(": {why}")).unwrap_or_default();
    Compared {
        what: question.name.as_str().to_owned(),
        query: Some(query.to_owned()),
        trouble: trouble.map(|text| text + &why),
        production: now.ok(),
        restored: back.ok(),
    }
}

/// What would be lost: by the newest row of both sides, else by the age of the backup.
async fn measure(trial: &Trial<'_>, production: &Asked, restored: &Asked, found: &mut Found) {
    let age = found.file.as_ref().map(|file| trial.now.seconds_since(file.taken_at).max(0));
    (found.loss_seconds, found.loss_by) = (age, Some("the backup's age when it was tried".into()));
    let Some(newest) = &trial.settings.newest else { return };
    let name = shared::domain::text::Name::parse("Newest row, in seconds since 1970");
    let Ok(name) = name else { return };
    let question = Question { name, query: newest.clone(), may_differ: Some(f64::MAX) };
    let compared = ask_both(trial.host, production, restored, &question).await;
    let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<f64>().ok());
    if let (Some(now), Some(back), None) = (number(&compared.production), number(&compared.restored), &compared.trouble)
    {
        #[expect(clippy::cast_possible_truncation, reason = "spans of time fit")]
        let loss = (now - back).max(0.0).round() as i64;
        (found.loss_seconds, found.loss_by) = (Some(loss), Some("the time of the newest row, on both sides".into()));
    }
    found.compared.push(compared);
}
