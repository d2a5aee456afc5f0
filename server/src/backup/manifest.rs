//! The first member of a backup: what the others are and what is true of them. Reads no file.

use serde::{Deserialize, Serialize};
use shared::{digest::Digest, timestamp::Timestamp};
use store::SnapshotFacts;

/// The format that this program writes, and the newest it reads.
pub const FORMAT: u32 = 1;
pub(super) const NAME: &str = "manifest.json";
/// The member that holds the database.
pub const DATABASE: &str = "database.dump";
/// Members below this are files of the data directory.
const BESIDE: &str = "data/";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// The version of Muster that made it.
    pub muster: String,
    /// The instant of the database that it holds, on the database's clock.
    pub created_at: Timestamp,
    pub schema_version: i64,
    /// Major version of the Postgres it was taken from.
    pub postgres: u32,
    /// Where the audit chain ends in it.
    pub audit: AuditHead,
    pub members: Vec<Member>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    pub seq: u64,
    pub hash: Digest,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub name: String,
    pub bytes: u64,
    pub sha256: Digest,
}

impl Manifest {
    pub(super) fn new(facts: &SnapshotFacts, members: Vec<Member>) -> Self {
        Self {
            format: FORMAT,
            muster: env!("CARGO_PKG_VERSION").into(),
            created_at: facts.at,
            schema_version: facts.schema_version,
            postgres: facts.postgres,
            audit: AuditHead { seq: facts.audit_entries, hash: facts.audit_head },
            members,
        }
    }

    /// A sentence if it does not say what a restore needs, or names a file that has no business in a data directory.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("it is of format {}, and this program knows format {FORMAT}", self.format));
        }
        let (mut databases, mut names) = (0, vec![]);
        for member in &self.members {
            match (member.name.as_str(), member.file()) {
                (DATABASE, _) => databases += 1,
                (_, Some(_)) => {}
                (name, None) => return Err(format!("it holds \"{name}\", which does not belong into a backup")),
            }
            names.push(&member.name);
        }
        names.sort();
        names.dedup();
        match (databases, names.len() == self.members.len()) {
            (1, true) => Ok(()),
            (0, _) => Err("it holds no database".into()),
            _ => Err("it holds something twice".into()),
        }
    }
}

impl Member {
    pub(super) fn beside(file: &str) -> String {
        format!("{BESIDE}{file}")
    }

    /// The file of the data directory that it is; `None` for the database, and for a path that leaves the directory.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        let file = self.name.strip_prefix(BESIDE)?;
        let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0']);
        file.split('/').all(plain).then_some(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(names: &[&str]) -> Manifest {
        let member = |name: &&str| Member { name: (*name).into(), bytes: 1, sha256: Digest::of(b"x") };
        Manifest {
            format: FORMAT,
            muster: "0".into(),
            created_at: Timestamp::from_unix(0),
            schema_version: 1,
            postgres: 15,
            audit: AuditHead { seq: 0, hash: Digest::of(b"x") },
            members: names.iter().map(member).collect(),
        }
    }

    #[test]
    fn only_a_database_and_files_of_the_data_directory_are_members() {
        assert_eq!(manifest(&[DATABASE, "data/keys/install", "data/audit-heads.jsonl"]).check(), Ok(()));
        let cases: [(&[&str], &str); 7] = [
            (&[], "no database"),
            (&["data/keys/install"], "no database"),
            (&[DATABASE, DATABASE], "twice"),
            (&[DATABASE, "data/a", "data/a"], "twice"),
            (&[DATABASE, "data/../../etc/passwd"], "does not belong"),
            (&[DATABASE, "data//etc/passwd"], "does not belong"),
            (&[DATABASE, "/etc/passwd"], "does not belong"),
        ];
        for (names, words) in cases {
            let error = manifest(names).check().unwrap_err();
            assert!(error.contains(words), "{names:?}: {error}");
        }
        let newer = Manifest { format: FORMAT + 1, ..manifest(&[DATABASE]) };
        assert!(newer.check().unwrap_err().contains("format 2"));
    }
}
