//! `cargo xtask test`: every check and every test, one table, one summary line. Leaves nothing out without saying so.

mod counts;
mod report;
mod scratch;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread::{self, ScopedJoinHandle},
};

use anyhow::{Context as _, Result, anyhow, bail, ensure};

pub(crate) use self::report::NotAllWell;
use self::{counts::Counts, report::Report, scratch::Scratch};
use crate::{
    build, command,
    docker::Engine,
    image::{self, Images},
    npm,
    progress::say,
    project::Project,
    python,
    setup::{self, Need},
    tidy,
};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Leave out the tests that need Docker or a browser, and those with programs from PyPI or npm.
    #[arg(long)]
    fast: bool,
    /// Run only the tests whose name contains one of these, and no other checks.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

pub(crate) fn run(project: &Project, arguments: &Arguments) -> Result<()> {
    let mut report = Report::default();
    if arguments.fast {
        say(
            "Left out, as asked by --fast: the tests in docker::, browser::, api_fuzz::, readers:: and status_bucket::.",
        );
    }
    if !arguments.names.is_empty() {
        say("Left out, as names were given: format, lints, house rules, documentation and all other tests.");
    }
    report.check("what the tests need is installed", || setup_all(project, arguments.fast));
    let mut engine = None;
    let built = thread::scope(|scope| {
        // Its last and longest part keeps one core busy; meanwhile there is something to do for the other.
        let console = scope.spawn(|| build::assets(project));
        if arguments.names.is_empty() {
            checks(project, &mut report);
        }
        build_all(project, arguments.fast, &mut report, &mut engine, console)
    });
    match built {
        Some(parts) => report.count("tests", || tests(project, arguments, &parts)),
        None => report.fail("tests", "not run: what they test was not built"),
    }
    if let Some(engine) = engine {
        engine.stop();
    }
    report.finish()
}

fn setup_all(project: &Project, fast: bool) -> Result<()> {
    setup::targets(&[setup::WASM])?;
    let mut needs =
        vec![Need::PostgresPrograms, Need::Shellcheck, Need::IdentityProvider, Need::Alertmanager, Need::MailServer];
    if !fast {
        setup::targets(&[&setup::musl()])?;
        needs.extend([
            Need::Docker,
            Need::Chromium,
            Need::Jq,
            Need::Curl,
            Need::OtherHosts,
            Need::Faketime,
            Need::PythonVenv,
            Need::Npm,
        ]);
    }
    setup::needs(&needs)?;
    if !fast {
        python::install(project)?;
        npm::install(project)?;
    }
    Ok(())
}

