//! `chain …`: looking into chain files, cutting and exporting them. The laws themselves are in chain.rs.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;

use super::{Answer, Cut, Export, Fork, Signed, Unsigned, complain, print};
use crate::block::Head;
use crate::chain::Chain;
use crate::keyfiles;
use crate::keys::Keyring;
use crate::scan::{self, Bad, Found};
use crate::stakes::Stakes;
use crate::storage;

/// A chain file as it was at one moment.
struct Look {
    path: PathBuf,
    bytes: Vec<u8>,
    chain: Option<Chain>,
    found: Found,
}

impl Look {
    /// The file's own genesis block says which network it is of.
    fn at(directory: &Path, keys: Option<Keyring>) -> Result<Self, String> {
        let path = directory.join(storage::FILE);
        let bytes = fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let first = bytes.split_inclusive(|byte| *byte == b'\n').next().filter(|line| line.ends_with(b"\n"));
        let stakes = first.map(|line| Stakes::parse(&scan::block(line)?.payload));
        let (chain, found) = match stakes {
            None => (None, Found { torn: bytes.len() as u64, ..Found::default() }),
            Some(Err(reason)) => {
                let first_bad = Some(Bad { height: 0, line: 1, byte: 0, reason });
                (None, Found { first_bad, ..Found::default() })
            }
            Some(Ok(stakes)) => {
                let mut chain = Chain::new(stakes, keys);
                let found = scan::read(&*bytes, &mut chain).map_err(|error| error.to_string())?;
                ((!found.ends.is_empty()).then_some(chain), found)
            }
        };
        Ok(Look { path, bytes, chain, found })
    }

    fn head(&self) -> Option<Head> {
        self.chain.as_ref().map(Chain::head)
    }

    fn is_sound(&self) -> bool {
        self.found.first_bad.is_none()
    }

    /// Where the line of this height ends.
    fn end(&self, height: u64) -> Option<u64> {
        self.found.ends.get(usize::try_from(height).ok()?).copied()
    }

