//! Prometheus' real Alertmanager, on a free port with a directory of its own, sending all it has to one address. Gone when dropped.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use reqwest::Client;
use serde_json::json;

use crate::{programs::Scratch, testnet::free_port};

pub struct Alertmanager {
    base: String,
    scratch: Scratch,
    child: Child,
}

impl Alertmanager {
    /// # Errors
    /// If it is not installed or does not start.
    pub async fn start(address: &str) -> Result<Self> {
        let scratch = Scratch::new()?;
        let port = free_port()?;
        let receiver = format!("{{name: muster, webhook_configs: [{{url: '{address}', send_resolved: true}}]}}");
        let route =
            "{receiver: muster, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}";
        let config = scratch.file("alertmanager.yml", format!("route: {route}\nreceivers: [{receiver}]\n"))?;
        let log = fs::File::create(scratch.path().join("log"))?;
        let child = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", scratch.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("prometheus-alertmanager is not installed: cargo xtask test installs it")?;
        let mut running = Self { base: format!("http://127.0.0.1:{port}"), scratch, child };
        let deadline = Instant::now() + Duration::from_secs(20);
        while reqwest::get(format!("{}/-/ready", running.base)).await.is_err() {
            let ended = running.child.try_wait()?;
            ensure!(ended.is_none() && Instant::now() < deadline, "it does not answer: {}", running.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(running)
    }

    /// As Prometheus would say it: this fires, or has ended.
    ///
    /// # Errors
    /// If it is not taken.
    pub async fn post(&self, name: &str, severity: &str, ended: bool) -> Result<()> {
        let now = time::OffsetDateTime::now_utc();
        let end = if ended { now } else { now + time::Duration::minutes(5) };
        let alert = json!([{
            "labels": {"alertname": name, "severity": severity, "instance": "validator1:9100"},
            "annotations": {"summary": format!("{name} does not answer")},
            "endsAt": shared::timestamp::Timestamp::new(end),
        }]);
        let taken = Client::new().post(format!("{}/api/v2/alerts", self.base)).json(&alert).send().await?;
        ensure!(taken.status().is_success(), "it did not take it: {}", taken.text().await?);
        Ok(())
    }

    #[must_use]
    pub fn said(&self) -> String {
        fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
