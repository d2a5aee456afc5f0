//! `bench crash`: many seeded crash runs on SIMULATED hosts. Unlike the measurements it judges: anything lost, doubled or skipped
//! is a failure.

use std::time::Instant;

use anyhow::{Result, bail};
use tests::crash::{self, Settings, What};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, default_value_t = 1000)]
    runs: u32,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Simulated hosts side by side, with two systems and two workers each.
    #[arg(long, default_value_t = 10)]
    hosts: usize,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { runs, seed, hosts } = *arguments;
    println!("SIMULATED: {runs} runs, seed {seed}, {hosts} hosts in this process");
    let begun = Instant::now();
    let tell = move |done: u32| {
        if done.is_multiple_of(100) {
            println!("{done} of {runs} runs have ended after {:.0} s", begun.elapsed().as_secs_f64());
        }
    };
    let tally = crash::run(Settings { runs, seed, hosts }, tell).await?;
    println!("{tally}");
    let (lost, doubled, skipped) = (tally.count(What::Lost), tally.count(What::Doubled), tally.count(What::Skipped));
    if tally.n_runs != runs || lost + doubled + skipped > 0 {
        bail!("{lost} runs lost, {doubled} destructive effects done twice, {skipped} steps skipped");
    }
    Ok(())
}
