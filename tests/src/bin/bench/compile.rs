//! How long the plan compiler takes, in this process: our own plan, and a thousand lines of it. Needs neither database nor Docker.

use std::{fs, hint::black_box, time::Instant};

use anyhow::{Context as _, Result};
use shared::plan::compile;
use tests::testnet::root;

use crate::{Measured, median};

const TIMES: usize = 50;

pub(crate) fn measure() -> Result<Vec<Measured>> {
    let plan = fs::read_to_string(root().join("plans/bt2c/plan.md")).context("our own plan cannot be read")?;
    let mut long = plan.clone();
    while long.lines().count() < 1000 {
        long = format!("{long}\n{plan}");
    }
    let thousand: Vec<&str> = long.lines().take(1000).collect();
    let one = milliseconds(&plan);
    let many = milliseconds(&thousand.join("\n"));
    Ok(vec![
        Measured {
            what: "our own plan compiled, native",
            value: format!("{one:.2} ms"),
            goal: "under 5 ms",
            met: one < 5.0,
        },
        // The browser takes about five times as long; its limit for the same text is 50 ms.
        Measured {
            what: "1,000 lines of plan compiled, native",
            value: format!("{many:.2} ms"),
            goal: "under 10 ms",
            met: many < 10.0,
        },
    ])
}

fn milliseconds(text: &str) -> f64 {
    let mut times: Vec<f64> = (0..TIMES)
        .map(|_| {
            let begun = Instant::now();
            drop(black_box(compile(black_box(text))));
            begun.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    median(&mut times)
}
