//! Reading a chain file line by line until its end or its first bad line. Pure: changes no file, decides nothing.

use std::io::{self, BufRead};

use serde::Serialize;

use crate::block::Block;
use crate::chain::Chain;

/// The first line that cannot stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Bad {
    pub(crate) height: u64,
    pub(crate) line: usize,
    /// Where the line begins in the file.
    pub(crate) byte: u64,
    pub(crate) reason: String,
}

#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Where each sound line ends; the genesis block is the first.
    pub(crate) ends: Vec<u64>,
    /// Bytes of a last line that was cut off.
    pub(crate) torn: u64,
    pub(crate) first_bad: Option<Bad>,
    /// The first line is a sound genesis block, but of other stakes.
    pub(crate) is_other_network: bool,
}

/// Fills `chain`, which must be fresh, with the sound blocks.
pub(crate) fn read(mut reader: impl BufRead, chain: &mut Chain) -> io::Result<Found> {
    let mut found = Found::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line)? as u64;
        // Every line is written with its newline in one go, so a line without one was never acknowledged.
        if line.last() != Some(&b'\n') {
            found.torn = length;
            return Ok(found);
        }
        let start = found.ends.last().copied().unwrap_or(0);
        let accepted = block(&line).and_then(|block| {
            if !found.ends.is_empty() {
                // What was accepted once stays accepted, even if the clock was set back since.
                return chain.push(block, u64::MAX).map_err(|invalid| invalid.reason);
            }
            if block == *chain.genesis() {
                return Ok(());
            }
            found.is_other_network = block.height == 0 && block.hash == block.computed_hash();
            Err(match found.is_other_network {
                true => "it begins a network with other stakes".to_owned(),
                false => "it is not the genesis block of this network".to_owned(),
            })
        });
        if let Err(reason) = accepted {
            let lines = found.ends.len();
            found.first_bad = Some(Bad { height: lines as u64, line: lines + 1, byte: start, reason });
            return Ok(found);
        }
        found.ends.push(start + length);
    }
}

/// What the node would write: a flipped bit that JSON forgives is damage too.
pub(crate) fn line_of(block: &Block) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(block)?;
    line.push(b'\n');
    Ok(line)
}

/// A line as a block, if it is exactly as the node writes it.
pub(crate) fn block(line: &[u8]) -> Result<Block, String> {
    let block: Block = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    match line_of(&block) {
        Ok(ours) if ours == line => Ok(block),
        _ => Err("it is not written as the node writes it".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::tests::{START, fresh, grown};

    fn lines(length: u64) -> Vec<Vec<u8>> {
        let chain = grown("validator1", length, START);
        (0..=length).map(|height| line_of(chain.get(height).unwrap()).unwrap()).collect()
    }

    #[test]
    fn every_flipped_bit_is_found_in_its_line() {
        let lines = lines(3);
        let start = lines[..2].iter().map(Vec::len).sum::<usize>();
        let good = lines.concat();
        // The newline at the end joins the line with the next one, which is damage of this line as well.
        for bit in 0..lines[2].len() * 8 {
            let mut bytes = good.clone();
            bytes[start + bit / 8] ^= 1 << (bit % 8);
            let bad = read(&*bytes, &mut fresh()).unwrap().first_bad.unwrap();
            assert_eq!((bad.height, bad.line, bad.byte), (2, 3, start as u64), "bit {bit}: {}", bad.reason);
        }
        assert_eq!(read(&*good, &mut fresh()).unwrap().first_bad, None);
    }

    #[test]
    fn a_cut_off_last_line_is_torn_not_bad() {
        let lines = lines(3);
        let good = lines.concat();
        for cut in [1, 30, lines[3].len() - 1] {
            let found = read(&good[..good.len() - cut], &mut fresh()).unwrap();
            assert_eq!((found.ends.len(), found.torn), (3, (lines[3].len() - cut) as u64));
            assert_eq!(found.first_bad, None);
        }
    }

    #[test]
    fn a_missing_line_and_a_foreign_genesis_are_found() {
        let lines = lines(4);
        let gap = [&lines[0][..], &lines[1], &lines[3]].concat();
        let bad = read(&*gap, &mut fresh()).unwrap().first_bad.unwrap();
        assert!(bad.line == 3 && bad.reason.contains("height 2"), "{bad:?}");

        let mut other = Chain::new(crate::stakes::Stakes::parse("validator1=1").unwrap(), None);
        assert!(read(&*lines.concat(), &mut other).unwrap().is_other_network);
        let headless = lines[1..].concat();
        let found = read(&*headless, &mut fresh()).unwrap();
        assert!(!found.is_other_network && found.first_bad.unwrap().line == 1);
    }
}
