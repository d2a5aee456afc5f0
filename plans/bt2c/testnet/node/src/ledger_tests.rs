//! The node's state: what it takes from peers and when it may propose. Only tests live here.

use super::*;
use crate::chain::tests::{grown, stakes};

const START: u64 = 1_767_225_700_000;

fn ledger(test: &str, expects_peers: bool) -> (Ledger, std::path::PathBuf) {
    let directory = std::env::temp_dir().join(format!("testnet-ledger-{test}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    let mut chain = Chain::new(stakes());
    let storage = Storage::open(&directory, &mut chain).unwrap();
    (Ledger::new("validator1".to_owned(), expects_peers, chain, storage), directory)
}

#[test]
fn a_better_branch_is_taken_and_survives_a_restart() {
    let (ledger, directory) = ledger("better", true);
    let (short, long) = (grown("validator1", 4, START), grown("validator2", 7, START));
    ledger.offer(short.above(0, 9), "validator2").unwrap();
    ledger.recorded_up_to(&short.head());
    assert_eq!(ledger.counters().recorded, 4);

    ledger.offer(long.above(0, 9), "validator2").unwrap();
    assert_eq!(ledger.head(), long.head());
    let counters = ledger.counters();
    assert_eq!((counters.reorgs, counters.imported, counters.recorded), (1, 11, 0));
    // Progress reported for the chain that lost does not count.
    ledger.recorded_up_to(&short.head());
    assert_eq!(ledger.counters().recorded, 0);

    drop(ledger);
    let mut again = Chain::new(stakes());
    Storage::open(&directory, &mut again).unwrap();
    assert_eq!(again.head(), long.head());
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn blocks_we_already_have_are_no_reorg() {
    let (ledger, directory) = ledger("known", true);
    let chain = grown("validator2", 6, START);
    ledger.offer(chain.above(0, 3), "validator2").unwrap();
    assert_eq!(ledger.offer(chain.above(0, 6), "validator2").unwrap(), Verdict::Better { fork: 3 });
    assert_eq!((ledger.counters().reorgs, ledger.counters().imported), (0, 6));
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn an_invalid_block_changes_nothing() {
    let (ledger, directory) = ledger("invalid", true);
    let mut blocks = grown("validator2", 3, START).above(0, 3).to_vec();
    blocks[2].payload.push('!');
    assert!(matches!(ledger.offer(&blocks, "validator2"), Err(Refused::Invalid(_))));
    assert_eq!(ledger.head().height, 0);
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_node_behind_its_peer_does_not_propose() {
    let (ledger, directory) = ledger("behind", false);
    let chain = grown("validator2", 5, START);
    assert!(ledger.peer_linked("validator2", chain.head()));
    assert!(!ledger.peer_linked("validator2", chain.head()));
    assert!(ledger.status().syncing);
    assert!(matches!(ledger.propose().unwrap(), Turn::At(_)));
    assert_eq!(ledger.head().height, 0);
    assert!(!ledger.peer_unlinked("validator2"));
    assert!(ledger.peer_unlinked("validator2"));
    assert_eq!(ledger.status().peers, 0);

    // Alone it goes on, within one slot.
    let made = (0..20).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        ledger.propose().unwrap() == Turn::Now
    });
    assert!(made && ledger.head().height >= 1);
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_fresh_node_listens_before_it_proposes() {
    let (ledger, directory) = ledger("fresh", true);
    for _ in 0..12 {
        assert!(matches!(ledger.propose().unwrap(), Turn::At(_)));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    std::fs::remove_dir_all(directory).unwrap();
}
