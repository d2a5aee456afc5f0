//! `muster user …`. The password comes from standard input and goes nowhere but into its hash.

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    process::ExitCode,
};

use server::{
    app::{
        link,
        user::{self, NewAccount},
    },
    auth::{oidc, password::Passwords},
    config::Config,
};
use shared::{
    api::people::LinkView,
    domain::{
        access::{ContactRole, RoleName},
        actor::Actor,
    },
};

use super::{Done, Failure, database::Database, message, result};

pub(crate) async fn add(email: String, name: String, role: RoleName, contact_roles: Vec<ContactRole>) -> Done {
    let config = Config::load()?;
    let password = password()?;
    let database = Database::open(&config).await?;
    let new = NewAccount { email, name, role, contact_roles, password };
    let created = user::create(&database.store, &Passwords::default(), &Actor::CommandLine, new).await;
    database.close().await?;
    let created = created?;
    message(&format!("created the account {} ({})", created.email, created.role));
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn link(email: &str, subject: &str) -> Done {
    let config = Config::load()?;
    let Some(provider) = &config.oidc else {
        return Err(Failure::wrong(
            "no identity provider is set up here (MUSTER_OIDC_ISSUER), so there is nothing to tie the account to; nothing was changed",
        ));
    };
    let database = Database::open(&config).await?;
    let linked = oidc::link(&database.store, &Actor::CommandLine, &provider.issuer_name, subject, email).await;
    database.close().await?;
    linked?;
    message(&format!("{email} may come in by {} now", provider.name));
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn password_link(email: &str) -> Done {
    let config = Config::load()?;
    let database = Database::open(&config).await?;
    let made = async {
        let known = database.store.user_credentials(email.trim()).await.map_err(|e| Failure::wrong(e.to_string()))?;
        let Some((user, _)) = known else {
            return Err(Failure::wrong(format!("there is no account for {email}; nothing was made")));
        };
        Ok(link::password_link(&database.store, &config.public_url, &Actor::CommandLine, &user).await?)
    }
    .await;
    database.close().await?;
    shown(&made?)
}

pub(crate) async fn first_link() -> Done {
    let config = Config::load()?;
    let database = Database::open(&config).await?;
    let made = link::first_administrator(&database.store, &config.public_url).await;
    database.close().await?;
    let Some(made) = made? else {
        return Err(Failure::wrong(
            "there are accounts already; an administrator invites others, and `muster user add` makes one here",
        ));
    };
    shown(&made)
}

fn shown(made: &LinkView) -> Done {
    result(format!("{}\n", made.link).as_bytes())?;
    message(&format!("good once, until {}; whoever has it can use it", made.expires_at.utc_text()));
    Ok(ExitCode::SUCCESS)
}

fn password() -> Result<String, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        message("type the password and press Enter (it is shown; to hide it, pipe it in)");
    }
    let mut line = String::new();
    stdin.lock().read_line(&mut line).map_err(|e| Failure::wrong(format!("the password cannot be read: {e}")))?;
    let password = line.strip_suffix('\n').unwrap_or(&line);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err(Failure::wrong(
            "no password came on standard input; nothing was created. For example: echo \"$PASSWORD\" | muster user add …",
        ));
    }
    Ok(password.to_owned())
}
