//! Directories of backups in every state: none, damaged, too old, good.

use std::fs;

use shared::{digest::Digest, plan::compile};

use super::*;

const PLAN: &str = "# P\n\n## Recovery\n```bash\ndocker compose ps\n```\n\n## Recovery Point Objectives (RPO)\n\n\
    | Data Type | RPO | Backup Frequency |\n|---|---|---|\n| Blockchain | 0 blocks | x |\n| Database | 5 minutes | x |\n\
    | Configuration | 1 hour | x |\n\n## Appendix\n\n### B. Backup Locations\n- Database: `/b/db/`\n- Blockchain: `/b/chain/`\n\n\
    ### C. Log Locations\n- System Logs: `/l/system.log`\n";

struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("muster-backup-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(path.join("db")).unwrap();
        fs::create_dir_all(path.join("chain")).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, content: &str, taken_at: i64) {
        let file = self.0.join(name);
        fs::write(&file, content).unwrap();
        fs::write(self.0.join(format!("{name}.sha256")), format!("{}  {name}\n", Digest::of(content.as_bytes())))
            .unwrap();
        let taken = format!("{{\"taken_at\": \"{}\"}}", Timestamp::from_unix(taken_at));
        fs::write(self.0.join(format!("{name}.json")), taken).unwrap();
    }

    async fn whole(&self, declared_at: i64) -> Result<Vec<String>, String> {
        let config = Config { paths: [("/b".to_owned(), self.0.clone())].into(), ..Config::for_projects(&["bt2c"]) };
        whole(&config, &compile(PLAN).plan, Timestamp::from_unix(declared_at), None).await
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn only_whole_and_young_backups_count() {
    let directory = Directory::new();
    let why = directory.whole(1000).await.unwrap_err();
    assert!(why.contains("no backup of Database") && why.contains("no backup of Blockchain"), "{why}");

    directory.put("db/1.sql", "old", 100);
    directory.put("db/2.sql", "new", 800);
    directory.put("chain/1.tar.gz", "chain", 1500);
    // Still being written: not a backup yet.
    fs::write(directory.0.join("db/3.sql"), "half").unwrap();
    let facts = directory.whole(1000).await.unwrap();
    assert_eq!(
        facts,
        [
            "backup of Database: 2.sql, taken 3 min 20 s before the incident, whole by its checksum, never restored on trial",
            "backup of Blockchain: 1.tar.gz, taken 8 min 20 s after the incident was declared, whole by its checksum, never restored on trial",
        ]
    );
    let why = directory.whole(1101).await.unwrap_err();
    assert!(why.contains("was taken 5 min 1 s before the incident, and the plan allows 5 min"), "{why}");

    fs::write(directory.0.join("db/2.sql"), "flipped").unwrap();
    let why = directory.whole(1000).await.unwrap_err();
    assert!(why.contains("2.sql, is not what its .sha256 says"), "{why}");
}

#[tokio::test]
async fn a_plan_without_backups_allows_nothing() {
    let plan = compile("# P\n\n## R\n```bash\ndocker compose ps\n```\n").plan;
    let why = whole(&Config::for_projects(&["x"]), &plan, Timestamp::from_unix(0), None).await.unwrap_err();
    assert!(why.contains("names no place of backups"), "{why}");
}

#[tokio::test]
async fn a_backup_that_a_step_is_given_is_told_wherever_its_name_leads() {
    let directory = Directory::new();
    directory.put("db/1.sql", "one", 100);
    directory.put("db/2.sql", "two", 200);
    fs::write(directory.0.join("db/3.sql"), "no checksum").unwrap();
    fs::write(directory.0.join("other.sql"), "elsewhere").unwrap();
    std::os::unix::fs::symlink("db/2.sql", directory.0.join("latest.sql")).unwrap();
    let config = Config { paths: [("/b".to_owned(), directory.0.clone())].into(), ..Config::for_projects(&["bt2c"]) };
    let plan = compile(PLAN).plan;
    let script = |arg: &str| StepKind::Script { path: "restore.sh".into(), args: vec!["--force".into(), arg.into()] };
    let found = async |kind: &StepKind, objects: &[ResolvedObject]| given(&config, &plan, kind, objects).await;
    let one =
        |name: &str, at| vec![("Database".to_owned(), Given { name: name.into(), taken_at: Timestamp::from_unix(at) })];
    assert_eq!(found(&script("/b/latest.sql"), &[]).await, one("2.sql", 200));
    assert_eq!(found(&script("/b/db/1.sql"), &[]).await, one("1.sql", 100));
    for no in ["/b/db/3.sql", "/b/other.sql", "/b/db", "/b/db/9.sql", "/etc/passwd", "latest"] {
        assert_eq!(found(&script(no), &[]).await, vec![], "{no}");
    }
    // The one that was approved, although its name leads to a newer one by now.
    let unpacks = StepKind::Extract { archive: "/b/latest.sql".into(), into: None };
    let approved = crate::files::object(&directory.0.join("db/1.sql"), String::new());
    assert_eq!(found(&unpacks, &[approved]).await, one("1.sql", 100));
    assert_eq!(found(&StepKind::Restart { services: vec![] }, &[]).await, vec![]);
}
