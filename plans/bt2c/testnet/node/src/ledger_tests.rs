//! The node's state: what it takes from peers and when it may propose. Only tests live here.

use super::*;
use crate::chain::tests::{START, fresh, grow, grown, secret};

fn ledger(test: &str, expects_peers: bool) -> (Ledger, std::path::PathBuf) {
    let directory = std::env::temp_dir().join(format!("testnet-ledger-{test}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    let mut chain = fresh();
    let storage = Storage::open(&directory, &mut chain).unwrap();
    let (name, key) = ("validator1".to_owned(), secret("validator1"));
    (Ledger::new(Identity { name, key, expects_peers, max_reorg: 10 }, chain, storage), directory)
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
    let mut again = fresh();
    Storage::open(&directory, &mut again).unwrap();
    assert_eq!(again.head(), long.head());
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn blocks_we_already_have_are_no_reorg() {
    let (ledger, directory) = ledger("known", true);
    let chain = grown("validator2", 6, START);
    ledger.offer(chain.above(0, 3), "validator2").unwrap();
    assert_eq!(ledger.offer(chain.above(0, 6), "validator2").unwrap(), Outcome::Taken);
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
    assert!(ledger.status().peers.is_empty());

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

#[test]
fn a_fork_deeper_than_the_limit_is_reported_and_not_followed() {
    let (ledger, directory) = ledger("deep", false);
    let (mut ours, mut theirs) = (grown("validator1", 5, START), grown("validator1", 5, START));
    grow(&mut ours, "validator1", 11, START + 60_000);
    grow(&mut theirs, "validator2", 14, START + 60_000);
    ledger.offer(ours.above(0, 99), "file").unwrap();
    ledger.peer_linked("validator2", theirs.head());
    assert_eq!(ledger.offer(theirs.above(0, 99), "validator2").unwrap(), Outcome::TooDeep);
    assert_eq!(ledger.head(), ours.head());
    let fork = Fork { height: 5, peer: "validator2".to_owned(), peer_head: theirs.head() };
    let status = ledger.status();
    assert_eq!((status.fork, status.syncing), (Some(fork), false));
    assert_eq!(ledger.counters().reorgs, 0);

    // It goes on with its own chain, and a higher peer is still the same fork.
    let made = (0..20).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        ledger.propose().unwrap() == Turn::Now
    });
    assert!(made && ledger.head().height > ours.head().height);
    ledger.peer_seen("validator2", ours.get(3).unwrap().head());
    assert!(ledger.status().fork.is_some(), "a peer that stands below the fork may still be on the other chain");
    ledger.peer_seen("validator2", ledger.head());
    assert_eq!(ledger.status().fork, None);
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_fork_at_the_limit_is_followed() {
    let (ledger, directory) = ledger("shallow", true);
    let (ours, theirs) = (grown("validator1", 10, START), grown("validator2", 11, START));
    ledger.offer(ours.above(0, 99), "file").unwrap();
    ledger.peer_linked("validator2", theirs.head());
    assert_eq!(ledger.offer(theirs.above(0, 99), "validator2").unwrap(), Outcome::Taken);
    assert_eq!((ledger.head(), ledger.status().fork), (theirs.head(), None));
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_transaction_is_in_our_next_block_and_survives_a_reorg() {
    let (ledger, directory) = ledger("transaction", false);
    let id = ledger.submit("hello").unwrap();
    assert_eq!((ledger.transaction(&id), ledger.transaction("other")), (Place::Waiting, Place::Unknown));
    while ledger.propose().unwrap() != Turn::Now {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(ledger.transaction(&id), Place::Included(1));
    let other = grown("validator2", 2, START);
    ledger.offer(other.above(0, 9), "validator2").unwrap();
    assert_eq!(ledger.transaction(&id), Place::Waiting);
    std::fs::remove_dir_all(directory).unwrap();
}
