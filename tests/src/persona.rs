//! A person as a client: signed in with a cookie of their own, speaking the typed API. Also the stranger who is not signed in.

use anyhow::{Context as _, Result};
use reqwest::{StatusCode, header};
use serde_json::Value;
use shared::{
    api::{
        client::{CallError, Client, Method, Request, Response, Transport},
        session::{Me, ProofIn, SignIn},
    },
    ids::UserId,
};

use crate::described::assert_described;

/// HTTP to one server, with a cookie jar of its own and the headers a browser on Muster's own page would send.
#[derive(Clone)]
pub struct Http {
    pub base: String,
    pub client: reqwest::Client,
}

impl Http {
    /// # Errors
    /// If the HTTP client cannot be built.
    pub fn new(base: &str) -> Result<Self> {
        let client =
            reqwest::Client::builder().cookie_store(true).redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { base: base.to_owned(), client })
    }

    /// A script with a token.
    ///
    /// # Errors
    /// If the HTTP client cannot be built.
    pub fn with_token(base: &str, token: &str) -> Result<Self> {
        let value = header::HeaderValue::from_str(&format!("Bearer {token}"))?;
        let headers = [(header::AUTHORIZATION, value)].into_iter().collect();
        Ok(Self { base: base.to_owned(), client: reqwest::Client::builder().default_headers(headers).build()? })
    }

    /// A request as a script would write it.
    ///
    /// # Errors
    /// If no answer came.
    pub async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<reqwest::Response> {
        let mut request = self
            .client
            .request(method.parse().context("method")?, format!("{}{path}", self.base))
            .header(header::ORIGIN, &self.base);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        assert_described(method, path, response.status().as_u16(), None);
        Ok(response)
    }

    /// A request as a script would write it: status and body.
    ///
    /// # Errors
    /// If no answer came.
    pub async fn raw(&self, method: &str, path: &str, body: Option<Value>) -> Result<(StatusCode, Value)> {
        let response = self.ask(method, path, body.as_ref()).await?;
        let status = response.status();
        let text = response.text().await?;
        assert_described(method, path, status.as_u16(), Some(&text));
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// Status and text of a page.
    ///
    /// # Errors
    /// If no answer came.
    pub async fn page(&self, path: &str) -> Result<(StatusCode, String)> {
        let response = self.client.get(format!("{}{path}", self.base)).send().await?;
        Ok((response.status(), response.text().await?))
    }
}

impl Transport for Http {
    async fn send(&self, request: Request) -> Result<Response, String> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut built = self
            .client
            .request(method.clone(), format!("{}{}", self.base, request.path))
            .header(header::ORIGIN, &self.base);
        if let Some(body) = request.body {
            built = built.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        if let Some(key) = request.idempotency_key {
            built = built.header("idempotency-key", key);
        }
        let response = built.send().await.map_err(|e| e.to_string())?;
        let status = response.status().as_u16();
        let body = response.text().await.map_err(|e| e.to_string())?;
        assert_described(method.as_str(), &request.path, status, Some(&body));
        Ok(Response { status, body })
    }
}

/// Somebody signed in.
pub struct Persona {
    pub id: UserId,
    pub email: String,
    pub password: String,
    pub http: Http,
    pub api: Client<Http>,
    pub me: Me,
}

impl Persona {
    /// # Errors
    /// If the sign-in is refused.
    pub async fn sign_in(base: &str, email: &str, password: &str) -> Result<Self> {
        let http = Http::new(base)?;
        let api = Client::new(http.clone());
        let me = api.sign_in(&SignIn { email: email.to_owned(), password: password.to_owned() }).await?;
        Ok(Self { id: me.id, email: email.to_owned(), password: password.to_owned(), http, api, me })
    }

    /// Shows anew, by the password, that it is they.
    ///
    /// # Errors
    /// If it is refused.
    pub async fn prove(&self) -> Result<(), CallError> {
        self.api.prove(&ProofIn::Password { password: self.password.clone() }).await
    }
}
