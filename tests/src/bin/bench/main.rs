//! `cargo xtask bench`: what CI does not time, as ratios taken in one run. Asserts nothing; prints one table.
#![expect(clippy::print_stdout, reason = "printing the table is its purpose")]

mod audit;
mod compile;
mod load;
mod output;
mod page;
mod restart;

use anyhow::Result;

/// One line of the table.
pub(crate) struct Measured {
    pub(crate) what: &'static str,
    pub(crate) value: String,
    pub(crate) goal: &'static str,
    pub(crate) met: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    // Names narrow it; without any, everything is measured.
    let names: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|given| given == name);
    let mut rows = vec![];
    if wanted("compile") {
        rows.extend(compile::measure()?);
    }
    if wanted("audit") {
        rows.extend(audit::measure().await?);
    }
    if wanted("restart") {
        rows.extend(restart::measure().await?);
    }
    if wanted("output") {
        rows.extend(output::measure().await?);
    }
    if wanted("load") {
        rows.extend(load::measure().await?);
    }
    if wanted("page") {
        rows.extend(page::measure().await?);
    }
    println!("\n| Measured | Value | Goal | |\n|---|---:|---:|---|");
    for row in &rows {
        println!("| {} | {} | {} | {} |", row.what, row.value, row.goal, if row.met { "met" } else { "**missed**" });
    }
    Ok(())
}

/// The middle value.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
