//! Unsaved text in the browser's memory, so that a crash loses nothing. Whose text it is stands with it; what the text means is not known here.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// Another person at this browser must not see it.
    pub(crate) user: String,
    /// The version it was made from.
    pub(crate) base: i32,
    pub(crate) text: String,
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

/// What this person left under `key`.
pub(crate) fn read(key: &str, user: &str) -> Option<Draft> {
    let json = storage()?.get_item(key).ok()??;
    serde_json::from_str(&json).ok().filter(|draft: &Draft| draft.user == user)
}

pub(crate) fn write(key: &str, draft: &Draft) {
    if let (Some(storage), Ok(json)) = (storage(), serde_json::to_string(draft)) {
        // A full or forbidden storage loses only this second safety: the text is still on the page.
        let _ = storage.set_item(key, &json);
    }
}

pub(crate) fn forget(key: &str) {
    if let Some(storage) = storage() {
        // A draft that cannot be removed is compared with the server's text when it is read again.
        let _ = storage.remove_item(key);
    }
}
