//! The browser's fetch as a `Transport` for the typed client. Knows no route; tells the session when a sign-in has ended.

use std::cell::RefCell;

use shared::api::client::{Client, Request, Response, Transport};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::components::time;

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
        let about_session = request.path == "/api/v1/session";
        let answer = fetch(&request).await.map_err(|_| "no connection to the server".to_owned())?;
        if answer.status == 401 && !about_session {
            signal_signed_out();
        }
        Ok(answer)
    }
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