fn checks(project: &Project, report: &mut Report) {
    report.check("format", || command::run(&mut project.cargo(&["fmt", "--all", "--", "--check", "--color", "never"])));
    report.check("house rules (tidy)", || tidy::run(project));
    for (crate_name, stranger) in [("server", "bollard"), ("worker", "axum")] {
        report
            .check(&format!("{crate_name} does not link {stranger}"), || does_not_link(project, crate_name, stranger));
    }
    report.check("lints, programs and tests", || {
        command::run(&mut project.cargo(&[
            "clippy",
            "--workspace",
            "--exclude",
            "web",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    });
    report.check("lints, console", || {
        command::run(&mut project.cargo(&[
            "clippy",
            "--package",
            "web",
            "--target",
            setup::WASM,
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    });
    report.check("the plan's scripts (shellcheck)", || scripts(project));
    report.check("documentation", || {
        let packages = [
            "--package",
            "shared",
            "--package",
            "store",
            "--package",
            "outgoing",
            "--package",
            "server",
            "--package",
            "worker",
        ];
        let mut doc = project.cargo(&["doc", "--no-deps", "--document-private-items"]);
        command::run(doc.args(packages).env("RUSTDOCFLAGS", "-D warnings"))
    });
}

/// `cargo tree -i` fails with "nothing to print" or an unknown package when the dependency is absent, which is what we want.
fn does_not_link(project: &Project, package: &str, stranger: &str) -> Result<()> {
    let mut tree =
        project.cargo(&["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--format", "{p}"]);
    let linked = command::output(&mut tree)?;
    let found = linked.lines().any(|line| line.split_whitespace().next() == Some(stranger));
    ensure!(!found, "{package} links {stranger}: see `cargo tree -p {package} -i {stranger}`");
    Ok(())
}

/// A recovery script is code that runs on the worst day.
fn scripts(project: &Project) -> Result<()> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard", "*.sh"]).current_dir(&project.root);
    let scripts = command::output(&mut git)?;
    let mut shellcheck = Command::new("shellcheck");
    command::run(shellcheck.arg("--external-sources").args(scripts.lines()).current_dir(&project.root))
}

/// Our own plans are documents reviewed like code: the program itself must find nothing wrong with them.
fn plans_compile(project: &Project, programs: &Path) -> Result<()> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard", "plans/*plan.md"]).current_dir(&project.root);
    let plans = command::output(&mut git)?;
    ensure!(!plans.trim().is_empty(), "there is no plan below plans/");
    plans.lines().try_for_each(|plan| {
        command::run(Command::new(programs.join("muster")).args(["plan", "check", plan]).current_dir(&project.root))
    })
}

/// What the tests are pointed at.
struct Parts {
    programs: PathBuf,
    assets: PathBuf,
    images: Option<(build::TestnetImages, Images)>,
}

fn build_all(
    project: &Project,
    fast: bool,
    report: &mut Report,
    engine: &mut Option<Engine>,
    console: ScopedJoinHandle<'_, Result<PathBuf>>,
) -> Option<Parts> {
    let programs = report.part("build: server, worker and tests", || build::programs_and_tests(project))?;
    report.check("the plans compile", || plans_compile(project, &programs));
    let assets = report.part("build: console, begun with the first check", || {
        console.join().map_err(|_| anyhow!("building it panicked; see above"))?
    })?;
    if fast {
        return Some(Parts { programs, assets, images: None });
    }
    *engine = Some(report.part("Docker engine", || {
        fs::create_dir_all(project.target.join("xtask"))?;
        Engine::ensure(&project.target.join("xtask/dockerd.log"))
    })?);
    let testnet = report.part("build: images of the testnet", || build::testnet_images(project))?;
    let own = report.part("build: images of Muster", || image::build_images(project, &programs, &assets, "local"))?;
    Some(Parts { programs, assets, images: Some((testnet, own)) })
}

/// What is built and run together: the console's own tests switch on features that all others would be built with once more. Its
/// views are one erased type each, as in the browser: without that their build takes more than ten minutes. The target is named so
/// that its macros, which came with the lints, are not built again for that setting.
fn selections() -> [Vec<String>; 2] {
    let (host, erased) = (setup::host(), r#"["--cfg", "erase_components"]"#);
    [
        ["--workspace", "--exclude", "web"].map(String::from).into(),
        vec![
            "--package".into(),
            "web".into(),
            format!("--config=target.{host}.rustflags={erased}"),
            format!("--target={host}"),
        ],
    ]
}

fn tests(project: &Project, arguments: &Arguments, parts: &Parts) -> Result<Counts> {
    let scratch = Scratch::new()?;
    let nextest = command::succeeds(&mut project.cargo(&["nextest", "--version"]));
    if !nextest {
        say("     cargo-nextest is not installed: the tests run under `cargo test`, which takes longer.");
    }
    let mut all = Counts::default();
    for selection in &selections() {
        let mut command = if nextest {
            nextest_command(project, arguments, selection)
        } else {
            plain_command(project, arguments, selection)
        };
        surround(&mut command, project, parts, &scratch)?;
        let (fine, said) = command::stream(&mut command)?;
        let counts = if nextest { counts::of_nextest(&said) } else { counts::of_cargo_test(&said) };
        let counts = counts.context("the tests did not run to their end; see above")?;
        ensure!(fine || counts.failed > 0, "the test runner failed although no test did; see above");
        all.passed += counts.passed;
        all.failed += counts.failed;
    }
    if all.passed + all.failed == 0 {
        bail!("no test has such a name");
    }
    Ok(all)
}

fn surround(command: &mut Command, project: &Project, parts: &Parts, scratch: &Scratch) -> Result<()> {
    command
        .env("MUSTER_BIN_DIR", &parts.programs)
        .env("MUSTER_ASSETS_DIR", &parts.assets)
        .envs(python::variables(project))
        .envs([npm::variable(project)])
        .env("MUSTER_TEST_DATABASE_DIR", scratch.path());
    if let Some((testnet, own)) = &parts.images {
        command.envs(testnet.variables());
        command.env("MUSTER_TEST_SERVER_IMAGE", &own.server).env("MUSTER_TEST_WORKER_IMAGE", &own.worker);
        let chromium = setup::chromium().context("Chromium is not installed: sudo apt-get install chromium")?;
        command.env("CHROMIUM", chromium);
    }
    Ok(())
}

fn nextest_command(project: &Project, arguments: &Arguments, selection: &[String]) -> Command {
    let mut command = project.cargo(&["nextest", "run", "--no-fail-fast", "--no-tests", "pass", "--color", "never"]);
    command.args(selection);
    if arguments.fast {
        command.args(["--filterset", "not test(/^(docker|browser|api_fuzz|readers|status_bucket)::/)"]);
    }
    command.args(&arguments.names);
    command
}

fn plain_command(project: &Project, arguments: &Arguments, selection: &[String]) -> Command {
    let mut command = project.cargo(&["test", "--no-fail-fast"]);
    command.args(selection).args(["--", "--test-threads", "2"]);
    if arguments.fast {
        for left_out in ["docker::", "browser::", "api_fuzz::", "readers::", "status_bucket::"] {
            command.args(["--skip", left_out]);
        }
    }
    command.args(&arguments.names);
    command
}
