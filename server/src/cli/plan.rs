//! `muster plan …`. Compiling is `shared`'s, importing is `app::plan`'s.

use std::{fmt::Write as _, fs, path::Path, process::ExitCode};

use server::{
    app::plan::{self, Import, Imported},
    config::Config,
};
use shared::{
    digest::Digest,
    domain::actor::Actor,
    plan::{Compiled, Diagnostic, Severity, compile},
};

use super::{Done, Failure, database::Database, message, result};

/// The text and what it compiles to. What is no text compiles to a plan with nothing in it and an error at the first odd byte.
fn read(file: &Path) -> Result<(String, Compiled), Failure> {
    let bytes = fs::read(file).map_err(|e| Failure::wrong(format!("{} cannot be read: {e}", file.display())))?;
    match String::from_utf8(bytes) {
        Ok(source) => {
            let compiled = compile(&source);
            Ok((source, compiled))
        }
        Err(error) => {
            let compiled = not_text(error.as_bytes(), error.utf8_error().valid_up_to());
            Ok((String::new(), compiled))
        }
    }
}

fn not_text(bytes: &[u8], valid: usize) -> Compiled {
    let before = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default());
    let count = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count());
    let message = "This file is not text in UTF-8, so it cannot be a plan. Save it as UTF-8 and check again.".into();
    let diagnostic = Diagnostic {
        severity: Severity::Error,
        code: "not-text".into(),
        message,
        line: count(before.matches('\n').count()),
        column: count(column),
    };
    let mut nothing = compile("");
    nothing.plan.digest = Digest::of(bytes);
    nothing.diagnostics = vec![diagnostic];
    nothing.gaps.clear();
    nothing
}

pub(crate) fn check(file: &Path, json: bool) -> Done {
    let (_, compiled) = read(file)?;
    if json {
        let text = serde_json::to_string_pretty(&compiled).map_err(|e| Failure::wrong(e.to_string()))?;
        result(format!("{text}\n").as_bytes())?;
    } else {
        result(report(&file.display().to_string(), &compiled).as_bytes())?;
    }
    Ok(if compiled.has_errors() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Notice => "notice",
    }
}

/// `1 error`, `2 errors`.
fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// `FILE:LINE:COLUMN: severity[code]: message` lines, gaps, and a summary.
fn report(file: &str, compiled: &Compiled) -> String {
    let mut text = String::new();
    for d in &compiled.diagnostics {
        let _ = writeln!(text, "{file}:{}:{}: {}[{}]: {}", d.line, d.column, severity(d.severity), d.code, d.message);
    }
    for gap in &compiled.gaps {
        let line = gap.line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = writeln!(text, "{file}{line}: gap[{}]: {}", gap.code, gap.message);
    }
    let plan = &compiled.plan;
    let count = |wanted| compiled.diagnostics.iter().filter(|d| d.severity == wanted).count();
    let runnable = plan.procedures.iter().filter(|p| p.unavailable.is_none()).count();
    let steps: usize = plan.procedures.iter().map(|p| p.steps.len()).sum();
    let _ = writeln!(
        text,
        "{}: {}, {}, {}, {} ({runnable} can run) with {}, {}, {}",
        if plan.title.is_empty() { file } else { &plan.title },
        counted(plan.contacts.len(), "contact"),
        counted(plan.levels.len(), "level"),
        counted(plan.components.len(), "component"),
        counted(plan.procedures.len(), "procedure"),
        counted(steps, "step"),
        counted(plan.rto.len(), "recovery time"),
        counted(plan.rpo.len(), "recovery point"),
    );
    let _ = writeln!(
        text,
        "{}, {}, {}, {}",
        counted(count(Severity::Error), "error"),
        counted(count(Severity::Warning), "warning"),
        counted(count(Severity::Notice), "notice"),
        counted(compiled.gaps.len(), "gap"),
    );
    text
}

/// What the command line says about the system.
pub(crate) struct Of<'a> {
    pub(crate) system: &'a str,
    pub(crate) project: Option<&'a str>,
    pub(crate) host: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
}

pub(crate) async fn import(file: &Path, of: Of<'_>, reason: &str) -> Done {
    let Of { system, project, host, name } = of;
    let config = Config::load()?;
    let (source, compiled) = read(file)?;
    if compiled.has_errors() {
        message(report(&file.display().to_string(), &compiled).trim_end());
        return Err(Failure::not_fine("the plan has errors; it was not imported"));
    }
    let database = Database::open(&config).await?;
    let wanted = Import { slug: system, project, host, name, reason, source: &source, compiled: &compiled };
    let imported = plan::import(&database.store, &Actor::CommandLine, wanted).await;
    database.close().await?;
    let said = match imported? {
        Imported::Unchanged { version, moved: false } => {
            format!("nothing changed: version {version} of the plan of {system} is this very text")
        }
        Imported::Unchanged { version, moved: true } => format!(
            "{system} lives on the host {} now; version {version} of its plan is this very text",
            host.unwrap_or_default()
        ),
        Imported::New { version, system_created: true } => {
            format!("created the system {system} and imported version {version} of its plan")
        }
        Imported::New { version, system_created: false } => {
            format!("imported version {version} of the plan of {system}")
        }
    };
    message(&said);
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn export(system: &str) -> Done {
    let database = Database::open_existing(&Config::load()?).await?;
    let source = plan::export(&database.store, system).await;
    database.close().await?;
    result(source?.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
