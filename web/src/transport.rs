//! The browser's fetch as a `Transport` for the typed client. Knows no route; tells the session when a sign-in has ended.

use std::cell::RefCell;

use shared::api::{
    client::{Client, Request, Response, Transport},
    error::{ErrorBody, ErrorCode},
    session::{ProofWanted, ProofWay},
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::{components::time, proof};

/// Same-origin requests with the session's cookie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Browser;

/// The typed client every page speaks through.
pub(crate) fn api() -> Client<Browser> {
    Client::new(Browser)
}

thread_local! {
    static ON_SIGNED_OUT: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

/// Called whenever the server answers that nobody is signed in (except to signing in itself).
pub(crate) fn on_signed_out(callback: impl Fn() + 'static) {
    ON_SIGNED_OUT.with(|slot| *slot.borrow_mut() = Some(Box::new(callback)));
}

/// Somebody found out that the sign-in has ended.
pub(crate) fn signal_signed_out() {
    ON_SIGNED_OUT.with(|slot| slot.borrow().iter().for_each(|callback| callback()));
}

impl Transport for Browser {
    async fn send(&self, request: Request) -> Result<Response, String> {
        // There a refusal is about what was shown, not about the session.
        let about_session = request.path.starts_with("/api/v1/session") || request.path.starts_with("/api/v1/links");
        let mut answer = reach(&request).await?;
        if let Some((why, ways)) = proof_wanted(&answer)
            && proof::shown(why, ways).await
        {
            answer = reach(&request).await?;
        }
        if answer.status == 401 && !about_session {
            signal_signed_out();
        }
        Ok(answer)
    }
}

async fn reach(request: &Request) -> Result<Response, String> {
    fetch(request).await.map_err(|_| "no connection to the server".to_owned())
}

/// What the server wants to be shown before it does this, and why.
fn proof_wanted(answer: &Response) -> Option<(String, Vec<ProofWay>)> {
    if answer.status != 403 {
        return None;
    }
    let view = serde_json::from_str::<ErrorBody>(&answer.body).ok()?.error;
    let wanted: ProofWanted = serde_json::from_value(view.details?).ok()?;
    (view.code == ErrorCode::ProofNeeded).then_some((view.message, wanted.ways))
}

async fn fetch(request: &Request) -> Result<Response, JsValue> {
    let init = web_sys::RequestInit::new();
    init.set_method(request.method.name());
    init.set_credentials(web_sys::RequestCredentials::SameOrigin);
    let headers = web_sys::Headers::new()?;
    headers.set("accept", "application/json")?;
    if let Some(body) = &request.body {
        headers.set("content-type", "application/json")?;
        init.set_body(&JsValue::from_str(body));
    }
    if let Some(key) = &request.idempotency_key {
        headers.set("idempotency-key", key)?;
    }
    init.set_headers(&headers);
    let request = web_sys::Request::new_with_str_and_init(&request.path, &init)?;
    let answer = JsFuture::from(leptos::prelude::window().fetch_with_request(&request)).await?;
    let answer: web_sys::Response = answer.dyn_into()?;
    if let Ok(Some(date)) = answer.headers().get("date") {
        time::sync(&date);
    }
    let body = JsFuture::from(answer.text()?).await?;
    Ok(Response { status: answer.status(), body: body.as_string().unwrap_or_default() })
}

/// A key for one form: however often its button is pressed, there is one effect.
pub(crate) fn fresh_key() -> String {
    uuid::Uuid::now_v7().to_string()
}
