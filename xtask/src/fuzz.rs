//! `cargo xtask fuzz TARGET --minutes N`: one target of `fuzz/`, guided by coverage. Finds grow a corpus below the target directory;
//! what is worth keeping goes to `fuzz/corpus` by hand. The test command needs none of this.

use std::fs;

use anyhow::{Result, ensure};

use crate::{command, progress, progress::say, project::Project};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// One of the targets in fuzz/targets; `all` takes them in turn.
    target: String,
    #[arg(long, default_value_t = 5)]
    minutes: u64,
}

pub(crate) fn run(project: &Project, arguments: &Arguments) -> Result<()> {
    let mut targets: Vec<String> = fs::read_dir(project.path("fuzz/targets"))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.strip_suffix(".rs").map(str::to_owned))
        .collect();
    targets.sort();
    if arguments.target != "all" {
        ensure!(targets.contains(&arguments.target), "the targets are {} and all", targets.join(", "));
        targets = vec![arguments.target.clone()];
    }
    if !command::succeeds(&mut project.cargo(&["fuzz", "--version"])) {
        progress::step("installing cargo-fuzz", || {
            command::run(&mut project.cargo(&["install", "cargo-fuzz", "--locked"]))
        })?;
    }
    let mut fallen = vec![];
    for target in targets {
        let found = project.target.join("fuzz-corpus").join(&target);
        fs::create_dir_all(&found)?;
        let seeds = project.path("fuzz/corpus").join(&target);
        let seconds = format!("-max_total_time={}", arguments.minutes.max(1) * 60);
        // No crate of ours has unsafe code, so no sanitizer is needed, and stable Rust will do.
        let mut fuzz = project.cargo(&["fuzz", "run", "--sanitizer", "none", "--target-dir"]);
        fuzz.arg(project.target.join("fuzz")).arg(&target).args([&found, &seeds]);
        fuzz.args(["--", &seconds, "-max_len=20000", "-timeout=20", "-rss_limit_mb=1024", "-print_final_stats=1"]);
        if !command::stream(fuzz.env("RUSTC_BOOTSTRAP", "1"))?.0 {
            fallen.push(target);
        }
    }
    ensure!(fallen.is_empty(), "{} fell; the inputs are in fuzz/artifacts", fallen.join(", "));
    say("Nothing fell.");
    Ok(())
}
