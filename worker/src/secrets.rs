//! The secrets of a run's system, opened for as long as a job takes: for the steps that the plan gives them to, and to be masked
//! everywhere else. Writes none down.

use std::{collections::BTreeMap, sync::Arc};

use shared::{
    domain::resolution::{ResolvedSecret, ResolvedStep},
    ids::SystemId,
    plan::Step,
};
use store::{SealedSecret, StoreError, seal::Key};
use zeroize::Zeroizing;

use crate::{Worker, mask::Mask};

/// One secret as this worker finds it.
struct Found {
    version: i32,
    /// Why it cannot be opened here.
    value: Result<Zeroizing<String>, String>,
}

/// All that are set for one system.
#[derive(Default)]
pub(crate) struct Secrets {
    found: BTreeMap<String, Found>,
    mask: Arc<Mask>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("names", &self.found.keys()).finish_non_exhaustive()
    }
}

impl Secrets {
    /// As they are now.
    pub(crate) async fn load(worker: &Worker, system: SystemId) -> Result<Self, StoreError> {
        let sealed = worker.store.secrets_sealed(system).await?;
        if sealed.is_empty() {
            return Ok(Self::default());
        }
        let file = worker.config.secrets_key_file();
        let key = match Key::load(&file) {
            Ok(Some(key)) => Ok(key),
            Ok(None) => Err(format!(
                "this worker has no key to open it with: there is no {} (MUSTER_SECRETS_KEY_FILE)",
                file.display()
            )),
            Err(why) => Err(format!("this worker has no key to open it with: {why}")),
        };
        Ok(Self::of(sealed.into_iter().map(|secret| {
            let value = key.as_ref().map_err(Clone::clone).and_then(|key| open(key, &secret));
            (secret.name, secret.version, value)
        })))
    }

    fn of(all: impl Iterator<Item = (String, i32, Result<Zeroizing<String>, String>)>) -> Self {
        let found: BTreeMap<_, _> = all.map(|(name, version, value)| (name, Found { version, value })).collect();
        let known = found.iter().filter_map(|(name, found)| Some((name.as_str(), found.value.as_ref().ok()?.as_str())));
        let mask = Arc::new(Mask::new(known));
        Self { found, mask }
    }

    pub(crate) fn mask(&self) -> &Arc<Mask> {
        &self.mask
    }

    /// What consent to this step will bind to; the error completes "Step 2 …".
    pub(crate) fn resolve(&self, step: &Step) -> Result<Vec<ResolvedSecret>, String> {
        let one = |name: &String| match self.found.get(name) {
            None => Err(format!(
                "needs the secret {name}, which is not set for this system; an administrator sets it under Plan, Secrets"
            )),
            Some(Found { value: Err(why), .. }) => {
                Err(format!("needs the secret {name}, which cannot be opened: {why}"))
            }
            Some(found) => Ok(ResolvedSecret { name: name.clone(), version: found.version }),
        };
        step.secrets.iter().map(one).collect()
    }

    /// As environment variables.
    pub(crate) fn variables(&self, names: &[String]) -> BTreeMap<String, String> {
        let value = |name: &String| Some((name.clone(), self.found.get(name)?.value.as_ref().ok()?.to_string()));
        names.iter().filter_map(value).collect()
    }

    /// These are the versions that were consented to.
    pub(crate) fn same_as(&self, step: &Step, approved: Option<&ResolvedStep>) -> Result<(), String> {
        let now = self.resolve(step).map_err(|why| format!("this step {why}"))?;
        let then = approved.map(|approved| approved.secrets.as_slice()).unwrap_or_default();
        match now.iter().find(|secret| !then.contains(secret)) {
            None => Ok(()),
            Some(other) => Err(format!(
                "the secret {} is not the one that was approved (it has version {} now); nothing was done",
                other.name, other.version
            )),
        }
    }
}

fn open(key: &Key, secret: &SealedSecret) -> Result<Zeroizing<String>, String> {
    let purpose = SealedSecret::purpose(secret.system, &secret.name, secret.version);
    let plain = key.open(&purpose, &secret.sealed).map_err(|error| error.to_string())?;
    std::str::from_utf8(&plain).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| "it is no text".into())
}
