//! The one way out: the rule first, one look at the name, a connection to exactly the address that was judged, limits on time and
//! size. Knows nothing of what is asked; but for the operator's own mail server, database and Docker engine, neither server nor worker
//! opens a connection to another machine by anything else.

mod certificate;
mod connect;
pub mod rule;

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use url::Host;

pub use self::certificate::{Authority, Certificate, Fault};
use self::{
    connect::{Failed, Trust},
    rule::{Allowed, Refusal, Target},
};

const REDIRECTS: usize = 3;

/// Looks names up; a test answers by itself.
#[async_trait]
pub trait Resolve: Send + Sync + fmt::Debug {
    /// # Errors
    /// If the name cannot be looked up.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// As the machine does it.
#[derive(Debug)]
pub struct System;

#[async_trait]
impl Resolve for System {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// What one answer may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the look at the name to the last byte, redirects included.
    pub time: Duration,
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(4), bytes: 1024 * 1024 }
    }
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    #[error("{url} is not asked: {refusal}")]
    Refused { url: String, refusal: Refusal },
    #[error("{0} does not answer: {1}")]
    Unreachable(String, String),
    #[error("{0} did not say whether it arrived: {1}")]
    Lost(String, String),
    #[error("{0} did not answer within {1} s")]
    TooSlow(String, u64),
    #[error("{0} answered with more than {1} bytes")]
    TooLarge(String, usize),
}

impl OutgoingError {
    /// The rule forbade it; asking again changes nothing.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }
}

/// Asks other machines.
#[derive(Clone, Debug)]
pub struct Outgoing {
    allowed: Allowed,
    resolver: Arc<dyn Resolve>,
    limits: Limits,
    trust: Arc<Trust>,
}

impl Outgoing {
    #[must_use]
    pub fn new(allowed: Allowed) -> Self {
        Self::with(allowed, Arc::new(System), Limits::default())
    }

    #[must_use]
    pub fn with(allowed: Allowed, resolver: Arc<dyn Resolve>, limits: Limits) -> Self {
        Self { allowed, resolver, limits, trust: Arc::default() }
    }

    /// A question without credentials is followed where it leads within the rule; for anything else a redirect is an answer like
    /// another, so that nothing confidential is led astray.
    ///
    /// # Errors
    /// If the rule forbids it, or nobody answers within the limits.
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        let text = request.uri().to_string();
        let target = self.target(&text)?;
        let bare = !request.headers().contains_key(header::AUTHORIZATION) && request.body().is_empty();
        if request.method() == Method::GET && bare {
            self.in_time(&text, self.follow(target, request)).await
        } else {
            self.in_time(&text, self.once(&target, request)).await
        }
    }

    async fn follow(&self, mut target: Target, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        let first = target.url.to_string();
        for _ in 0..=REDIRECTS {
            let answer = self.once(&target, request.clone()).await?;
            let location = answer.headers().get(header::LOCATION).filter(|_| leads_on(answer.status()));
            let Some(location) = location else { return Ok(answer) };
            let location = location.to_str().map_err(|e| refused(&first, Refusal::NotAnAddress(e.to_string())))?;
            target = target.redirected(location, &self.allowed).map_err(|refusal| refused(location, refusal))?;
        }
        Err(refused(&first, Refusal::TooManyRedirects(REDIRECTS)))
    }

    /// Whether somebody takes a connection at `host:port`. Nothing is said there.
    ///
    /// # Errors
    /// If the rule forbids it, or nobody takes it within the limits.
    pub async fn reach(&self, address: &str) -> Result<(), OutgoingError> {
        let look = async {
            let (_, addresses) = self.judged(address).await?;
            connect::reach(&addresses).await.map_err(|failed| self.failed(address, failed))
        };
        self.in_time(address, look).await
    }

    /// What `host:port` shows as its certificate. `now` in seconds since 1970.
    ///
    /// # Errors
    /// If the rule forbids it, or nobody shows one within the limits.
    pub async fn certificate(
        &self,
        address: &str,
        authority: Authority,
        now: i64,
    ) -> Result<Certificate, OutgoingError> {
        let look = async {
            let (target, addresses) = self.judged(address).await?;
            let shown = connect::certificate(&addresses, &target, &self.trust, authority, now).await;
            shown.map_err(|failed| self.failed(address, failed))
        };
        self.in_time(address, look).await
    }

    /// `host:port` under the rule of URLs.
    async fn judged(&self, address: &str) -> Result<(Target, Vec<SocketAddr>), OutgoingError> {
        let target = Target::parse(&format!("https://{address}/"), &self.allowed);
        let target = target.map_err(|refusal| refused(address, refusal))?;
        let addresses = self.addresses(&target, address).await?;
        Ok((target, addresses))
    }

    fn target(&self, text: &str) -> Result<Target, OutgoingError> {
        Target::parse(text, &self.allowed).map_err(|refusal| refused(text, refusal))
    }

    async fn in_time<T>(
        &self,
        url: &str,
        work: impl Future<Output = Result<T, OutgoingError>>,
    ) -> Result<T, OutgoingError> {
        let slow = |_| OutgoingError::TooSlow(short(url), self.limits.time.as_secs());
        tokio::time::timeout(self.limits.time, work).await.map_err(slow)?
    }

    async fn once(&self, target: &Target, mut request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, OutgoingError> {
        let url = target.url.as_str();
        let addresses = self.addresses(target, url).await?;
        let agent = HeaderValue::from_static(concat!("muster/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().entry(header::USER_AGENT).or_insert(agent);
        let answer = connect::exchange(&addresses, target, request, &self.trust, self.limits.bytes).await;
        answer.map_err(|failed| self.failed(url, failed))
    }

    /// Looked at once: what was judged is what is connected to, whatever the name says a moment later. `called` is for messages.
    async fn addresses(&self, target: &Target, called: &str) -> Result<Vec<SocketAddr>, OutgoingError> {
        let addresses = match &target.host {
            Host::Domain(name) => {
                let found = self.resolver.resolve(name).await;
                found.map_err(|e| OutgoingError::Unreachable(short(called), e.to_string()))?
            }
            Host::Ipv4(address) => vec![(*address).into()],
            Host::Ipv6(address) => vec![(*address).into()],
        };
        target.admit(&addresses).map_err(|refusal| refused(called, refusal))
    }

    fn failed(&self, called: &str, failed: Failed) -> OutgoingError {
        let called = short(called);
        match failed {
            Failed::Unreachable(why) => OutgoingError::Unreachable(called, why),
            Failed::Lost(why) => OutgoingError::Lost(called, why),
            Failed::TooLarge => OutgoingError::TooLarge(called, self.limits.bytes),
        }
    }
}

fn leads_on(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn refused(url: &str, refusal: Refusal) -> OutgoingError {
    OutgoingError::Refused { url: short(url), refusal }
}

/// For a message: without a query, which may hold what is nobody's business.
fn short(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests;
