//! `network new` and `key new`: answers about files that keyfiles.rs writes.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Answer, KeyNew, NetworkNew, print};
use crate::keyfiles;
use crate::stakes::Stakes;

pub(super) fn network_new(wanted: &NetworkNew) -> Result<Answer, String> {
    let stakes = Stakes::parse(&wanted.validators).map_err(|reason| format!("--validators is wrong: {reason}"))?;
    let ring = keyfiles::network_new(&wanted.dir, &stakes)?;
    let keys: BTreeMap<&str, String> =
        ring.names().filter_map(|name| Some((name, ring.at(name, 1)?.to_string()))).collect();
    let text: Vec<String> = keys.iter().map(|(name, key)| format!("{name} signs with {key}")).collect();
    let text = format!("{}\nmade the keys of a network in {}", text.join("\n"), wanted.dir.display());
    print(wanted.json, &json!({"dir": wanted.dir, "stakes": stakes.canonical(), "public_keys": keys}), &text)?;
    Ok(Answer::Fine)
}

pub(super) fn key_new(wanted: &KeyNew) -> Result<Answer, String> {
    let KeyNew { dir, validator, from_height, json } = wanted;
    let rotated = keyfiles::key_new(dir, validator, *from_height)?;
    let (current, previous) = (rotated.current, rotated.previous);
    let mut text = format!("{validator} signs with {current} from height {from_height} on");
    if let Some(previous) = previous {
        text.push_str(&format!("; before that with {previous}"));
    }
    let document = json!({
        "validator": validator, "from_height": from_height, "public_key": current, "previous_public_key": previous,
    });
    print(*json, &document, &text)?;
    Ok(Answer::Fine)
}
