//! Who may propose in which slot: a lottery weighted by stake. Pure; keeps no blocks and no clock.

use std::collections::BTreeMap;

use crate::block::Hash;

pub(crate) const SLOT_MS: u64 = 1_000;
/// How long each further validator in a slot's order waits for the ones before it.
pub(crate) const FALLBACK_MS: u64 = 400;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stakes(BTreeMap<String, u64>);

impl Stakes {
    /// Reads `name=stake,name=stake`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut stakes = BTreeMap::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, stake) = entry.split_once('=').ok_or_else(|| format!("'{entry}' is not NAME=STAKE"))?;
            let (name, stake) = (name.trim(), stake.trim());
            let amount = stake.parse::<u32>().ok().filter(|amount| *amount > 0);
            let amount = amount.ok_or_else(|| format!("the stake '{stake}' is not a whole number from 1 upwards"))?;
            if name.is_empty() {
                return Err(format!("'{entry}' has no name before the '='"));
            }
            if stakes.insert(name.to_owned(), u64::from(amount)).is_some() {
                return Err(format!("'{name}' is named twice"));
            }
        }
        if stakes.is_empty() { Err("no validator is named".to_owned()) } else { Ok(Self(stakes)) }
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// One line that is equal for equal stakes; the genesis block carries it.
    pub(crate) fn canonical(&self) -> String {
        let entries: Vec<String> = self.0.iter().map(|(name, stake)| format!("{name}={stake}")).collect();
        entries.join(",")
    }

    /// The validators in the order in which they may propose in this slot: drawn by stake, without replacement.
    pub(crate) fn order(&self, prev_hash: &Hash, slot: u64) -> Vec<&str> {
        let mut left: Vec<(&str, u64)> = self.0.iter().map(|(name, stake)| (name.as_str(), *stake)).collect();
        let mut order = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let total: u64 = left.iter().map(|(_, stake)| stake).sum();
            let seed = Hash::of(&[prev_hash.bytes(), &slot.to_be_bytes(), &(order.len() as u64).to_be_bytes()]);
            let mut ticket = seed.draw() % total;
            let mut winner = 0;
            while ticket >= left[winner].1 {
                ticket -= left[winner].1;
                winner += 1;
            }
            order.push(left.remove(winner).0);
        }
        order
    }

    /// The first moment of the slot at which this validator may propose; none if its place is past the slot's end.
    pub(crate) fn opens_at(&self, name: &str, prev_hash: &Hash, slot: u64) -> Option<u64> {
        let place = self.order(prev_hash, slot).iter().position(|validator| *validator == name)?;
        let wait = FALLBACK_MS * place as u64;
        (wait < SLOT_MS).then(|| slot * SLOT_MS + wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stakes_are_parsed_or_refused_with_the_reason() {
        let stakes = Stakes::parse(" b=40, a=60 ").unwrap();
        assert_eq!(stakes.canonical(), "a=60,b=40");
        for (text, reason) in [
            ("", "no validator"),
            ("a", "NAME=STAKE"),
            ("a=0", "from 1 upwards"),
            ("a=-1", "from 1 upwards"),
            ("a=1,a=2", "twice"),
            ("=1", "no name"),
        ] {
            assert!(Stakes::parse(text).unwrap_err().contains(reason), "{text}");
        }
    }

    #[test]
    fn the_lottery_is_deterministic_and_follows_the_stake() {
        let stakes = Stakes::parse("a=90,b=10").unwrap();
        let first = |slot| stakes.order(&Hash::ZERO, slot)[0];
        let won = (0..1_000).filter(|slot| first(*slot) == "a").count();
        assert!((850..950).contains(&won), "{won}");
        assert_eq!(stakes.order(&Hash::ZERO, 7), stakes.order(&Hash::ZERO, 7));
    }

    #[test]
    fn every_validator_of_two_gets_a_turn_in_every_slot() {
        let stakes = Stakes::parse("a=1,b=1").unwrap();
        for slot in 1..50 {
            let mut opens = ["a", "b"].map(|name| stakes.opens_at(name, &Hash::ZERO, slot).unwrap());
            opens.sort_unstable();
            assert_eq!(opens, [slot * SLOT_MS, slot * SLOT_MS + FALLBACK_MS]);
        }
    }
}
