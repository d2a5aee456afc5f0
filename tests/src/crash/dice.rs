//! Seeded dice: the same seed gives the same crashes on every machine and with every version of every library.

use std::fmt;

use worker::faults::Point;

/// SplitMix64.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to `sides` - 1.
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.next() % sides.max(1)
    }
}

/// One death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crash {
    pub(super) point: Point,
    /// Which step, or which commit of the run.
    pub(super) nth: u32,
    /// Into the effect, for deaths in the middle of it.
    pub(super) after_ms: u64,
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { point, nth, after_ms } = self;
        match point {
            Point::BeforeClaim | Point::AfterClaim => f.write_str(point.name()),
            Point::BeforeCommit | Point::AfterCommit => write!(f, "{} number {nth}", point.name()),
            Point::MidEffect => write!(f, "step {nth} {}, {after_ms} ms into it", point.name()),
            _ => write!(f, "step {nth} {}", point.name()),
        }
    }
}

/// The crashes of one run, none to three of them.
pub(super) fn crashes(seed: u64, run: u32, steps: u32) -> Vec<Crash> {
    // Neighbouring seeds must not give shifted copies of each other.
    let mut dice = Dice::new(Dice::new(seed).next() ^ u64::from(run).wrapping_mul(0x2545_F491_4F6C_DD1D));
    let number = dice.roll(4);
    (0..number)
        .map(|_| {
            let point = Point::ALL[usize::try_from(dice.roll(Point::ALL.len() as u64)).unwrap_or_default()];
            // Every step is written twice, and a few commits come before the first.
            let sides = if matches!(point, Point::BeforeCommit | Point::AfterCommit) { 2 * steps } else { steps };
            let nth = u32::try_from(dice.roll(u64::from(sides))).unwrap_or_default() + 1;
            Crash { point, nth, after_ms: dice.roll(8) }
        })
        .collect()
}
