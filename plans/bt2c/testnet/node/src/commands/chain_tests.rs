//! Looking into chain files and cutting them. Only tests live here.

use super::*;
use crate::chain::tests::{START, grow, grown, keys};
use crate::scan::line_of;

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, chain: &Chain) -> Self {
        let path = std::env::temp_dir().join(format!("testnet-look-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        let scratch = Scratch(path);
        scratch.write(&bytes(chain));
        scratch
    }

    fn write(&self, bytes: &[u8]) {
        fs::write(self.0.join(storage::FILE), bytes).unwrap();
    }

    fn read(&self) -> Vec<u8> {
        fs::read(self.0.join(storage::FILE)).unwrap()
    }

    fn look(&self) -> Look {
        Look::at(&self.0, Some(keys())).unwrap()
    }

    fn cut(&self, above: u64) -> Result<bool, String> {
        cut(&Cut { above, data: self.0.clone(), json: true }).map(|answer| matches!(answer, Answer::Fine))
    }

    /// What was kept beside the file.
    fn copies(&self) -> Vec<PathBuf> {
        let names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| path.to_string_lossy().contains(".before-cut-")).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn bytes(chain: &Chain) -> Vec<u8> {
    (0..=chain.head().height).flat_map(|height| line_of(chain.get(height).unwrap()).unwrap()).collect()
}

#[test]
fn a_sound_file_names_its_head_and_needs_no_stakes() {
    let chain = grown("validator1", 5, START);
    let scratch = Scratch::new("sound", &chain);
    let look = scratch.look();
    assert!(look.is_sound());
    assert_eq!(look.head(), Some(chain.head()));
    let report = serde_json::to_value(report(&look)).unwrap();
    assert_eq!((&report["blocks"], &report["height"], &report["first_bad"]), (&json!(6), &json!(5), &json!(null)));
}

#[test]
fn blocks_signed_by_nobody_listed_are_damage_only_where_signatures_count() {
    let scratch = Scratch::new("unlisted", &grown("validator1", 5, START));
    let mut ring = Keyring::default();
    ring.add("validator1", 3, keys().at("validator1", 1).copied().unwrap()).unwrap();
    let bad = Look::at(&scratch.0, Some(ring)).unwrap().found.first_bad.unwrap();
    assert!(bad.height == 1 && bad.reason.contains("no key at height 1"), "{bad:?}");
    assert!(Look::at(&scratch.0, None).unwrap().is_sound());
}

#[test]
fn a_file_without_a_readable_first_line_has_no_head() {
    let scratch = Scratch::new("headless", &grown("validator1", 1, START));
    scratch.write(b"");
    assert!(scratch.look().is_sound() && scratch.look().head().is_none());
    scratch.write(b"{\"height\":0");
    assert_eq!((scratch.look().is_sound(), scratch.look().found.torn), (true, 11));
    scratch.write(b"nonsense\n");
    assert_eq!(scratch.look().found.first_bad.unwrap().line, 1);
    assert!(!scratch.cut(0).unwrap());
}

#[test]
fn where_two_files_part_is_found() {
    let (mut one, mut other) = (grown("validator1", 6, START), grown("validator1", 6, START));
    let same = common(&Scratch::new("same", &one).look(), &Scratch::new("same2", &other).look());
    assert_eq!(same, Some(one.head()));
    grow(&mut one, "validator1", 2, START + 60_000);
    let ahead = common(&Scratch::new("ahead", &one).look(), &Scratch::new("ahead2", &other).look());
    assert_eq!(ahead, Some(other.head()));
    grow(&mut other, "validator2", 4, START + 60_000);
    let (left, right) = (Scratch::new("left", &one), Scratch::new("right", &other));
    assert_eq!(common(&left.look(), &right.look()).unwrap().height, 6);
    let wanted = Fork { data: left.0.clone(), other: right.0.clone(), json: true };
    assert!(matches!(fork(&wanted), Ok(Answer::NotFine)));
}

#[test]
fn a_cut_keeps_what_is_below_and_a_copy_of_what_was() {
    let chain = grown("validator1", 8, START);
    let scratch = Scratch::new("cut", &chain);
    let before = scratch.read();
    assert!(scratch.cut(8).unwrap() && scratch.cut(100).unwrap());
    assert!(scratch.copies().is_empty() && scratch.read() == before);

    assert!(scratch.cut(5).unwrap());
    assert_eq!(scratch.look().head(), chain.get(5).map(|block| block.head()));
    let copies = scratch.copies();
    assert_eq!((copies.len(), fs::read(&copies[0]).unwrap()), (1, before));
}

#[test]
fn a_cut_heals_damage_above_it_and_refuses_below() {
    let chain = grown("validator1", 8, START);
    let scratch = Scratch::new("heal", &chain);
    let mut damaged = bytes(&chain);
    let at = usize::try_from(scratch.look().end(5).unwrap()).unwrap() + 20;
    damaged[at] ^= 1;
    scratch.write(&damaged);
    assert_eq!(scratch.look().found.first_bad.as_ref().unwrap().height, 6);
    assert!(!scratch.cut(6).unwrap());
    assert_eq!(scratch.read(), damaged);
    assert!(scratch.cut(5).unwrap());
    assert!(scratch.look().is_sound());
}

#[test]
fn a_file_in_use_is_not_cut() {
    let scratch = Scratch::new("in-use", &grown("validator1", 3, START));
    let before = scratch.read();
    let held = File::open(scratch.0.join(storage::FILE)).unwrap();
    held.lock().unwrap();
    assert!(scratch.cut(1).unwrap_err().contains("in use"));
    assert_eq!(scratch.read(), before);
}
