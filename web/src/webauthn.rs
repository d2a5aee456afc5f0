//! The browser's own dialogs for passkeys: JSON in, JSON out. What is in them is between server and device.

use js_sys::{Function, JSON, Object, Promise, Reflect};
use leptos::prelude::window;
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Whether this browser can do it at all.
pub(crate) fn can() -> bool {
    class().is_some_and(|class| {
        Reflect::has(&class, &"parseCreationOptionsFromJSON".into()).unwrap_or(false)
            && Reflect::has(&class, &"parseRequestOptionsFromJSON".into()).unwrap_or(false)
    })
}

/// Makes a passkey for this account.
///
/// # Errors
/// A sentence, if the person or the device did not.
pub(crate) async fn create(asked: &Value) -> Result<Value, String> {
    ask("create", "parseCreationOptionsFromJSON", asked).await
}

/// Shows a passkey.
///
/// # Errors
/// A sentence, if the person or the device did not.
pub(crate) async fn get(asked: &Value) -> Result<Value, String> {
    ask("get", "parseRequestOptionsFromJSON", asked).await
}

fn class() -> Option<JsValue> {
    Reflect::get(&window(), &"PublicKeyCredential".into()).ok().filter(|class| !class.is_undefined())
}

async fn ask(method: &str, parser: &str, asked: &Value) -> Result<Value, String> {
    let shown = tried(method, parser, asked).await.map_err(|error| {
        let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
        match name.as_deref() {
            Some("NotAllowedError" | "AbortError") => {
                "No passkey was shown: it was cancelled, or took too long.".into()
            }
            Some("InvalidStateError") => "This device has a passkey for this account already.".into(),
            _ => format!("The browser could not use a passkey ({}).", name.unwrap_or_else(|| "unknown".into())),
        }
    })?;
    serde_json::from_str(&shown).map_err(|e| format!("The browser's answer cannot be read: {e}."))
}

async fn tried(method: &str, parser: &str, asked: &Value) -> Result<String, JsValue> {
    let class = class().ok_or_else(|| JsValue::from_str("unsupported"))?;
    let options = JSON::parse(&asked["publicKey"].to_string())?;
    let parse: Function = Reflect::get(&class, &parser.into())?.dyn_into()?;
    let options = parse.call1(&class, &options)?;
    let argument = Object::new();
    Reflect::set(&argument, &"publicKey".into(), &options)?;
    let credentials = Reflect::get(&window().navigator(), &"credentials".into())?;
    let call: Function = Reflect::get(&credentials, &method.into())?.dyn_into()?;
    let promise: Promise = call.call1(&credentials, &argument)?.dyn_into()?;
    let credential = JsFuture::from(promise).await?;
    let to_json: Function = Reflect::get(&credential, &"toJSON".into())?.dyn_into()?;
    Ok(JSON::stringify(&to_json.call0(&credential)?)?.into())
}
