//! An alert storm: ten thousand messages on ten keys, as fast as they are taken. How long that takes, what is lost after 202, and how
//! many incidents it makes.

use std::time::Instant;

use anyhow::Result;
use futures::{StreamExt as _, stream};
use serde_json::json;
use shared::{
    api::alert::{SourceIn, SourceSettingsIn},
    domain::{
        access::Role,
        alert::{Consequence, Declaration, Rule, SourceKind},
        status::Impact,
        text::Name,
    },
};
use tests::{muster::Muster, scene::PROJECT};

use crate::Measured;

const MESSAGES: usize = 10_000;
const KEYS: usize = 10;
const AT_ONCE: usize = 50;

pub(crate) async fn measure() -> Result<Vec<Measured>> {
    let muster = Muster::start().await?;
    let admin = muster.persona(Role::Administrator).await?;
    let then = Declaration { level: 1, components: vec![], impact: Impact::Degraded };
    let settings = SourceSettingsIn {
        name: Name::parse("storm").map_err(anyhow::Error::msg)?,
        mapping: None,
        rules: vec![Rule { when: vec![], then: Consequence::Declare(then) }],
        beat: None,
        muted_until: None,
    };
    let made = admin.api.make_alert_source(PROJECT, &SourceIn { kind: SourceKind::Generic, settings }).await?;
    let client = reqwest::Client::new();
    let begun = Instant::now();
    let sent = (0..MESSAGES).map(|i| {
        let (client, address) = (client.clone(), made.address.clone());
        async move {
            let body = json!({"key": format!("key {}", i % KEYS), "title": "It burns"});
            client.post(address).json(&body).send().await.is_ok_and(|answer| answer.status() == 202)
        }
    });
    let taken = stream::iter(sent).buffer_unordered(AT_ONCE).filter(|taken| std::future::ready(*taken)).count().await;
    let took = begun.elapsed().as_secs_f64();
    let counted: i64 = admin.api.alerts(false, None).await?.items.iter().map(|alert| alert.n_heard).sum();
    let incidents = admin.api.incidents(None).await?.items.len();
    let lost = i64::try_from(taken)? - counted;
    Ok(vec![Measured {
        what: "10,000 alerts on 10 keys: seconds until all are committed",
        value: format!("{took:.1} s ({taken} taken, {lost} of them lost, {incidents} incidents)"),
        goal: "60 s, 0 lost, 10 incidents",
        met: took <= 60.0 && taken == MESSAGES && lost == 0 && incidents == KEYS,
    }])
}
