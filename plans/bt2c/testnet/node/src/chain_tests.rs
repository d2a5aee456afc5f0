//! The laws of the chain as cases. Only tests live here.

use super::*;

pub(crate) const START: u64 = GENESIS_MS + 60_000;

pub(crate) fn stakes() -> Stakes {
    Stakes::parse("validator1=60,validator2=40").unwrap()
}

pub(crate) fn secret(name: &str) -> SecretKey {
    SecretKey::parse(&Hash::of(&[name.as_bytes()]).to_string()).unwrap()
}

pub(crate) fn keys() -> Keyring {
    let mut keys = Keyring::default();
    for name in ["validator1", "validator2"] {
        keys.add(name, 1, secret(name).public()).unwrap();
    }
    keys
}

/// Nothing but the genesis block.
pub(crate) fn fresh() -> Chain {
    Chain::new(stakes(), Some(keys()))
}

/// A chain of `length` blocks, all by `name`, one in every slot from `start_ms` on.
pub(crate) fn grown(name: &str, length: u64, start_ms: u64) -> Chain {
    let mut chain = fresh();
    grow(&mut chain, name, length, start_ms);
    chain
}

fn next(chain: &Chain, name: &str, now: u64) -> Option<Block> {
    chain.next_block(name, &secret(name), now, format!("reward {name} 1"))
}

pub(crate) fn grow(chain: &mut Chain, name: &str, length: u64, start_ms: u64) {
    let mut now = start_ms;
    for _ in 0..length {
        while let Turn::At(later) = chain.turn(name, now) {
            now = later;
        }
        let block = next(chain, name, now).unwrap();
        chain.push(block, now).unwrap();
    }
}

#[test]
fn one_validator_alone_grows_the_chain_in_every_slot() {
    let chain = grown("validator2", 30, START);
    assert_eq!(chain.head().height, 30);
    assert!(chain.tip().timestamp_ms < START + 31 * SLOT_MS);
}

#[test]
fn equal_stakes_give_one_network_and_others_another() {
    // Keys are no part of it.
    assert_eq!(fresh().genesis(), Chain::new(stakes(), None).genesis());
    let other = Chain::new(Stakes::parse("validator1=1").unwrap(), Some(keys()));
    assert_ne!(fresh().genesis().hash, other.genesis().hash);
}

#[test]
fn a_forged_block_is_refused_with_the_reason() {
    let chain = grown("validator1", 3, START);
    let later = chain.tip().timestamp_ms + 10 * SLOT_MS;
    let good = (0..).find_map(|extra| next(&chain, "validator1", later + extra)).unwrap();
    let now = good.timestamp_ms;
    assert_eq!(chain.judge(std::slice::from_ref(&good), now), Ok(Verdict::Better { fork: 3 }));

    let reseal = |change: &dyn Fn(&mut Block)| {
        let mut block = good.clone();
        change(&mut block);
        block.hash = block.computed_hash();
        let block = block.signed(&secret("validator1"));
        chain.judge(&[block], now).unwrap_err().reason
    };
    assert!(reseal(&|block| block.proposer = "stranger".to_owned()).contains("not the turn"));
    assert!(reseal(&|block| block.timestamp_ms += 60_000).contains("ahead of this node's clock"));
    assert!(reseal(&|block| block.timestamp_ms = chain.tip().timestamp_ms).contains("slot"));

    let mut altered = good.clone();
    altered.payload = "reward validator1 1000".to_owned();
    assert!(chain.judge(&[altered], now).unwrap_err().reason.contains("does not match"));

    let stolen = Block { signature: None, ..good.clone() };
    assert!(chain.judge(std::slice::from_ref(&stolen), now).unwrap_err().reason.contains("not signed"));
    let stolen = stolen.signed(&secret("validator2"));
    assert!(chain.judge(&[stolen], now).unwrap_err().reason.contains("signature"));

    let skipped = Block::seal(5, good.hash, now + SLOT_MS, "validator1", String::new());
    assert_eq!(chain.judge(std::slice::from_ref(&skipped), now), Ok(Verdict::Unlinked));
    let mut gap = skipped;
    gap.height = 6;
    assert!(chain.judge(&[good, gap], now).unwrap_err().reason.contains("height 5"));
}

#[test]
fn nobody_proposes_before_its_turn() {
    let chain = fresh();
    for slot in START / SLOT_MS..START / SLOT_MS + 50 {
        let first = chain.stakes.order(&chain.tip().hash, slot)[0];
        let other = if first == "validator1" { "validator2" } else { "validator1" };
        assert_eq!(chain.turn(first, slot * SLOT_MS), Turn::Now);
        assert_eq!(chain.turn(other, slot * SLOT_MS), Turn::At(slot * SLOT_MS + 400));
        let early = Block::seal(1, chain.tip().hash, slot * SLOT_MS + 399, other, String::new()).signed(&secret(other));
        assert!(chain.judge(&[early], u64::MAX).unwrap_err().reason.contains("not the turn"));
    }
}

