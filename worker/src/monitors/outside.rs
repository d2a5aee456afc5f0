//! Looks at what is outside of the project, by the one way out. What may be asked, that way's rule says; the operator's own addresses
//! are inside for it, unless they are named in `MUSTER_WORKER_OUTGOING_ALLOW`.

use std::{sync::Arc, time::Duration};

use http::{Request, header};
use outgoing::{Authority, Limits, Outgoing, System};
use shared::{
    domain::{monitor::Address, text::Look},
    timestamp::Timestamp,
};

use crate::config::Config;

/// A check is cut off by its own timeout.
const LIMITS: Limits = Limits { time: Duration::from_secs(60), bytes: 2 * 1024 * 1024 };

pub(super) fn way_out(config: &Config) -> Outgoing {
    Outgoing::with(config.outgoing.clone(), Arc::new(System), LIMITS)
}

/// Status and text of the last answer, redirects followed within the rule.
pub(super) async fn get(way: &Outgoing, url: &Look) -> Result<(u16, String), String> {
    let request = Request::get(url.as_str()).header(header::ACCEPT, "*/*").body(vec![]);
    let request = request.map_err(|e| format!("{} cannot be asked: {e}", url.as_str()))?;
    let answer = way.send(request).await.map_err(|e| e.to_string())?;
    Ok((answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned()))
}

pub(super) async fn connects(way: &Outgoing, address: &Address) -> Result<(), String> {
    way.reach(&address.to_string()).await.map_err(|e| e.to_string())
}

/// Days until it runs out.
pub(super) async fn certificate(
    way: &Outgoing,
    address: &Address,
    any_authority: bool,
    now: Timestamp,
) -> Result<f64, String> {
    let authority = if any_authority { Authority::Any } else { Authority::Trusted };
    let shown = way.certificate(&address.to_string(), authority, now.unix_ms() / 1000).await;
    let shown = shown.map_err(|e| e.to_string())?;
    match shown.fault {
        Some(fault) => Err(format!("the certificate of {address} {fault}")),
        #[expect(clippy::cast_precision_loss, reason = "days fit")]
        None => Ok(shown.days_left as f64),
    }
}
