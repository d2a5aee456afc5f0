//! The chain's file under torn lines, damage and reorgs. Only tests live here.

use super::*;
use crate::chain::tests::{START, fresh, grown};

/// A directory of its own for each test, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("testnet-node-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Scratch(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join(FILE)
    }

    fn open(&self) -> Result<(Storage, Chain), StorageError> {
        let mut chain = fresh();
        Storage::open(&self.0, &mut chain).map(|storage| (storage, chain))
    }

    /// A file with this many blocks above genesis.
    fn filled(&self, length: u64) -> Chain {
        let chain = grown("validator1", length, START);
        self.open().unwrap().0.replace_above(0, chain.above(0, 1_000)).unwrap();
        chain
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn the_chain_survives_a_restart() {
    let scratch = Scratch::new("restart");
    let written = scratch.filled(20);
    assert_eq!(scratch.open().unwrap().1.head(), written.head());
}

#[test]
fn a_torn_last_line_is_dropped_and_the_next_block_is_whole() {
    let scratch = Scratch::new("torn");
    let written = scratch.filled(5);
    let bytes = std::fs::read(scratch.file()).unwrap();
    for cut in [1, 20, 100] {
        std::fs::write(scratch.file(), &bytes[..bytes.len() - cut]).unwrap();
        let (mut storage, chain) = scratch.open().unwrap();
        assert_eq!(chain.head().height, 4, "cut by {cut}");
        storage.replace_above(4, written.above(4, 1)).unwrap();
        drop(storage);
        assert_eq!(scratch.open().unwrap().1.head(), written.head());
    }
}

#[test]
fn a_file_torn_in_its_first_line_starts_over() {
    let scratch = Scratch::new("first");
    scratch.filled(1);
    let bytes = std::fs::read(scratch.file()).unwrap();
    std::fs::write(scratch.file(), &bytes[..30]).unwrap();
    assert_eq!(scratch.open().unwrap().1.head().height, 0);
    assert_eq!(scratch.open().unwrap().1.head().height, 0);
}

#[test]
fn damage_inside_the_file_is_named_and_nothing_is_changed() {
    let scratch = Scratch::new("damage");
    scratch.filled(6);
    let good = std::fs::read_to_string(scratch.file()).unwrap();
    let mut lines: Vec<&str> = good.lines().collect();
    let altered = lines[3].replace("reward validator1 1", "reward validator1 9");
    lines[3] = &altered;
    let bad = lines.join("\n") + "\n";
    std::fs::write(scratch.file(), &bad).unwrap();
    let error = scratch.open().err().unwrap().to_string();
    assert!(error.contains("line 4") && error.contains("does not match its content"), "{error}");
    assert_eq!(std::fs::read_to_string(scratch.file()).unwrap(), bad);
}

#[test]
fn the_chain_of_another_network_is_refused() {
    let scratch = Scratch::new("other");
    scratch.filled(1);
    let mut chain = Chain::new(crate::stakes::Stakes::parse("validator1=1").unwrap(), None);
    let error = Storage::open(&scratch.0, &mut chain).err().unwrap().to_string();
    assert!(error.contains("other stakes"), "{error}");
}

#[test]
fn a_reorg_truncates_the_file() {
    let scratch = Scratch::new("reorg");
    scratch.filled(10);
    let (mut storage, _) = scratch.open().unwrap();
    let other = grown("validator2", 3, START);
    storage.replace_above(0, other.above(0, 3)).unwrap();
    drop(storage);
    assert_eq!(scratch.open().unwrap().1.head(), other.head());
    assert_eq!(std::fs::read_to_string(scratch.file()).unwrap().lines().count(), 4);
}

#[test]
fn a_file_that_a_node_uses_is_not_opened_twice() {
    let scratch = Scratch::new("in-use");
    let (storage, _) = scratch.open().unwrap();
    assert!(scratch.open().err().unwrap().to_string().contains("in use"));
    drop(storage);
    assert!(scratch.open().is_ok());
}
