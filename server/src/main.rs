//! The program `muster`: its subcommands and nothing else. What they do is in `cli` and in the library.

mod cli;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use shared::domain::access::{Action, ContactRole, RoleName};

/// Muster: the recovery plan you wrote, running.
#[derive(Parser)]
#[command(name = "muster", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve,
    /// Check, import or export a recovery plan.
    #[command(subcommand)]
    Plan(PlanCommand),
    /// Manage the people who can sign in.
    #[command(subcommand)]
    User(UserCommand),
    /// Give a role what nobody at the console can give.
    #[command(subcommand)]
    Role(RoleCommand),
    /// The key that secrets are sealed with.
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Check or export the audit chain.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The public status page as files.
    #[command(subcommand)]
    Status(StatusCommand),
    /// Write everything a new machine needs into one file, while the server goes on. It holds password hashes and keys.
    Backup {
        file: PathBuf,
        /// Replace a file that is there.
        #[arg(long)]
        force: bool,
        /// One JSON document on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Bring a backup back into an empty data directory (or the blank database of DATABASE_URL), before the server is started.
    Restore {
        file: PathBuf,
        /// One JSON document on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Print the description of the API (OpenAPI 3.1, JSON).
    Openapi {
        /// A few lines per operation, for people.
        #[arg(long)]
        lines: bool,
    },
}

#[derive(Subcommand)]
enum PlanCommand {
    /// Say what a plan file compiles to and what is wrong with it. Needs no database.
    Check {
        file: PathBuf,
        /// One JSON document on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Make a plan file the newest version of a system's plan; the first import creates the system.
    Import {
        file: PathBuf,
        /// Short name of the system: lower-case letters, digits, hyphens.
        #[arg(long, value_name = "SLUG")]
        system: String,
        /// Compose project whose containers the plan is about [default: the slug].
        #[arg(long)]
        project: Option<String>,
        /// Docker host the system lives on, as that host's worker calls it (MUSTER_WORKER_HOST, else the engine's own name)
        /// [default: unchanged; for a new system whichever host has the project].
        #[arg(long, value_name = "HOST")]
        host: Option<String>,
        /// Name of a new system [default: the plan's title].
        #[arg(long, value_name = "TITLE")]
        name: Option<String>,
        /// Why this version exists, for the history.
        #[arg(long, value_name = "TEXT", default_value = "imported on the command line")]
        reason: String,
    },
    /// Print a system's newest plan, byte for byte as it was imported.
    Export {
        #[arg(long, value_name = "SLUG")]
        system: String,
    },
}

#[derive(Subcommand)]
enum StatusCommand {
    /// Copy the whole public page into a directory that any web server can serve. Replaces an older copy in one step.
    Export { directory: PathBuf },
}

#[derive(Subcommand)]
enum RoleCommand {
    /// Let a role of your own do one thing more; it is made if there is none. Restricted incidents (see-restricted) are for roles that
    /// were given it here: managing people gives no sight of them.
    Allow { role: RoleName, action: Action },
}

#[derive(Subcommand)]
enum SecretsCommand {
    /// Make a new key, and seal every secret of the plans' steps with it.
    Rotate,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Create an account; the password is read from standard input.
    Add {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// viewer, responder, operator, approver, administrator, or a role made here.
        #[arg(long)]
        role: RoleName,
        /// system-administrator, database-administrator or security-officer; may be repeated.
        #[arg(long = "contact-role", value_name = "ROLE")]
        contact_roles: Vec<ContactRole>,
    },
    /// Say that an account is somebody's at the identity provider (MUSTER_OIDC_ISSUER), so that they may come in by it.
    Link {
        #[arg(long)]
        email: String,
        /// What the provider calls the person: the claim `sub`. The audit log shows it after a refused sign-in.
        #[arg(long)]
        subject: String,
    },
    /// Print a link, good once and for a day, by which somebody sets a new password: the way back in for who is locked out.
    PasswordLink {
        #[arg(long)]
        email: String,
    },
    /// Print a link, good once and for a day, by which the first administrator makes their account. Only while there is nobody.
    FirstLink,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Check the chain: the database's, or that of an export.
    Verify(cli::audit::Verify),
    /// Print the public key that heads of this installation are signed with.
    Key {
        /// One JSON document on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Check the signature of a readiness report, without a server or a database.
    VerifyReport(cli::audit_report::VerifyReport),
    /// Print the whole chain as JSON Lines.
    Export,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return cli::failed(&cli::Failure::wrong(format!("the program could not start: {error}"))),
    };
    runtime.block_on(async {
        let done = match arguments.command {
            Command::Serve => cli::serve::serve().await,
            Command::Plan(PlanCommand::Check { file, json }) => cli::plan::check(&file, json),
            Command::Plan(PlanCommand::Import { file, system, project, host, name, reason }) => {
                let of = cli::plan::Of {
                    system: &system,
                    project: project.as_deref(),
                    host: host.as_deref(),
                    name: name.as_deref(),
                };
                cli::plan::import(&file, of, &reason).await
            }
            Command::Plan(PlanCommand::Export { system }) => cli::plan::export(&system).await,
            Command::User(UserCommand::Add { email, name, role, contact_roles }) => {
                cli::user::add(email, name, role, contact_roles).await
            }
            Command::User(UserCommand::Link { email, subject }) => cli::user::link(&email, &subject).await,
            Command::User(UserCommand::PasswordLink { email }) => cli::user::password_link(&email).await,
            Command::User(UserCommand::FirstLink) => cli::user::first_link().await,
            Command::Role(RoleCommand::Allow { role, action }) => cli::role::allow(role, action).await,
            Command::Secrets(SecretsCommand::Rotate) => cli::secrets::rotate().await,
            Command::Audit(AuditCommand::Verify(verify)) => cli::audit::verify(&verify).await,
            Command::Audit(AuditCommand::VerifyReport(verify)) => cli::audit_report::verify(&verify),
            Command::Audit(AuditCommand::Key { json }) => cli::audit::key(json),
            Command::Audit(AuditCommand::Export) => cli::audit::export().await,
            Command::Status(StatusCommand::Export { directory }) => cli::status::export(&directory).await,
            Command::Backup { file, force, json } => cli::backup::backup(&file, force, json).await,
            Command::Restore { file, json } => cli::backup::restore(&file, json).await,
            Command::Openapi { lines } => cli::openapi::openapi(lines),
        };
        done.unwrap_or_else(|failure| cli::failed(&failure))
    })
}
