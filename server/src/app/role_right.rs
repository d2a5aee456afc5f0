//! Giving a role a right from the command line: for what nobody at the console has, so nobody there can give it. Takes none away.

use serde_json::json;
use shared::{
    api::live::Topic,
    domain::{
        access::{Action, Rights, RoleName},
        actor::Actor,
    },
};
use store::{Store, StoreError};

use crate::error::AppError;

/// Makes the role if there is none of this name. People who have it have the right at once.
///
/// # Errors
/// If the role is one of those that come with Muster.
pub async fn give(store: &Store, name: &RoleName, action: Action) -> Result<(), AppError> {
    if name.built_in().is_some() {
        let message = format!(
            "What {name} allows is fixed; name a role of your own, it is made if there is none. Nothing was changed."
        );
        return Err(AppError::invalid("role", message));
    }
    let mut tx = store.begin().await?;
    tx.people_lock().await?;
    let before = match tx.role_fetch(name).await {
        Ok(role) => Some(role),
        Err(StoreError::NotFound) => None,
        Err(error) => return Err(error.into()),
    };
    let (had, second_factor) = before.map_or((Rights::default(), false), |role| (role.rights, role.second_factor));
    let has = Rights::of_custom(had.actions().into_iter().chain([action]));
    tx.role_save(name, Some(&has.actions()), second_factor).await?;
    let detail = json!({
        "from": {"may": had.actions(), "second_factor": second_factor},
        "to": {"may": has.actions(), "second_factor": second_factor},
    });
    tx.audit(&Actor::CommandLine, "role.saved", format!("role {name}"), detail);
    tx.live(Topic::People {});
    Ok(tx.commit().await?)
}
