//! The testnet itself: what its nodes refuse, and what its backups refuse. No Muster takes part.

use std::time::{Duration, Instant};

use serde_json::Value;
use tests::testnet::{STAKES, Testnet, docker, said};

/// What became true, waited for at most half a minute.
fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn status(testnet: &Testnet, port: u16) -> Option<Value> {
    testnet.ask(port, "/api/v1/status").ok()
}

/// Exit code and document of `chain verify` on a validator's volume.
fn verify(testnet: &Testnet, validator: &str) -> (Option<i32>, Value) {
    let data = format!("{}:/data:ro", testnet.volume(&format!("{validator}-data")).unwrap());
    let config = format!("{}/network:/config:ro", testnet.config_dir().display());
    let output = testnet.program(&["-v", &data, "-v", &config], &["chain", "verify", "--json"]).unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

/// Exit code and document of `key check`: does validator2 take signatures of the key in this file for validator1?
fn check(testnet: &Testnet, key: &str) -> (Option<i32>, Value) {
    let network = format!("{}_default", testnet.project);
    let mount = format!("{}:/keys:ro", testnet.config_dir().display());
    let key = format!("/keys/{key}");
    let mut arguments = vec!["key", "check", "--peer", "validator2:7000", "--validator", "validator1", "--json"];
    arguments.extend(["--stakes", STAKES, "--key", &key, "--validators", "/keys/network/validators.json"]);
    let output = testnet.program(&["--network", &network, "-v", &mount], &arguments).unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
}

fn height_on_disk(testnet: &Testnet, validator: &str) -> u64 {
    verify(testnet, validator).1["height"].as_u64().unwrap()
}

#[test]
fn a_fork_deeper_than_the_limit_is_reported_and_healed_by_a_cut() {
    let testnet = Testnet::up_with(&[("TESTNET_MAX_REORG", "3")]).unwrap();
    let network = format!("{}_default", testnet.project);
    let validator1 = testnet.container("validator1").unwrap();
    let common = testnet.wait_for_height(testnet.port2, 2).unwrap();
    docker(&["network", "disconnect", &network, &validator1]).unwrap();
    testnet.wait_for_height(testnet.port2, common + 8).unwrap();
    // Ports are published through that network, so only afterwards can it be asked again.
    docker(&["network", "connect", "--alias", "validator1", &network, &validator1]).unwrap();

    let fork = wait_for("a fork in a status", || {
        let ports = [testnet.port1, testnet.port2];
        let mut forks = ports.into_iter().filter_map(|port| Some((port, status(&testnet, port)?["fork"].clone())));
        forks.find(|(_, fork)| !fork.is_null())
    });
    let (port, fork) = fork;
    let height = fork["height"].as_u64().unwrap();
    let now = testnet.height(port).unwrap();
    assert!(now > height + 3, "{fork}");
    assert_eq!(fork["peer"], if port == testnet.port1 { "validator2" } else { "validator1" });

    // It stays on its own chain and goes on.
    let own = testnet.ask(port, &format!("/api/v1/blocks/{now}")).unwrap()["hash"].clone();
    testnet.wait_for_height(port, now + 2).unwrap();
    assert_eq!(testnet.ask(port, &format!("/api/v1/blocks/{now}")).unwrap()["hash"], own);

    // A person decides against it.
    let loser = if port == testnet.port1 { "validator1" } else { "validator2" };
    testnet.compose(&["stop", "-t", "1", loser]).unwrap();
    let data = format!("{}:/data", testnet.volume(&format!("{loser}-data")).unwrap());
    let cut = testnet.program(&["-v", &data], &["chain", "cut", "--above", &height.to_string()]).unwrap();
    said(cut).unwrap();
    testnet.compose(&["start", loser]).unwrap();
    wait_for("one history", || {
        let both = [testnet.port1, testnet.port2].map(|port| testnet.ask(port, &format!("/api/v1/blocks/{now}")).ok());
        let [Some(one), Some(other)] = both else { return None };
        (one["hash"] == other["hash"]).then_some(())
    });
    assert!(status(&testnet, port).unwrap()["fork"].is_null());
}

#[test]
fn after_a_rotation_the_old_key_is_refused_and_the_new_one_taken() {
    let testnet = Testnet::up().unwrap();
    testnet.wait_for_height(testnet.port2, 2).unwrap();
    let config = testnet.config_dir();
    std::fs::copy(config.join("validator1/key"), config.join("stolen")).unwrap();
    let (code, taken) = check(&testnet, "stolen");
    assert_eq!((code, &taken["accepted"], &taken["listed_from"]), (Some(0), &true.into(), &vec![1].into()));

    testnet.compose(&["stop", "-t", "1", "validator1", "validator2"]).unwrap();
    let from = height_on_disk(&testnet, "validator1").max(height_on_disk(&testnet, "validator2")) + 1;
    let mount = format!("{}:/new", config.display());
    let rotate = ["key", "new", "--dir", "/new", "--validator", "validator1", "--from-height", &from.to_string()];
    said(testnet.program(&["-v", &mount], &rotate).unwrap()).unwrap();
    testnet.compose(&["start", "validator1", "validator2"]).unwrap();
    testnet.wait_for_height(testnet.port2, from).unwrap();

    let (code, stolen) = check(&testnet, "stolen");
    assert_eq!((code, &stolen["accepted"], &stolen["listed_from"]), (Some(1), &false.into(), &vec![1].into()));
    let (code, new) = check(&testnet, "validator1/key");
    assert_eq!((code, &new["accepted"], &new["listed_from"]), (Some(0), &true.into(), &vec![from].into()));

    // The thief's node is no peer any more.
    let (key, public) = (config.join("stolen"), config.join("network"));
    let (key, public) = (format!("{}:/secret/key:ro", key.display()), format!("{}:/config:ro", public.display()));
    let (network, stakes) = (format!("{}_default", testnet.project), format!("STAKES={STAKES}"));
    let mut thief = vec!["--network", &network, "-v", &key, "-v", &public, "-e", &stakes, "-e", "NODE_NAME=validator1"];
    thief.extend(["-e", "PEERS=validator2:7000", "-d"]);
    let thief = said(testnet.program(&thief, &[]).unwrap()).unwrap();
    let turned_away = wait_for("validator2 to turn the thief away", || {
        let logs = testnet.compose(&["logs", "--no-color", "validator2"]).ok()?;
        logs.lines().find(|line| line.contains("turned away")).map(str::to_owned)
    });
    docker(&["rm", "-f", "-v", thief.trim()]).unwrap();
    assert!(turned_away.contains("signs with another key than validator1 has"), "{turned_away}");

    // The network goes on with blocks of the new key, and older ones stay sound.
    wait_for("a block of the new key", || {
        let height = testnet.height(testnet.port2).ok()?;
        let made = (from..=height).any(|height| {
            let block = testnet.ask(testnet.port2, &format!("/api/v1/blocks/{height}"));
            block.is_ok_and(|block| block["proposer"] == "validator1")
        });
        made.then_some(())
    });
    assert_eq!(verify(&testnet, "validator2").1["sound"], true);
}

#[test]
fn a_truncated_table_and_a_damaged_chain_never_become_the_latest_backup() {
    let testnet = Testnet::up_with(&[("TESTNET_BACKUP_INTERVAL", "3600"), ("TESTNET_MAX_REORG", "3")]).unwrap();
    let (backup, postgres) = (testnet.container("backup").unwrap(), testnet.container("postgres").unwrap());
    testnet.wait_for_height(testnet.port1, 6).unwrap();
    let once = |kind: &str| docker(&["exec", &backup, "backup.sh", "once", kind]);
    let said = wait_for("a first backup", || once("all").ok());
    for kind in ["database", "chain", "configuration"] {
        assert!(said.contains(&format!("backup of the {kind}: ")), "{said}");
    }
    let latest = |link: &str| std::fs::read_link(testnet.backup_dir().join(link)).unwrap();
    let (dump, chain) = (latest("latest.sql"), latest("chain_backup.tar.gz"));
    let side = std::fs::read_to_string(testnet.backup_dir().join(format!("{}.json", dump.display()))).unwrap();
    let side: Value = serde_json::from_str(&side).unwrap();
    assert_eq!(side["rows"].as_u64().unwrap(), side["max_height"].as_u64().unwrap() + 1);

    testnet.compose(&["stop", "-t", "1", "validator1", "validator2"]).unwrap();
    let delete = |which: &str| {
        let delete = format!("DELETE FROM blocks WHERE {which}");
        docker(&["exec", &postgres, "psql", "-U", "bt2c", "-qc", &delete]).unwrap();
        once("db")
    };
    let refused = delete("height > 1").unwrap_err().to_string();
    assert!(refused.contains("backup refused") && refused.contains("only 2 rows up to height 1"), "{refused}");
    assert_eq!(latest("latest.sql"), dump);
    std::fs::write(testnet.backup_dir().join("accept-lower"), "").unwrap();
    let accepted = once("db").unwrap();
    assert!(accepted.contains("accepted as wished"), "{accepted}");
    let lower = latest("latest.sql");
    assert_ne!(lower, dump);
    let refused = delete("height = 0").unwrap_err().to_string();
    assert!(refused.contains("backup refused") && refused.contains("gaps"), "{refused}");
    assert_eq!(latest("latest.sql"), lower);

    // One digit of the signature of block 2, in both files.
    let image = std::env::var_os("TESTNET_POSTGRES_IMAGE").unwrap_or_else(|| "muster-testnet-postgres:local".into());
    let flip = r#"sed -i '3s/"signature":"0/"signature":"1/;t;3s/"signature":"./"signature":"0/' /data/chain.jsonl"#;
    for name in ["validator1", "validator2"] {
        let mount = format!("{}:/data", testnet.volume(&format!("{name}-data")).unwrap());
        let run = [
            "run",
            "--rm",
            "--network",
            "none",
            "-v",
            &mount,
            "--entrypoint",
            "sh",
            &image.to_string_lossy(),
            "-c",
            flip,
        ];
        docker(&run).unwrap();
        let (code, report) = verify(&testnet, name);
        let bad = &report["first_bad"];
        assert_eq!(
            (code, &report["sound"], &bad["height"], &bad["line"]),
            (Some(1), &false.into(), &2.into(), &3.into())
        );
        assert!(bad["reason"].as_str().unwrap().contains("signature"), "{bad}");
    }
    let refused = once("chain").unwrap_err().to_string();
    assert!(refused.contains("the chain of validator1 is damaged: its signature"), "{refused}");
    assert_eq!(latest("chain_backup.tar.gz"), chain);
}
