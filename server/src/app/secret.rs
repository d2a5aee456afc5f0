//! Secrets of a system: set, replaced, deleted, listed by name. No use case gives a value back; the server's own rights in the
//! database would not let it.

use serde_json::json;
use shared::{
    api::{
        live::Topic,
        secret::{MissingSecret, SecretIn, SecretView, SecretsView},
    },
    domain::secret::{SecretName, check_value},
    plan::{Plan, compile},
};
use store::{SealedSecret, SecretHead, Store, System, seal::Key};
use zeroize::Zeroizing;

use crate::{
    AppState,
    auth::permit::{ManageSecrets, Permit, ViewSecrets},
    error::{AppError, Found as _},
};

async fn system(store: &Store, slug: &str) -> Result<System, AppError> {
    store.system_by_slug(slug).await.found(|| format!("system {slug}"))
}

/// Procedures of the plan that give this secret to a step.
fn used_by(plan: Option<&Plan>, name: &str) -> Vec<String> {
    let uses = |p: &&shared::plan::Procedure| p.steps.iter().any(|s| s.secrets.iter().any(|n| n == name));
    plan.iter().flat_map(|plan| &plan.procedures).filter(uses).map(|p| p.title.clone()).collect()
}

async fn in_force(store: &Store, system: &System) -> Result<Option<Plan>, AppError> {
    Ok(store.plan_current(system.id).await?.map(|version| compile(&version.source).plan))
}

fn view(head: SecretHead, plan: Option<&Plan>) -> SecretView {
    let used_by = used_by(plan, &head.name);
    SecretView { name: head.name, version: head.version, set_by: head.set_by, set_at: head.set_at, used_by }
}

/// # Errors
/// If there is no such system.
pub async fn list(store: &Store, _permit: &Permit<ViewSecrets>, slug: &str) -> Result<SecretsView, AppError> {
    let system = system(store, slug).await?;
    let (heads, plan) = (store.secret_list(system.id).await?, in_force(store, &system).await?);
    let mut wanted: Vec<&String> = plan
        .iter()
        .flat_map(|plan| &plan.procedures)
        .flat_map(|procedure| &procedure.steps)
        .flat_map(|step| &step.secrets)
        .filter(|name| !heads.iter().any(|head| head.name == **name))
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let missing =
        wanted.into_iter().map(|name| MissingSecret { name: name.clone(), used_by: used_by(plan.as_ref(), name) });
    Ok(SecretsView {
        missing: missing.collect(),
        items: heads.into_iter().map(|head| view(head, plan.as_ref())).collect(),
    })
}

/// Sets it, or replaces what it was. Consent that was given to the old value is none to the new one.
///
/// # Errors
/// If name or value are not as they must be, or there is no such system.
pub async fn set(
    state: &AppState,
    permit: &Permit<ManageSecrets>,
    slug: &str,
    name: &str,
    input: SecretIn,
) -> Result<SecretView, AppError> {
    let value = Zeroizing::new(input.value);
    let system = system(&state.store, slug).await?;
    let name = SecretName::parse(name).map_err(|why| AppError::invalid("name", why))?;
    check_value(&value).map_err(|why| AppError::invalid("value", why))?;
    let key = &state.key;
    let by = permit.actor();
    let plan = in_force(&state.store, &system).await?;
    let mut tx = state.store.begin().await?;
    let (last, was_set) = tx.secret_lock(system.id, name.as_str(), &by).await?;
    let version = last + 1;
    let purpose = SealedSecret::purpose(system.id, name.as_str(), version);
    let sealed = key.seal(&purpose, value.as_bytes()).map_err(|error| AppError::bug(error.to_string()))?;
    let new = SealedSecret { system: system.id, name: name.to_string(), version, sealed };
    tx.secret_set(&new, &key.id(), &by).await?;
    let action = if was_set { "secret.replaced" } else { "secret.set" };
    tx.audit(&by, action, format!("secret {name} of {slug}"), json!({ "version": version }));
    tx.live(Topic::Plan { system: slug.to_owned() });
    let set_at = tx.now();
    tx.commit().await?;
    let head = SecretHead { name: new.name, version, key_id: key.id(), set_by: by, set_at };
    Ok(view(head, plan.as_ref()))
}

/// # Errors
/// If it is not set.
pub async fn delete(store: &Store, permit: &Permit<ManageSecrets>, slug: &str, name: &str) -> Result<(), AppError> {
    let system = system(store, slug).await?;
    let by = permit.actor();
    let mut tx = store.begin().await?;
    if !tx.secret_delete(system.id, name, &by).await? {
        return Err(AppError::not_found(format!("secret {name} of {slug}")));
    }
    tx.audit(&by, "secret.deleted", format!("secret {name} of {slug}"), json!({}));
    tx.live(Topic::Plan { system: slug.to_owned() });
    Ok(tx.commit().await?)
}

/// Seals everything with the newest key; as the tables' owner. The number of secrets that had another.
///
/// # Errors
/// If one cannot be opened; those before it are sealed anew, and all open as before.
pub async fn reseal(store: &Store, key: &Key) -> Result<usize, AppError> {
    let mut n = 0;
    for old in store.secrets_all().await? {
        if Key::id_of(&old.sealed).as_deref() == Some(&key.id()) {
            continue;
        }
        let purpose = SealedSecret::purpose(old.system, &old.name, old.version);
        let failed = |error| AppError::not_now(format!("The secret {} was not sealed anew: {error}.", old.name));
        let plain = key.open(&purpose, &old.sealed).map_err(failed)?;
        let sealed = key.seal(&purpose, &plain).map_err(failed)?;
        let mut tx = store.begin().await?;
        n += usize::from(tx.secret_reseal(&old, &sealed, &key.id()).await?);
        tx.commit().await?;
    }
    Ok(n)
}
