//! `cargo xtask sbom`: what is linked into the programs and the console, as CycloneDX 1.5. Made of `cargo metadata` and `Cargo.lock`
//! alone, so the same checkout always gives the same bytes; asks no registry.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::Path,
};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    command, lock,
    lock::Locked,
    progress::say,
    project::{self, Project},
    setup,
};

/// What is shipped, and the platform it is built for: the machine's own if none is named.
const SHIPPED: [(&str, Option<&str>); 3] = [("server", None), ("worker", None), ("web", Some(setup::WASM))];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

/// One crate that is linked, by its purl.
struct Linked {
    name: String,
    version: String,
    licence: Option<String>,
    ours: bool,
    needs: BTreeSet<String>,
}

pub(crate) fn run(project: &Project, out: &Path) -> Result<()> {
    let document = document(project)?;
    fs::write(out, &document).with_context(|| format!("cannot write {}", out.display()))?;
    say(&format!("The bill of materials is in {}", out.display()));
    Ok(())
}

/// The document's text.
pub(crate) fn document(project: &Project) -> Result<String> {
    let mut linked = BTreeMap::new();
    let host = host(project)?;
    for (root, platform) in SHIPPED {
        let mut cargo = project::cargo();
        cargo.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", platform.unwrap_or(&host)]);
        let metadata: Metadata = serde_json::from_str(&command::output(cargo.current_dir(&project.root))?)?;
        collect(&metadata, root, &mut linked);
    }
    Ok(serde_json::to_string_pretty(&bill(&linked, &lock::load(project)?))? + "\n")
}

fn host(project: &Project) -> Result<String> {
    let said = command::output(project.cargo(&["--version", "--verbose"]).current_dir(&project.root))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("cargo does not say which platform it runs on")
}

fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

/// Everything that is linked into `root`; what only builds or tests need is left out.
fn collect(metadata: &Metadata, root: &str, linked: &mut BTreeMap<String, Linked>) {
    let packages: HashMap<&str, &Package> = metadata.packages.iter().map(|p| (p.id.as_str(), p)).collect();
    let nodes: HashMap<&str, &Node> = metadata.resolve.nodes.iter().map(|n| (n.id.as_str(), n)).collect();
    let is_root = |package: &&Package| package.name == root && package.source.is_none();
    let mut open: Vec<&str> = metadata.packages.iter().filter(is_root).map(|p| p.id.as_str()).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        let (Some(package), Some(node)) = (packages.get(id), nodes.get(id)) else { continue };
        if !seen.insert(id) {
            continue;
        }
        let entry = linked.entry(purl(package)).or_insert_with(|| Linked {
            name: package.name.clone(),
            version: package.version.clone(),
            licence: package.license.clone(),
            ours: package.source.is_none(),
            needs: BTreeSet::new(),
        });
        for needed in &node.deps {
            if !needed.dep_kinds.iter().any(|kind| kind.kind.is_none()) {
                continue;
            }
            entry.needs.extend(packages.get(needed.pkg.as_str()).map(|package| purl(package)));
            open.push(&needed.pkg);
        }
    }
}

fn bill(linked: &BTreeMap<String, Linked>, locked: &[Locked]) -> Value {
    let checksums: HashMap<String, &str> = locked
        .iter()
        .filter_map(|package| {
            Some((format!("pkg:cargo/{}@{}", package.name, package.version), package.checksum.as_deref()?))
        })
        .collect();
    let components: Vec<Value> = linked
        .iter()
        .map(|(reference, crate_)| {
            let mut component = json!({
                "type": if crate_.ours { "application" } else { "library" },
                "bom-ref": reference,
                "name": crate_.name,
                "version": crate_.version,
                "purl": reference,
                "scope": "required",
            });
            if let Some(licence) = &crate_.licence {
                // Old crates write `/` for "or", which SPDX does not know.
                component["licenses"] = json!([{"expression": licence.replace('/', " OR ")}]);
            }
            if let Some(checksum) = checksums.get(reference) {
                component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
            }
            component
        })
        .collect();
    let dependencies: Vec<Value> =
        linked.iter().map(|(reference, crate_)| json!({"ref": reference, "dependsOn": crate_.needs})).collect();
    let version = linked.values().find(|crate_| crate_.ours).map(|crate_| crate_.version.clone());
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": serial(&components),
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": "muster", "name": "muster", "version": version},
        },
        "components": components,
        "dependencies": dependencies,
    })
}

/// A UUID of the content: the same bill has the same number.
fn serial(components: &[Value]) -> String {
    let digest = Sha256::digest(Value::from(components).to_string().as_bytes());
    let mut bytes: [u8; 16] = std::array::from_fn(|at| digest.get(at).copied().unwrap_or_default());
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bill_names_what_is_linked_with_its_checksum_and_nothing_that_only_builds_or_tests() {
        let project = Project::find().unwrap();
        let text = document(&project).unwrap();
        assert_eq!(text, document(&project).unwrap(), "the same checkout gives the same bytes");
        let bill: Value = serde_json::from_str(&text).unwrap();
        let components = bill["components"].as_array().unwrap();
        let named = |name: &str| components.iter().find(|component| component["name"] == name);
        for name in ["server", "worker", "web", "sqlx", "axum", "bollard", "argon2", "leptos"] {
            assert!(named(name).is_some(), "{name} is missing");
        }
        for name in ["chromiumoxide", "xtask", "tests", "wasm-bindgen-cli-support"] {
            assert!(named(name).is_none(), "{name} is linked into nothing that is shipped");
        }
        let locked = lock::load(&project).unwrap();
        let argon2 = locked.iter().find(|package| package.name == "argon2").unwrap();
        assert_eq!(named("argon2").unwrap()["hashes"][0]["content"], json!(argon2.checksum));
        let libraries = components.iter().filter(|component| component["type"] == "library");
        for library in libraries {
            assert!(library["hashes"][0]["content"].as_str().is_some_and(|sum| sum.len() == 64), "{library}");
            assert!(library["licenses"][0]["expression"].as_str().is_some_and(|words| !words.contains('/')));
        }
        let references: BTreeSet<&str> = components.iter().filter_map(|c| c["bom-ref"].as_str()).collect();
        for dependency in bill["dependencies"].as_array().unwrap() {
            let named = dependency["dependsOn"].as_array().unwrap();
            assert!(named.iter().all(|needed| references.contains(needed.as_str().unwrap())), "{dependency}");
        }
    }
}
