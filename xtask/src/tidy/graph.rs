//! Which crate may depend on which, and who alone may bring in the heavy ones.

use super::Finding;
use crate::project::Metadata;

/// Crate, and the crates of ours it may depend on.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("shared", &[]),
    ("store", &["shared"]),
    ("outgoing", &[]),
    ("server", &["shared", "store", "outgoing"]),
    ("worker", &["shared", "store", "outgoing"]),
    ("web", &["shared"]),
    ("testnet-node", &[]),
    ("xtask", &[]),
    ("tests", &["shared", "store", "outgoing", "server", "worker"]),
];

/// A dependency that only these may bring in; `tests` always may.
const ONLY: &[(&str, &[&str])] = &[
    ("bollard", &["worker"]),
    ("sqlx", &["store"]),
    ("axum", &["server", "testnet-node"]),
    ("leptos", &["web"]),
    ("tower-sessions", &["server"]),
];

/// Name of a crate of ours and what it depends on, as (name, only for tests).
type Crate<'a> = (&'a str, Vec<(&'a str, bool)>);

pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    let ours: Vec<Crate<'_>> = metadata
        .packages
        .iter()
        .filter(|package| metadata.workspace_members.contains(&package.id))
        .map(|package| {
            let needs =
                package.dependencies.iter().map(|needed| (needed.name.as_str(), needed.kind.as_deref() == Some("dev")));
            (package.name.as_str(), needs.collect())
        })
        .collect();
    findings(&ours)
}

fn findings(ours: &[Crate<'_>]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, needs) in ours {
        let Some((_, may)) = MAY_KNOW.iter().find(|(known, _)| known == name) else {
            found.push(Finding::broken(*name, "is in no row of tidy's table of who may know whom: add it"));
            continue;
        };
        for (needed, for_tests) in needs {
            let is_ours = ours.iter().any(|(other, _)| other == needed);
            if is_ours && !may.contains(needed) && !for_tests {
                found.push(Finding::broken(format!("{name}/Cargo.toml"), format!("{name} may not know {needed}")));
            }
            if let Some((_, wrappers)) = ONLY.iter().find(|(heavy, _)| heavy == needed)
                && !wrappers.contains(name)
                && *name != "tests"
            {
                found.push(Finding::broken(
                    format!("{name}/Cargo.toml"),
                    format!("only {} may depend on {needed}", wrappers.join(", ")),
                ));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_that_point_up_are_found() {
        let good: Vec<Crate<'_>> = vec![
            ("shared", vec![("serde", false)]),
            ("store", vec![("shared", false), ("sqlx", false)]),
            ("server", vec![("store", false), ("axum", false)]),
            ("tests", vec![("server", false), ("bollard", false)]),
        ];
        assert!(findings(&good).is_empty());
        let bad: Vec<Crate<'_>> = vec![
            ("shared", vec![("store", false)]),
            ("store", vec![("axum", false)]),
            ("server", vec![("bollard", false), ("sqlx", true)]),
            ("newcomer", vec![]),
        ];
        let places: Vec<String> = findings(&bad).into_iter().map(|finding| finding.place).collect();
        assert_eq!(
            places,
            ["shared/Cargo.toml", "store/Cargo.toml", "server/Cargo.toml", "server/Cargo.toml", "newcomer"]
        );
    }
}
