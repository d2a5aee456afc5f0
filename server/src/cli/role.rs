//! `muster role …`. Knows no rule of who may give what: whoever has the machine has it.

use std::process::ExitCode;

use server::{app::role_right, config::Config};
use shared::domain::access::{Action, RoleName};

use super::{Done, database::Database, message};

pub(crate) async fn allow(name: RoleName, action: Action) -> Done {
    let config = Config::load()?;
    let database = Database::open(&config).await?;
    let given = role_right::give(&database.store, &name, action).await;
    database.close().await?;
    given?;
    message(&format!("whoever has the role {name} may {} from now on", action.words()));
    Ok(ExitCode::SUCCESS)
}
