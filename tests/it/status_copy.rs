//! The public site as files for another host: by the command, and kept by the server.

use std::{collections::BTreeSet, fs, path::Path};

use shared::{api::incident::ResolveIn, domain::access::Role};
use tests::{
    muster::Muster,
    programs::{Scratch, Terminal},
    scene::{eventually, message},
};

/// Every file below, by its path.
fn files(root: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut todo = vec![root.to_owned()];
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else {
                found.insert(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    found
}

#[tokio::test]
async fn the_command_copies_the_whole_site_and_touches_nothing_else() {
    let muster = Muster::start().await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let old = muster.declare(&responder, "validator2").await.unwrap().number;
    let end = ResolveIn {
        text: message("secret-end"),
        public_text: Some(message("It works again.")),
        notify: true,
        despite: None,
    };
    responder.api.resolve(old, &end).await.unwrap();
    let terminal = Terminal::open()
        .unwrap()
        .with("DATABASE_URL", &muster.database.url)
        .with("MUSTER_PUBLIC_URL", "https://status.example");
    let site = terminal.scratch.path().join("site");
    let to = site.display().to_string();
    let said = terminal.muster(&["status", "export", &to]).unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.starts_with("copied the status page of 2") && said.out.contains(&to), "{said:?}");
    let all = files(&site);
    let incident = format!("incidents/{n}/index.html");
    for path in ["index.html", "history/index.html", "feed.atom", "badge.svg", "api/v2/summary.json", &incident] {
        assert!(all.contains(path), "{path}: {all:?}");
    }
    let home = fs::read_to_string(site.join("index.html")).unwrap();
    assert!(home.contains("Some systems are unavailable") && home.contains("This is a copy, made"), "{home}");
    assert!(home.contains(&format!("href=\"{incident}\"")), "{home}");
    assert!(home.contains("https://status.example/login") && !home.contains("<script"), "{home}");
    for path in &all {
        let text = fs::read_to_string(site.join(path)).unwrap();
        for internal in ["secret-end", "validator1 is down", "paged by the watchdog", "Test responder"] {
            assert!(!text.contains(internal), "{path}: {internal}");
        }
    }

    // What is over replaces what was open; a directory of somebody else stays as it is.
    responder.api.resolve(n, &end).await.unwrap();
    assert_eq!(terminal.muster(&["status", "export", &to]).unwrap().code, Some(0));
    assert!(fs::read_to_string(site.join("index.html")).unwrap().contains("All systems operational"));
    assert!(fs::read_to_string(site.join(&incident)).unwrap().contains("It works again."));
    let theirs = terminal.scratch.path().join("theirs");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("thesis.txt"), "years of work").unwrap();
    let no = terminal.muster(&["status", "export", theirs.to_str().unwrap()]).unwrap();
    assert_eq!((no.code, no.out.as_str()), (Some(2), ""));
    assert!(no.err.contains("holds files that are no copy") && no.err.contains("Nothing was written"), "{}", no.err);
    assert_eq!(files(&theirs), BTreeSet::from(["thesis.txt".to_owned()]));
}

#[tokio::test]
async fn the_server_keeps_a_copy_that_outlives_it() {
    let scratch = Scratch::new().unwrap();
    let site = scratch.path().join("site");
    let directory = site.clone();
    let mut muster = Muster::start_with(|settings| settings.status_copy = Some(directory)).await.unwrap();
    let plan = fs::read_to_string(tests::testnet::root().join("plans/bt2c/plan.md")).unwrap();
    muster.give_plan(&plan, "bt2c").await.unwrap();
    let read = |path: &str| fs::read_to_string(site.join(path)).unwrap_or_default();
    eventually("there is a copy", async || read("index.html").contains("All systems operational")).await.unwrap();
    let responder = muster.persona(Role::Responder).await.unwrap();
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    eventually("it tells what is new", async || read("index.html").contains("validator1 is not available"))
        .await
        .unwrap();
    assert!(read(&format!("incidents/{n}/index.html")).contains("We are looking into it."));
    assert!(read("api/v2/incidents/unresolved.json").contains("validator1 is not available"));
    muster.stop_server().await.unwrap();
    assert!(read("index.html").contains("validator1 is not available"), "and it is there without the server");
}
