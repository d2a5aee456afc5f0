//! One check: looks, and says what it found or what kept it from being good. Believes nothing that stands in the definition: it can lead
//! nowhere but to the project, the named directories, the operator's own checks, and outside past the guard (`outside`).

use std::{collections::HashMap, ffi::OsString, sync::Arc, time::Duration};

use outgoing::Outgoing;
use shared::{
    domain::{
        monitor::{Address, Check, Definition, Finding, Place, Verdict},
        text::{Look, Name},
    },
    timestamp::Timestamp,
};
use tokio::{sync::Mutex, sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::outside;
use crate::{
    config::Config,
    files,
    host::{Container, ContainerHost, Ended, HttpAsk, LogLine},
    process::{self, Program},
    resolve::address::{self, Target},
    sight,
    steps::reading,
    surroundings,
};

/// Many monitors of a project look at one list.
const LIST_AGE: Duration = Duration::from_secs(1);
/// A check is cut off by its own timeout; this is for what it asks.
const LONGEST: Duration = Duration::from_secs(60);
/// No more is kept of what somebody else said.
const SAID: usize = 300;
/// By the convention of monitoring plugins.
const WARNS: i32 = 1;

/// The containers of a project, and when they were listed.
type Lists = HashMap<String, (Instant, Arc<Vec<Container>>)>;

#[derive(Debug)]
pub(super) struct Looker {
    host: Arc<dyn ContainerHost>,
    config: Arc<Config>,
    way_out: Outgoing,
    lists: Mutex<Lists>,
}

impl Looker {
    pub(super) fn new(host: Arc<dyn ContainerHost>, config: Arc<Config>) -> Self {
        let way_out = outside::way_out(&config);
        Self { host, config, way_out, lists: Mutex::default() }
    }

    /// Its value, where it finds one; the error is a phrase for people. `now` is the database's.
    pub(super) async fn look(&self, project: &str, check: &Check, now: Timestamp) -> Result<Option<f64>, String> {
        check.admit().map_err(|(_, why)| format!("this worker does not make such a check: {why}"))?;
        match check {
            Check::Container { service } => self.containers_run(project, service).await.map(|()| None),
            Check::Http { url, status, contains } => {
                self.answers(project, url, *status, contains.as_ref()).await.map(|()| None)
            }
            Check::Tcp { address } => self.connects(project, address).await.map(|()| None),
            Check::Certificate { address, any_authority } => {
                outside::certificate(&self.way_out, address, *any_authority, now).await.map(Some)
            }
            Check::Metric { url, filter } => self.number(project, url, filter.as_ref()).await.map(Some),
            Check::Lag { url, other, filter } => {
                let (one, other) = tokio::join!(
                    self.number(project, url, filter.as_ref()),
                    self.number(project, other, filter.as_ref())
                );
                Ok(Some((one? - other?).abs()))
            }
            Check::Sql { service, user, database, query } => {
                self.query(project, service, [("-U", user.as_ref()), ("-d", database.as_ref())], query).await
            }
            Check::Script { name } => self.script(project, name).await,
            Check::FileAge { directory } => self.file_age(directory, now).await.map(Some),
        }
    }

    /// As the definition says; what a script warns of is a warning whatever its value.
    pub(super) fn judge(&self, definition: &Definition, finding: &Finding) -> (Verdict, String) {
        match (&definition.check, finding.value) {
            (Check::Script { .. }, Some(_)) if finding.trouble.is_none() => {
                (Verdict::Warning, "its script warns".into())
            }
            _ => definition.judge(finding),
        }
    }

    async fn list(&self, project: &str) -> Result<Arc<Vec<Container>>, String> {
        let mut lists = self.lists.lock().await;
        if let Some((at, list)) = lists.get(project)
            && at.elapsed() < LIST_AGE
        {
            return Ok(list.clone());
        }
        let list = Arc::new(self.host.containers(project).await.map_err(|e| e.to_string())?);
        lists.insert(project.to_owned(), (Instant::now(), list.clone()));
        Ok(list)
    }

    async fn containers_run(&self, project: &str, service: &Name) -> Result<(), String> {
        let all = self.list(project).await?;
        let mut of: Vec<_> = all.iter().filter(|c| c.service.as_deref() == Some(service.as_str())).collect();
        if of.is_empty() {
            return Err(format!("the project {project} has no container of the service {}", service.as_str()));
        }
        of.retain(|c| c.state != crate::host::ContainerState::Running || c.unhealthy);
        match of.first() {
            None => Ok(()),
            Some(one) if one.unhealthy => Err(format!("{} runs, but its health check fails", one.name)),
            Some(one) => Err(format!("{} is {}", one.name, one.state)),
        }
    }

    /// The container and its own port that an address means.
    async fn at(&self, project: &str, target: Target) -> Result<(String, u16), String> {
        let all = self.list(project).await?;
        match target {
            Target::Published(port) => {
                let publishes = |c: &Container| {
                    let own = c.ports.iter().find(|p| p.host == port)?.container;
                    Some((c.id.clone(), own))
                };
                all.iter()
                    .find_map(publishes)
                    .ok_or_else(|| format!("no container of the project {project} publishes port {port}"))
            }
            Target::Service { name, port } => {
                let found = all.iter().find(|c| c.service.as_deref() == Some(&name));
                found
                    .map(|c| (c.id.clone(), port))
                    .ok_or_else(|| format!("the project {project} has no container of the service {name}"))
            }
        }
    }

    /// The text of an answer with this status, or with any 2xx.
    async fn get(&self, project: &str, url: &Look, wanted: Option<u16>) -> Result<String, String> {
        let (status, body) = match Place::of_url(url) {
            Place::Project => self.get_inside(project, url).await?,
            Place::Outside => outside::get(&self.way_out, url).await?,
        };
        let good = wanted.map_or((200..300).contains(&status), |wanted| status == wanted);
        let instead = || wanted.map(|wanted| format!(" instead of {wanted}")).unwrap_or_default();
        if good { Ok(body) } else { Err(format!("{} answered {status}{}", url.as_str(), instead())) }
    }

    async fn get_inside(&self, project: &str, url: &Look) -> Result<(u16, String), String> {
        let text = url.as_str();
        let target = address::target(text).map_err(|why| format!("it {why}"))?;
        let (container, port) = self.at(project, target).await?;
        let url: Url = text.parse().map_err(|e| format!("{text} is not an address: {e}"))?;
        let ask = HttpAsk { method: "GET", container: &container, port, url: &url, timeout: LONGEST };
        let answer = self.host.http(ask).await.map_err(|e| e.to_string())?;
        Ok((answer.status, answer.body))
    }

    async fn answers(
        &self,
        project: &str,
        url: &Look,
        status: Option<u16>,
        contains: Option<&Look>,
    ) -> Result<(), String> {
        let body = self.get(project, url, status).await?;
        match contains.filter(|part| !body.contains(part.as_str())) {
            Some(part) => Err(format!("{} answered without \"{}\"", url.as_str(), part.as_str())),
            None => Ok(()),
        }
    }

    async fn number(&self, project: &str, url: &Look, filter: Option<&Look>) -> Result<f64, String> {
        let body = self.get(project, url, None).await?;
        let filter = filter.map(Look::as_str);
        reading::find(&body, filter).map(|found| found.value).ok_or_else(|| match filter {
            Some(filter) => format!("{} answered without a line that has \"{filter}\" and a number", url.as_str()),
            None => format!("{} answered without a number", url.as_str()),
        })
    }

    async fn connects(&self, project: &str, address: &Address) -> Result<(), String> {
        if address.place() == Place::Outside {
            return outside::connects(&self.way_out, address).await;
        }
        let target = match address.host() {
            name if name != "localhost" && !name.contains(['.', ':']) => {
                Target::Service { name: name.to_owned(), port: address.port() }
            }
            _ => Target::Published(address.port()),
        };
        let (container, port) = self.at(project, target).await?;
        self.host.reach(&container, port).await.map_err(|e| e.to_string())
    }

    async fn query(
        &self,
        project: &str,
        service: &Name,
        options: [(&str, Option<&Name>); 2],
        query: &Look,
    ) -> Result<Option<f64>, String> {
        let (container, _) = self.at(project, Target::Service { name: service.as_str().to_owned(), port: 0 }).await?;
        let mut argv = vec!["psql", "-X", "-w", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];
        for (option, value) in options {
            argv.extend(value.into_iter().flat_map(|value| [option, value.as_str()]));
        }
        // The query is one statement, so what it would have to say to write again comes too late.
        argv.extend(["-c", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "-c", query.as_str()]);
        let argv: Vec<_> = argv.into_iter().map(str::to_owned).collect();
        let (to, from) = mpsc::channel(4);
        let (ended, said) = tokio::join!(self.host.exec(&container, &argv, to), said(from));
        match ended.map_err(|e| e.to_string())? {
            0 => Ok(said
                .out
                .split('|')
                .next()
                .and_then(|first| first.trim().parse().ok())
                .filter(|n: &f64| n.is_finite())),
            code => Err(if said.err.is_empty() { format!("psql ended with exit code {code}") } else { said.err }),
        }
    }

    /// Its exit code, if it warns.
    async fn script(&self, project: &str, name: &Name) -> Result<Option<f64>, String> {
        let Some(directory) = &self.config.checks else {
            return Err("this worker has no directory of checks: set MUSTER_WORKER_CHECKS".into());
        };
        let path = files::executable(directory, name.as_str(), "checks").map_err(|why| format!("it {why}"))?;
        let mut environment = surroundings::project(&self.config, project);
        let mut argv: Vec<OsString> = vec![];
        if let Some(user) = surroundings::script_user(&self.config)? {
            environment.insert("HOME".into(), user.home.display().to_string());
            argv.extend(user.prefix);
        }
        argv.push(path.into());
        let cancelled = CancellationToken::new();
        let program = Program { argv, environment, directory: directory.clone(), limit: LONGEST, cancelled };
        let (to, from) = mpsc::channel(4);
        let (ended, said) = tokio::join!(process::run(program, to), said(from));
        let first = if said.out.is_empty() { said.err } else { said.out };
        match ended? {
            Ended::Code(0) => Ok(None),
            Ended::Code(WARNS) => Ok(Some(f64::from(WARNS))),
            Ended::Code(code) if first.is_empty() => Err(format!("it ended with exit code {code}")),
            Ended::Code(_) => Err(first),
            Ended::Signal(signal) => Err(format!("it was ended by signal {signal}")),
            Ended::TimedOut { .. } | Ended::Cancelled { .. } => Err("it did not end in time".into()),
        }
    }

    async fn file_age(&self, directory: &Look, now: Timestamp) -> Result<f64, String> {
        let text = directory.as_str();
        let Some(here) = self.config.here(text) else {
            return Err(format!("this worker does not know the directory {text}: add it to MUSTER_WORKER_PATHS"));
        };
        let newest = sight::newest(here).await.map_err(|e| format!("{text} cannot be read: {e}"))?;
        let newest = newest.ok_or_else(|| format!("there is no file in {text}"))?;
        #[expect(clippy::cast_precision_loss, reason = "spans of time fit")]
        Ok(now.seconds_since(newest).max(0) as f64)
    }
}

/// The first line each way.
#[derive(Default)]
struct Said {
    out: String,
    err: String,
}

async fn said(mut from: mpsc::Receiver<Vec<LogLine>>) -> Said {
    let mut said = Said::default();
    while let Some(lines) = from.recv().await {
        for line in lines {
            let first = if line.from_stderr { &mut said.err } else { &mut said.out };
            if first.is_empty() {
                *first = line.text.chars().filter(|c| !c.is_control()).take(SAID).collect();
            }
        }
    }
    said
}
