//! `cargo xtask bench`: what CI does not time, as ratios taken in one run; asserts nothing, prints one table. `crash` is another
//! matter: it counts, and fails.
#![expect(clippy::print_stdout, reason = "printing the table is its purpose")]

mod audit;
mod bare;
mod claims;
mod compile;
mod crash;
mod history;
mod hold;
mod load;
mod monitors;
mod nginx;
mod output;
mod page;
mod program;
mod restart;
mod sign_in;
mod storm;
mod streams;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// One line of the table.
pub(crate) struct Measured {
    pub(crate) what: &'static str,
    pub(crate) value: String,
    pub(crate) goal: &'static str,
    pub(crate) met: bool,
}

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs whose workers die where seeded dice say.
    Crash(crash::Arguments),
    /// Only these: compile, audit, claims, restart, output, visitors, streams, first-view, history, sign-in, storm, monitors.
    Parts { names: Vec<String> },
    /// A helper of a part: the floor.
    #[command(hide = true)]
    Bare(bare::Arguments),
    /// A helper of a part: many readers.
    #[command(hide = true)]
    Hold(hold::Arguments),
}

#[tokio::main]
async fn main() -> Result<()> {
    let names = match Arguments::parse().command {
        Some(Command::Crash(arguments)) => return crash::run(&arguments).await,
        Some(Command::Bare(arguments)) => return bare::run(&arguments).await,
        Some(Command::Hold(arguments)) => return hold::run(&arguments).await,
        Some(Command::Parts { names }) => names,
        None => vec![],
    };
    let wanted = |name: &str| names.is_empty() || names.iter().any(|given| given == name);
    let mut rows = vec![];
    if wanted("compile") {
        rows.extend(compile::measure()?);
    }
    if wanted("audit") {
        rows.extend(audit::measure().await?);
    }
    if wanted("claims") {
        rows.extend(claims::measure().await?);
    }
    if wanted("restart") {
        rows.extend(restart::measure().await?);
    }
    if wanted("output") {
        rows.extend(output::measure().await?);
    }
    if wanted("visitors") {
        rows.extend(load::measure().await?);
    }
    if wanted("streams") {
        rows.extend(streams::measure().await?);
    }
    if wanted("sign-in") {
        rows.extend(sign_in::measure().await?);
    }
    if wanted("storm") {
        rows.extend(storm::measure().await?);
    }
    if wanted("monitors") {
        rows.extend(monitors::measure().await?);
    }
    if wanted("history") {
        rows.extend(history::measure().await?);
    }
    if wanted("first-view") {
        rows.extend(page::measure().await?);
    }
    print(&rows);
    Ok(())
}

/// A line for the program that started this one.
pub(crate) fn say(line: &str) {
    println!("{line}");
}

fn print(rows: &[Measured]) {
    println!("\n| Measured | Value | Goal | |\n|---|---:|---:|---|");
    for row in rows {
        println!("| {} | {} | {} | {} |", row.what, row.value, row.goal, if row.met { "met" } else { "**missed**" });
    }
}

/// The middle value.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