#[test]
fn the_longer_valid_chain_wins_and_the_shorter_never() {
    let (mut ours, theirs) = (grown("validator1", 5, START), grown("validator2", 8, START));
    let branch = theirs.above(0, 100).to_vec();
    assert_eq!(ours.judge(&branch[..4], u64::MAX), Ok(Verdict::NotBetter));
    assert_eq!(ours.judge(&branch, u64::MAX), Ok(Verdict::Better { fork: 0 }));
    ours.adopt(0, branch);
    assert_eq!(ours.head(), theirs.head());
    assert_eq!(ours.judge(theirs.above(0, 100), u64::MAX), Ok(Verdict::NotBetter));
}

#[test]
fn a_reorg_keeps_what_both_sides_share() {
    let (mut ours, mut theirs) = (grown("validator1", 6, START), grown("validator1", 6, START));
    grow(&mut ours, "validator1", 2, START + 60_000);
    grow(&mut theirs, "validator2", 3, START + 60_000);
    let common = theirs.last_common(&ours.locator()).unwrap();
    let branch = theirs.above(common, 100).to_vec();
    let Ok(Verdict::Better { fork }) = ours.judge(&branch, u64::MAX) else { panic!("the longer chain lost") };
    assert_eq!((common, fork), (6, 6));
    ours.adopt(fork, branch);
    assert_eq!(ours.head(), theirs.head());
}

#[test]
fn of_two_equally_high_chains_both_sides_choose_the_same() {
    let (left, right) = (grown("validator1", 4, START), grown("validator2", 4, START));
    let left_yields = left.judge(right.above(0, 9), u64::MAX).unwrap() == Verdict::Better { fork: 0 };
    let right_yields = right.judge(left.above(0, 9), u64::MAX).unwrap() == Verdict::Better { fork: 0 };
    assert_ne!(left_yields, right_yields);
}

#[test]
fn a_locator_is_short_and_reaches_genesis() {
    let chain = grown("validator1", 300, START);
    let marks = chain.locator();
    assert!(marks.len() < 25, "{}", marks.len());
    assert_eq!(marks.last(), Some(&chain.genesis().head()));
    assert_eq!(chain.last_common(&marks), Some(300));
    assert_eq!(fresh().last_common(&marks), Some(0));
    assert_eq!(chain.above(300, 10), &[]);
    assert_eq!(chain.above(u64::MAX, 10), &[]);
    assert_eq!(chain.above(295, 3).len(), 3);
}

#[test]
fn a_rotated_key_ends_the_old_one_at_its_height_and_not_before() {
    let mut keys = keys();
    keys.add("validator1", 6, secret("new").public()).unwrap();
    let mut chain = Chain::new(stakes(), Some(keys));
    grow(&mut chain, "validator1", 4, START);
    assert!(chain.may_sign("validator1", &secret("validator1")) && !chain.may_sign("validator1", &secret("new")));
    grow(&mut chain, "validator1", 1, START + 60_000);
    assert!(chain.may_sign("validator1", &secret("new")) && !chain.may_sign("validator1", &secret("validator1")));

    let later = chain.tip().timestamp_ms + 10 * SLOT_MS;
    let signed_by =
        |key: &str| (0..).find_map(|extra| chain.next_block("validator1", &secret(key), later + extra, String::new()));
    let (old, new) = (signed_by("validator1").unwrap(), signed_by("new").unwrap());
    assert!(chain.judge(&[old], u64::MAX).unwrap_err().reason.contains("height 6"));
    assert_eq!(chain.judge(&[new], u64::MAX), Ok(Verdict::Better { fork: 5 }));

    let (challenge, other) = (Hash::of(&[b"challenge"]), Hash::of(&[b"another"]));
    let signature = secret("new").sign(&challenge);
    assert!(chain.accepts("validator1", &challenge, &signature));
    assert!(!chain.accepts("validator1", &other, &signature) && !chain.accepts("validator2", &challenge, &signature));
    assert!(!chain.accepts("validator1", &challenge, &secret("validator1").sign(&challenge)));

    // A node that is still far below the rotation must recognise its peers all the same.
    let behind = Chain::new(stakes(), chain.keys.clone());
    assert!(behind.recognises("validator1", &challenge, &signature));
    assert!(!behind.recognises("validator1", &challenge, &secret("validator1").sign(&challenge)));
    assert!(
        !behind.recognises("validator1", &other, &signature) && !behind.recognises("stranger", &challenge, &signature)
    );
}