    fn in_words(&self) -> String {
        let sound = match self.head() {
            Some(head) => format!("sound up to height {} ({})", head.height, head.hash),
            None => "no sound block".to_owned(),
        };
        let torn = match self.found.torn {
            0 => String::new(),
            torn => format!("; the last line was cut off after {torn} bytes, which the node drops when it starts"),
        };
        match &self.found.first_bad {
            None => format!("{}: {sound}{torn}", self.path.display()),
            Some(Bad { height, line, byte, reason }) => {
                let path = self.path.display();
                format!("{path}: {sound}; DAMAGED at height {height}, line {line}, byte {byte}: {reason}")
            }
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    sound: bool,
    height: Option<u64>,
    head: Option<crate::block::Hash>,
    /// Sound blocks, the genesis block among them.
    blocks: usize,
    torn_bytes: u64,
    first_bad: Option<&'a Bad>,
}

fn report(look: &Look) -> Report<'_> {
    Report {
        sound: look.is_sound(),
        height: look.head().map(|head| head.height),
        head: look.head().map(|head| head.hash),
        blocks: look.found.ends.len(),
        torn_bytes: look.found.torn,
        first_bad: look.found.first_bad.as_ref(),
    }
}

fn fine_if(fine: bool) -> Answer {
    if fine { Answer::Fine } else { Answer::NotFine }
}

pub(super) fn verify(wanted: &Signed) -> Result<Answer, String> {
    let look = Look::at(&wanted.data, Some(keyfiles::keyring(&wanted.validators)?))?;
    print(wanted.json, &report(&look), &look.in_words())?;
    Ok(fine_if(look.is_sound()))
}

pub(super) fn head(wanted: &Unsigned) -> Result<Answer, String> {
    let look = Look::at(&wanted.data, None)?;
    print(wanted.json, &report(&look), &look.in_words())?;
    Ok(fine_if(look.is_sound()))
}

pub(super) fn fork(wanted: &Fork) -> Result<Answer, String> {
    let (one, other) = (Look::at(&wanted.data, None)?, Look::at(&wanted.other, None)?);
    let common = common(&one, &other);
    let above = |look: &Look| match (look.head(), common) {
        (Some(head), Some(common)) => head.height - common.height,
        _ => look.found.ends.len() as u64,
    };
    let sides = [above(&one), above(&other)];
    let parts = sides[0] > 0 && sides[1] > 0;
    let side = |look: &Look, above: u64| json!({"head": look.head(), "above": above, "sound": look.is_sound()});
    let document = json!({
        "common": common, "forked": parts, "data": side(&one, sides[0]), "other": side(&other, sides[1]),
    });
    let place = common.map_or("no common block".to_owned(), |head| format!("last common height {}", head.height));
    let text =
        format!("{place}; {} and {} blocks above it\n{}\n{}", sides[0], sides[1], one.in_words(), other.in_words());
    print(wanted.json, &document, &text)?;
    Ok(fine_if(!parts))
}

fn common(one: &Look, other: &Look) -> Option<Head> {
    let (one, other) = (one.chain.as_ref()?, other.chain.as_ref()?);
    one.downwards().map(|block| block.head()).find(|head| other.holds(head))
}

pub(super) fn cut(wanted: &Cut) -> Result<Answer, String> {
    let path = wanted.data.join(storage::FILE);
    let file = File::open(&path).map_err(|error| format!("cannot open {}: {error}", path.display()))?;
    storage::lock(&file, &path).map_err(|error| error.to_string())?;
    let look = Look::at(&wanted.data, None)?;
    let Some(head) = look.head() else {
        complain(&format!("{}. Nothing was changed", look.in_words()));
        return Ok(Answer::NotFine);
    };
    let keep = wanted.above;
    let document =
        |dropped: u64, height: u64, copy: Option<&Path>| json!({"dropped": dropped, "height": height, "copy": copy});
    let Some(end) = look.end(keep) else {
        if look.is_sound() {
            let text = format!("{}: there is nothing above height {keep}; nothing was changed", path.display());
            print(wanted.json, &document(0, head.height, None), &text)?;
            return Ok(Answer::Fine);
        }
        complain(&format!("{}. Nothing was changed: cut at height {} or below", look.in_words(), head.height));
        return Ok(Answer::NotFine);
    };
    let end = usize::try_from(end).map_err(|error| error.to_string())?;
    if end == look.bytes.len() {
        let text = format!("{}: there is nothing above height {keep}; nothing was changed", path.display());
        print(wanted.json, &document(0, keep, None), &text)?;
        return Ok(Answer::Fine);
    }
    let copy = path.with_file_name(format!("{}.before-cut-{}", storage::FILE, stamp()?));
    let dropped = look.bytes[end..].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count() as u64;
    let write = || -> std::io::Result<()> {
        let mut kept = File::create_new(&copy)?;
        kept.write_all(&look.bytes)?;
        kept.sync_all()?;
        let aside = path.with_extension("new");
        let mut new = File::create(&aside)?;
        new.write_all(&look.bytes[..end])?;
        new.sync_all()?;
        fs::rename(&aside, &path)?;
        File::open(&wanted.data)?.sync_all()
    };
    write().map_err(|error| format!("{} could not be cut: {error}", path.display()))?;
    let text =
        format!("{}: {dropped} blocks above height {keep} dropped; as it was: {}", path.display(), copy.display());
    print(wanted.json, &document(dropped, keep, Some(&copy)), &text)?;
    Ok(Answer::Fine)
}

fn stamp() -> Result<String, String> {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    OffsetDateTime::now_utc().format(&format).map_err(|error| error.to_string())
}

pub(super) fn export(wanted: &Export) -> Result<Answer, String> {
    let look = Look::at(&wanted.data, Some(keyfiles::keyring(&wanted.validators)?))?;
    let head = look.head().map_or(0, |head| head.height);
    let height = wanted.to_height.map_or(head, |height| height.min(head));
    let end = usize::try_from(look.end(height).unwrap_or(0)).map_err(|error| error.to_string())?;
    let mut out = std::io::stdout().lock();
    out.write_all(&look.bytes[..end])
        .and_then(|()| out.flush())
        .map_err(|error| format!("the chain was not written whole: {error}"))?;
    let is_whole = look.is_sound() || wanted.to_height.is_some_and(|wanted| wanted == height);
    if !is_whole {
        complain(&look.in_words());
    }
    Ok(fine_if(is_whole))
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
