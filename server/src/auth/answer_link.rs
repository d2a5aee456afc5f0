//! The token in the link by which somebody who is called answers without signing in: it names one call, sealed with the install's
//! key, and opens nothing else. Nothing of it is kept.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use store::seal::{Key, SealError};
use uuid::Uuid;

const PURPOSE: &str = "answer to a call";

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A call for an incident.
    Page(Uuid),
    /// A call of a contact-tree drill.
    Drill(Uuid),
}

/// # Errors
/// If the machine gives no randomness.
pub(crate) fn token(key: &Key, asked: Asked) -> Result<String, SealError> {
    let (kind, id) = match asked {
        Asked::Page(id) => (b'p', id),
        Asked::Drill(id) => (b'd', id),
    };
    let plain = [&[kind][..], id.as_bytes()].concat();
    Ok(URL_SAFE_NO_PAD.encode(key.seal(PURPOSE, &plain)?))
}

/// `None` for everything that this install has not made.
pub(crate) fn read(key: &Key, token: &str) -> Option<Asked> {
    let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
    let plain = key.open(PURPOSE, &sealed).ok()?;
    let (kind, id) = plain.split_first()?;
    let id = Uuid::from_slice(id).ok()?;
    match kind {
        b'p' => Some(Asked::Page(id)),
        b'd' => Some(Asked::Drill(id)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_one_call_and_cannot_be_made_up() {
        let directory = std::env::temp_dir().join(format!("muster-answer-{}", std::process::id()));
        let key = Key::load_or_create(&directory.join("a")).unwrap();
        let other = Key::load_or_create(&directory.join("b")).unwrap();
        for asked in [Asked::Page(Uuid::now_v7()), Asked::Drill(Uuid::now_v7())] {
            let made = token(&key, asked).unwrap();
            assert_eq!(read(&key, &made), Some(asked));
            assert_eq!(read(&other, &made), None, "another install's");
            let mut changed = made.clone().into_bytes();
            let last = changed.len() - 3;
            changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
            assert_eq!(read(&key, &String::from_utf8(changed).unwrap()), None);
            let elsewhere = URL_SAFE_NO_PAD.encode(key.seal("way 1", &[b'p'; 17]).unwrap());
            assert_eq!(read(&key, &elsewhere), None, "sealed for something else");
        }
        for made_up in ["", "p", "äöü", &"A".repeat(400)] {
            assert_eq!(read(&key, made_up), None, "{made_up}");
        }
        std::fs::remove_dir_all(directory).unwrap();
    }
}
