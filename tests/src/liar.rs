//! A provider that says whatever a test wants: its discovery is honest, its tokens are not. Beside the real one, which never lies.

use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use axum::{
    Json, Router,
    extract::State,
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// What it says until told otherwise.
#[derive(Clone, Default)]
struct Says {
    discovery: Value,
    token: Value,
    /// How often somebody asked for a token.
    asked: usize,
}

pub struct Liar {
    pub issuer: String,
    key: SigningKey,
    says: Arc<Mutex<Says>>,
    _stop: DropGuard,
}

impl Liar {
    /// # Errors
    /// If there is no port.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let key = SigningKey::from_bytes(&[7; 32]);
        let keys = json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "one",
            "x": URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes()),
        }]});
        let says = Arc::new(Mutex::new(Says {
            discovery: json!({
                "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"),
                "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/jwks"),
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
            }),
            ..Says::default()
        }));
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(async move || Json(keys)))
            .route("/token", post(token))
            .with_state(says.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(async move { axum::serve(listener, app).with_graceful_shutdown(stopped).await });
        Ok(Self { issuer, key, says, _stop: stop.drop_guard() })
    }

    /// Claims that an honest provider would make for this nonce.
    #[must_use]
    pub fn claims(&self, nonce: &str) -> Value {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |t| t.as_secs());
        json!({
            "iss": self.issuer, "sub": "eve", "aud": "muster", "iat": now, "exp": now + 300, "nonce": nonce,
            "email": "eve@idp.invalid", "name": "Eve", "groups": ["ops"],
        })
    }

    /// Signed with the key that it publishes.
    #[must_use]
    pub fn signed(&self, claims: &Value) -> String {
        self.signed_by(&self.key, &json!({"alg": "EdDSA", "kid": "one"}), claims)
    }

    #[must_use]
    pub fn signed_by(&self, key: &SigningKey, head: &Value, claims: &Value) -> String {
        let text = format!("{}.{}", part(head), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes()).to_bytes());
        format!("{text}.{signature}")
    }

    /// The next answer to whoever brings a code.
    pub fn will_give(&self, token: Value) {
        self.tell(|says| says.token = token);
    }

    /// Changes what it says about itself.
    pub fn describe(&self, key: &str, value: Value) {
        self.tell(|says| says.discovery[key] = value);
    }

    #[must_use]
    pub fn asked_for_tokens(&self) -> usize {
        self.says.lock().map_or(0, |says| says.asked)
    }

    fn tell(&self, change: impl FnOnce(&mut Says)) {
        if let Ok(mut says) = self.says.lock() {
            change(&mut says);
        }
    }
}

/// One part of a token.
#[must_use]
pub fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What an address asks for under this name.
///
/// # Errors
/// If it does not.
pub fn parameter(address: &str, name: &str) -> Result<String> {
    let url = reqwest::Url::parse(address)?;
    let found = url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    found.with_context(|| format!("{address} has no {name}"))
}

async fn discovery(State(says): State<Arc<Mutex<Says>>>) -> Json<Value> {
    Json(says.lock().map(|says| says.discovery.clone()).unwrap_or_default())
}

async fn token(State(says): State<Arc<Mutex<Says>>>) -> Json<Value> {
    Json(says.lock().map(|mut says| (says.asked += 1, says.token.clone()).1).unwrap_or_default())
}
