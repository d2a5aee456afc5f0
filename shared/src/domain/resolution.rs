//! The blast radius: which objects of the live host each step means, by name. Built by the worker, consented to by people.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{digest::Digest, timestamp::Timestamp};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Resolution {
    pub taken_at: Timestamp,
    /// Name of the Docker host, as the worker knows it.
    pub host: String,
    /// The Compose project; nothing outside it can be touched.
    pub project: String,
    pub steps: Vec<ResolvedStep>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ResolvedStep {
    pub number: u32,
    /// What will happen, with names: "Restarts container bt2c_validator1_1".
    pub effect: String,
    pub has_effect: bool,
    pub destructive: bool,
    pub objects: Vec<ResolvedObject>,
    /// Of a step whose SQL deletes or changes rows: the tables it names. Shown to people, not part of the consent: a database at
    /// work has other numbers a second later, and the SQL itself is in `effect`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tables: Vec<ResolvedTable>,
    /// What it gets beside its objects: names and versions, never values. Part of the consent.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub secrets: Vec<ResolvedSecret>,
    /// Why a final check cannot be made by machine on this host; a person makes it then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by_hand: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ResolvedObject {
    pub kind: ObjectKind,
    /// Docker's id.
    pub id: String,
    pub name: String,
    /// The Compose service it belongs to.
    pub service: Option<String>,
    /// Image reference and id, for containers.
    pub image: Option<String>,
    pub image_id: Option<String>,
    /// "running", "exited (137)": shown to people, not part of the consent, because it is what the run is meant to change.
    pub state: Option<String>,
    /// Container port for an HTTP step.
    pub port: Option<u16>,
    /// How much is in a volume or a file; absent if that could not be told in time. Shown to people, not part of the consent: a
    /// volume in use grows, and a file's content is bound by its id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes: Option<u64>,
    /// Of a container's image as its registry names it, `postgres@sha256:…`; absent for one that was made here. Shown to people;
    /// consent binds to `image_id`, which is that image's content.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub image_digest: Option<String>,
}

/// A secret as it is at this moment: replaced, it has another version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ResolvedSecret {
    pub name: String,
    pub version: i32,
}

/// A table that a step's SQL takes rows from or changes rows of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ResolvedTable {
    pub name: String,
    /// All that are in it; absent if that could not be told.
    pub rows: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ObjectKind {
    Container,
    Volume,
    Network,
    /// A file on the host; its id is its digest.
    File,
}

impl Resolution {
    /// Over what consent binds to: host, project and the identity of every object, step by step. Time, state, sizes and numbers of
    /// rows are left out.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let steps: Vec<_> = self
            .steps
            .iter()
            .map(|step| {
                let objects: Vec<_> =
                    step.objects.iter().map(|o| (o.kind, &o.id, &o.name, &o.service, &o.image_id, o.port)).collect();
                let secrets: Vec<_> = step.secrets.iter().map(|s| (&s.name, s.version)).collect();
                let mut meant = json!([step.number, step.effect, step.destructive, objects]);
                // Without any, what was consented to before there were secrets keeps its digest.
                if let (false, Some(meant)) = (secrets.is_empty(), meant.as_array_mut()) {
                    meant.push(json!(secrets));
                }
                meant
            })
            .collect();
        Digest::of_value(&(&self.host, &self.project, steps))
    }

    /// What differs from `approved`, in words; empty if nothing that consent binds to.
    #[must_use]
    pub fn differences(&self, approved: &Self) -> Vec<String> {
        if self.digest() == approved.digest() {
            return vec![];
        }
        let mut found = vec![];
        if (&self.host, &self.project) != (&approved.host, &approved.project) {
            found.push(format!("the target is now {} on {}", self.project, self.host));
        }
        for (now, then) in self.steps.iter().zip(&approved.steps) {
            let same =
                |a: &ResolvedObject, b: &ResolvedObject| (&a.id, &a.image_id, a.port) == (&b.id, &b.image_id, b.port);
            let same_objects = now.objects.len() == then.objects.len()
                && now.objects.iter().zip(&then.objects).all(|(now, then)| same(now, then));
            for secret in now.secrets.iter().filter(|secret| !then.secrets.contains(secret)) {
                found.push(format!(
                    "step {} would now get another value of the secret {} (version {})",
                    now.number, secret.name, secret.version
                ));
            }
            if same_objects && now.effect != then.effect {
                found.push(format!("step {} would now do this: {}", now.number, now.effect));
            }
            for object in now.objects.iter().filter(|o| !then.objects.iter().any(|t| same(o, t))) {
                found.push(format!("step {} would now touch {} ({})", now.number, object.name, short(&object.id)));
            }
            for object in then.objects.iter().filter(|t| !now.objects.iter().any(|o| same(o, t))) {
                found.push(format!(
                    "step {}: the approved {} ({}) is no longer there",
                    then.number,
                    object.name,
                    short(&object.id)
                ));
            }
        }
        if found.is_empty() {
            found.push("the steps differ".into());
        }
        found
    }
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn resolution(id: &str, state: &str) -> Resolution {
        let object = ResolvedObject {
            service: Some("validator1".into()),
            image_id: Some("sha256:1".into()),
            state: Some(state.into()),
            ..fixtures::container(id, "bt2c_validator1_1")
        };
        fixtures::resolution(vec![fixtures::resolved_step(1, vec![object])])
    }

    #[test]
    fn consent_binds_to_identity_not_to_state_or_size() {
        let mut grown = resolution("a", "running");
        grown.steps[0].objects[0].bytes = Some(7);
        grown.steps[0].tables = vec![ResolvedTable { name: "block".into(), rows: Some(7) }];
        assert_eq!(resolution("a", "running").digest(), grown.digest());
        assert_eq!(resolution("a", "running").digest(), resolution("a", "exited").digest());
        assert_ne!(resolution("a", "running").digest(), resolution("b", "running").digest());
    }

    #[test]
    fn consent_binds_to_the_versions_of_secrets() {
        let with = |version| {
            let mut resolution = resolution("a", "running");
            resolution.steps[0].secrets = vec![ResolvedSecret { name: "TOKEN".into(), version }];
            resolution
        };
        assert_eq!(with(1).digest(), with(1).digest());
        assert_ne!(with(1).digest(), resolution("a", "running").digest());
        let differences = with(2).differences(&with(1));
        assert_eq!(differences, ["step 1 would now get another value of the secret TOKEN (version 2)"]);
        // As it was before there were secrets.
        let old = "2e3b667920732a3f44eff8a3d5cf6630caa0da124107a4e7ac12e8a0f9a653fc";
        assert_eq!(resolution("a", "running").digest().to_string(), old);
    }

    #[test]
    fn a_replaced_container_is_named_both_ways() {
        let differences = resolution("b", "running").differences(&resolution("a", "running"));
        assert_eq!(differences.len(), 2, "{differences:?}");
        assert!(differences[0].contains("bt2c_validator1_1 (b)"));
        assert!(resolution("a", "x").differences(&resolution("a", "y")).is_empty());
    }
}
