//! The internet-facing server: `AppState` and `build` wire it for `main` and for tests alike. Never names Docker, SQL or the effect
//! of a step.

mod answer;
pub mod app;
pub mod assets;
pub mod auth;
mod background;
pub mod backup;
pub mod config;
pub mod documents;
pub mod error;
mod extract;
mod headers;
pub mod heads;
mod ical;
mod listen;
pub mod live;
pub mod openapi;
pub mod outbox;
pub mod public;
pub mod restore;
pub mod router;
mod routes;
mod shell;
pub mod telemetry;

use std::{future::Future, ops::Deref, path::PathBuf, sync::Arc, time::Duration};

use outgoing::{Outgoing, rule::Allowed};
use store::{Store, seal::Key};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use router::build;

use crate::{
    app::plan::Plans,
    assets::Assets,
    auth::{
        oidc::{provider::Provider, settings::OidcSettings},
        passkeys::Passkeys,
        password::Passwords,
        throttle::Throttle,
    },
    config::PublicUrl,
    heads::{HeadKeeper, Keeping},
    live::Hub,
    outbox::{handed_on::HandOn, mail::MailSettings},
    public::{PublicPages, copy::bucket::BucketSettings},
};

/// How long requests and streams may take to end once the server is told to stop.
const PATIENCE: Duration = Duration::from_secs(10);
const MINUTES_5: Duration = Duration::from_secs(300);
const HOUR: Duration = Duration::from_secs(3600);

/// What a running server must be told.
#[derive(Clone, Debug)]
pub struct Settings {
    pub public_url: PublicUrl,
    pub assets_dir: PathBuf,
    /// Whose word about where a request came from is taken.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// People may come in by it, too.
    pub oidc: Option<OidcSettings>,
    /// Hosts inside that the server may ask.
    pub outgoing: Allowed,
    /// Unset: e-mail is kept and shown, and not sent.
    pub mail: Option<MailSettings>,
    /// Where copies of the public site are kept.
    pub status_copy: Option<PathBuf>,
    pub status_bucket: Option<BucketSettings>,
    /// Where texts to hand on are sent.
    pub hand_on: Option<HandOn>,
    /// Where the key lies that seals secrets: an audit looks who can read it.
    pub secrets_key_file: Option<PathBuf>,
}

impl Settings {
    /// Nothing beyond what must be said.
    #[must_use]
    pub fn new(public_url: PublicUrl, assets_dir: PathBuf) -> Self {
        Self {
            public_url,
            assets_dir,
            trusted_proxies: vec![],
            oidc: None,
            outgoing: Allowed::default(),
            mail: None,
            status_copy: None,
            status_bucket: None,
            hand_on: None,
            secrets_key_file: None,
        }
    }
}

/// Limits on attempts, by what they are counted for.
#[derive(Debug)]
pub struct Throttles {
    /// Sign-ins for one account.
    pub account: Throttle,
    /// Sign-ins from one address; more than for an account, since an office shares an address.
    pub address: Throttle,
    /// Challenges for passkeys asked for from one address by nobody yet known: each is kept in a session.
    pub challenges: Throttle,
    /// Tokens from one address that did not let in.
    pub token: Throttle,
    /// Ways to be reached that one person adds: each is written to.
    pub ways: Throttle,
    /// Messages of one source of alerts.
    pub intake: Throttle,
    /// Audit entries about unknown people at one address.
    pub unknown: Throttle,
    /// Requests for updates from one address of the network.
    pub subscribe: Throttle,
    /// Requests for updates to one address of mail.
    pub subscribed: Throttle,
}

/// Everything a request can reach.
#[derive(Debug)]
pub struct Parts {
    pub settings: Settings,
    pub store: Store,
    pub plans: Plans,
    pub hub: Hub,
    pub public: Arc<PublicPages>,
    pub assets: Assets,
    pub heads: Arc<HeadKeeper>,
    pub passwords: Passwords,
    pub provider: Option<Provider>,
    /// The way out for messages.
    pub messages: Outgoing,
    pub passkeys: Passkeys,
    /// Seals what the database may hold only unreadable.
    pub key: Key,
    pub throttles: Throttles,
    /// Cancelled when the server begins to stop: streams end on it.
    pub stop: CancellationToken,
}

/// [`Parts`], shared by all requests.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Parts>);

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl AppState {
    #[must_use]
    pub fn new(store: Store, settings: Settings, heads: Keeping, key: Key) -> Self {
        let assets = Assets::new(settings.assets_dir.clone());
        let script = assets.manifest().ok().and_then(|m| m.r#static.get("status.js").map(|name| assets::address(name)));
        let provider = settings.oidc.clone().map(|oidc| {
            // The operator has named the issuer; what it names in turn must be allowed by itself.
            let outgoing = Outgoing::new(settings.outgoing.clone().and(&oidc.issuer));
            Provider::new(oidc, &settings.public_url, outgoing)
        });
        Self(Arc::new(Parts {
            provider,
            messages: Outgoing::new(settings.outgoing.clone()),
            plans: Plans::new(store.clone()),
            hub: Hub::default(),
            public: Arc::new(
                PublicPages::new(script, settings.public_url.origin()).with_subscription(settings.mail.is_some()),
            ),
            assets,
            passwords: Passwords::default(),
            passkeys: Passkeys::at(&settings.public_url),
            key,
            throttles: Throttles {
                account: Throttle::new(10, MINUTES_5),
                address: Throttle::new(50, MINUTES_5),
                challenges: Throttle::new(60, MINUTES_5),
                token: Throttle::new(50, MINUTES_5),
                ways: Throttle::new(10, MINUTES_5),
                // Well above the storm that must be survived: 10,000 in a minute.
                intake: Throttle::new(60_000, MINUTES_5),
                unknown: Throttle::new(60, MINUTES_5),
                subscribe: Throttle::new(30, HOUR),
                subscribed: Throttle::new(3, HOUR),
            },
            stop: CancellationToken::new(),
            heads: Arc::new(HeadKeeper::new(heads)),
            settings,
            store,
        }))
    }
}

/// Serves until `shutdown` ends, then lets requests end. What runs in the background runs with it and ends with it.
pub async fn serve(listener: TcpListener, state: AppState, shutdown: impl Future<Output = ()> + Send + 'static) {
    let mut background = background::spawn(&state);
    let app = build(state.clone());
    let stopping = state.clone();
    let stop = async move {
        shutdown.await;
        stopping.stop.cancel();
        stopping.public.close();
    };
    let out_of_patience = async {
        state.stop.cancelled().await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        () = listen::serve(listener, app, stop) => {}
        () = out_of_patience => tracing::warn!("some requests did not end in time and were cut off"),
    }
    background.shutdown().await;
}
