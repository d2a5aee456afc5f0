//! A few seconds of what `cargo xtask fuzz` does for longer: damaged pieces of the corpus into everything that reads what others wrote.
//! Seeded, so a failure can be had again: MUSTER_FUZZ_SEED. Needs nothing but stable Rust; is not guided by coverage.

use std::{
    panic::catch_unwind,
    time::{Duration, Instant},
};

use outgoing::rule;
use tests::testnet::root;

#[path = "../../fuzz/bodies.rs"]
mod bodies;

const SECONDS_EACH: f64 = 2.5;

/// What readers of such things stumble over.
const SHARDS: [&[u8]; 34] = [
    b"<",
    b">",
    b"\"",
    b"'",
    b"&#",
    b"&amp;",
    b"](",
    b"[x](java\tscript:",
    b"![",
    b"`",
    b"```",
    b"|-|\n",
    b"\n\n",
    b"\r",
    b"\0",
    b"\x1b[",
    b"\x1b]8;;",
    b"\x07",
    b"%00",
    b"%u0000",
    b"=",
    b";",
    b"=;",
    b"\xff\xfe",
    "\u{202e}".as_bytes(),
    "İ".as_bytes(),
    b"file://",
    b"http://[",
    b"@",
    b"\\",
    b"{\"entry\":\"",
    b"\\u0000",
    b"99999999999999999999",
    b"$(",
];

/// A small generator of our own: the number of a failure repeats it.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n.max(1) as u64).unwrap_or(0)
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = std::fs::read_dir(root().join("fuzz/corpus").join(target))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 3, "the corpus of {target} is empty");
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn damaged(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut text = corpus[dice.below(corpus.len())].clone();
    if dice.below(3) == 0 && text.len() > 40 {
        let from = dice.below(text.len());
        let to = (from + 20 + dice.below(900)).min(text.len());
        text = text[from..to].to_vec();
    }
    for _ in 0..dice.below(8) {
        let at = dice.below(text.len() + 1);
        let end = (at + dice.below(60)).min(text.len());
        match dice.below(6) {
            0 | 1 => drop(text.splice(at..at, SHARDS[dice.below(SHARDS.len())].iter().copied())),
            2 => drop(text.drain(at..end)),
            3 => {
                let piece = text[at..end].to_vec();
                let to = dice.below(text.len() + 1);
                drop(text.splice(to..to, piece));
            }
            4 => {
                let other = &corpus[dice.below(corpus.len())];
                let from = dice.below(other.len() + 1);
                let to = (from + dice.below(200)).min(other.len());
                drop(text.splice(at..at, other[from..to].iter().copied()));
            }
            _ if at < text.len() => text[at] = u8::try_from(dice.below(256)).unwrap_or(0),
            _ => {}
        }
    }
    text.truncate(20_000);
    text
}

fn fuzz(target: &str) {
    let (_, body) = bodies::TARGETS.into_iter().find(|(name, _)| *name == target).unwrap();
    let corpus = corpus(target);
    for whole in &corpus {
        body(whole);
    }
    let first = std::env::var("MUSTER_FUZZ_SEED").ok().map_or(1, |text| text.parse().unwrap());
    let begun = Instant::now();
    let mut seed: u64 = first;
    while begun.elapsed() < Duration::from_secs_f64(SECONDS_EACH) {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..8 {
            dice.below(2);
        }
        let text = damaged(&corpus, &mut dice);
        let alone = Instant::now();
        if catch_unwind(|| body(&text)).is_err() {
            panic!("{target}, MUSTER_FUZZ_SEED={seed}: {:?}", String::from_utf8_lossy(&text));
        }
        assert!(alone.elapsed() < Duration::from_secs(20), "{target}, MUSTER_FUZZ_SEED={seed} takes for ever");
        seed += 1;
    }
    assert!(seed - first > 20, "only {} texts", seed - first);
}

#[test]
fn damaged_plans_compile_to_something_true() {
    fuzz("plan");
}

#[test]
fn no_damaged_address_leads_anywhere_but_to_http() {
    fuzz("address");
}

#[test]
fn no_damaged_markdown_becomes_markup_that_does_something() {
    fuzz("markdown");
}

#[test]
fn a_damaged_export_has_one_verdict() {
    fuzz("audit_export");
}

#[test]
fn damaged_output_is_text_without_control_characters() {
    fuzz("printed");
}

#[test]
fn damaged_cookies_are_nobodys() {
    fuzz("cookies");
}

#[test]
fn damaged_messages_of_strangers_become_alerts_that_can_be_shown_or_none() {
    fuzz("intake");
}

#[test]
fn no_damaged_address_leads_the_server_inside() {
    fuzz("outgoing");
}
