//! `cargo xtask …`: everything the project does with itself. Holds the command line; the work is in the modules.

mod bench;
mod build;
mod command;
mod demo;
mod docker;
mod fuzz;
mod image;
mod lock;
mod npm;
mod progress;
mod project;
mod python;
mod sbom;
mod setup;
mod supply;
mod test;
mod tidy;
mod web;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, show and check Muster.", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what is missing, build, and run Muster with a small network to break, until Ctrl-C.
    Demo(demo::Arguments),
    /// Install what is missing and run every check and test.
    Test(test::Arguments),
    /// Measure what tests do not time: ratios taken in one run. Or, with `crash`, let workers die a thousand times.
    Bench(bench::Arguments),
    /// Check the house rules: door plates, file sizes, who may know whom, licences, left-behind paths.
    Tidy,
    /// Ask cargo-deny about everything that is linked: licences, bans, sources, and known holes where the network allows it.
    Supply,
    /// Write what is linked, with versions, licences and checksums, as CycloneDX.
    Sbom {
        #[arg(long, value_name = "FILE", default_value = "sbom.cdx.json")]
        out: PathBuf,
    },
    /// Fuzz one of the targets in fuzz/, guided by coverage.
    Fuzz(fuzz::Arguments),
    /// Build the console for the browser and the styles into `<target>/assets`.
    Web {
        /// Unoptimised: quicker to build, slower to load.
        #[arg(long)]
        dev: bool,
    },
    /// Build the programs and the assets, optimised, into a directory.
    Dist {
        #[arg(long, value_name = "DIR", default_value = "dist")]
        out: PathBuf,
    },
    /// Build Muster's two Docker images from the programs built here, without any registry.
    Image {
        /// Name of the images' tag: muster-server:TAG and muster-worker:TAG.
        #[arg(long, default_value = "local")]
        tag: String,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = project::Project::find().and_then(|project| match cli.task {
        Task::Demo(arguments) => demo::run(&project, &arguments),
        Task::Test(arguments) => test::run(&project, &arguments),
        Task::Bench(arguments) => bench::run(&project, &arguments),
        Task::Tidy => tidy::run(&project),
        Task::Fuzz(arguments) => fuzz::run(&project, &arguments),
        Task::Supply => supply::run(&project),
        Task::Sbom { out } => sbom::run(&project, &out),
        Task::Web { dev } => {
            setup::targets(&[setup::WASM])?;
            let profile = if dev { web::Profile::Dev } else { web::Profile::Release };
            web::build(&project, profile)
                .map(|directory| progress::say(&format!("The assets are in {}", directory.display())))
        }
        Task::Dist { out } => image::dist(&project, &out),
        Task::Image { tag } => image::images(&project, &tag),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // It has just said so itself, in a line that is to be the last.
        Err(error) if error.is::<test::NotAllWell>() => ExitCode::FAILURE,
        Err(error) => {
            progress::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
