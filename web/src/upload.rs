//! One file on its way to the server, with how far it is and a way to stop it. `fetch` cannot say how far it is; so this is the older
//! request. Shows nothing.

use std::{cell::RefCell, rc::Rc};

use shared::api::{client::CallError, error::ErrorBody, incident::IncidentView};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, File, ProgressEvent, XmlHttpRequest};

use crate::transport::signal_signed_out;

type Done = Box<dyn FnOnce(Result<IncidentView, CallError>)>;

fn nowhere() -> CallError {
    CallError::Unreachable("no connection to the server".into())
}

/// Sends the file; `done` is called once, unless the request is aborted.
///
/// # Errors
/// If the browser cannot begin.
pub(crate) fn send(
    address: &str,
    key: &str,
    file: &File,
    so_far: impl Fn(f64) + 'static,
    done: impl FnOnce(Result<IncidentView, CallError>) + 'static,
) -> Result<XmlHttpRequest, CallError> {
    let failed = |_| CallError::Device("The browser cannot send this file.".into());
    let request = XmlHttpRequest::new().map_err(failed)?;
    request.open("POST", address).map_err(failed)?;
    request.set_request_header("content-type", "application/octet-stream").map_err(failed)?;
    request.set_request_header("accept", "application/json").map_err(failed)?;
    request.set_request_header("idempotency-key", key).map_err(failed)?;
    let progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
        if event.length_computable() && event.total() > 0.0 {
            so_far(event.loaded() / event.total());
        }
    });
    if let Ok(upload) = request.upload() {
        upload.set_onprogress(Some(progress.into_js_value().unchecked_ref()));
    }
    let done: Rc<RefCell<Option<Done>>> = Rc::new(RefCell::new(Some(Box::new(done))));
    let (answered, heard) = (done.clone(), request.clone());
    let loaded = Closure::<dyn Fn(Event)>::new(move |_| finish(&answered, answer(&heard)));
    request.set_onload(Some(loaded.into_js_value().unchecked_ref()));
    let lost = Closure::<dyn Fn(Event)>::new(move |_| finish(&done, Err(nowhere())));
    request.set_onerror(Some(lost.into_js_value().unchecked_ref()));
    request.send_with_opt_blob(Some(file)).map_err(failed)?;
    Ok(request)
}

fn finish(done: &RefCell<Option<Done>>, answer: Result<IncidentView, CallError>) {
    let done = done.borrow_mut().take();
    if let Some(done) = done {
        done(answer);
    }
}

fn answer(request: &XmlHttpRequest) -> Result<IncidentView, CallError> {
    let status = request.status().map_err(|_| nowhere())?;
    let text = request.response_text().ok().flatten().unwrap_or_default();
    if (200..300).contains(&status) {
        return serde_json::from_str(&text).map_err(|e| CallError::Garbled(e.to_string()));
    }
    if status == 401 {
        signal_signed_out();
    }
    match serde_json::from_str::<ErrorBody>(&text) {
        Ok(body) => Err(CallError::Refused(body.error)),
        Err(_) => Err(CallError::Garbled(format!("status {status}"))),
    }
}
