//! The public site in a bucket, kept by the server, against a server that speaks S3 (s3rver, from npm).

use std::{path::PathBuf, process::Stdio};

use server::public::copy::bucket::{BucketSettings, RawBucket};
use shared::{api::incident::ResolveIn, domain::access::Role};
use tests::{
    mailbox::Receiver,
    muster::Muster,
    programs::Scratch,
    scene::{eventually, message},
    testnet::{free_port, root},
};
use tokio::process::{Child, Command};

/// The account that the program brings along.
const ACCOUNT: &str = "S3RVER";

fn npm() -> PathBuf {
    std::env::var_os("MUSTER_TEST_NPM").map_or_else(|| root().join("target/npm"), PathBuf::from)
}

fn bucket(address: &str, secret: &str) -> BucketSettings {
    let (address, key, secret) = (Some(address.to_owned()), Some(ACCOUNT.to_owned()), Some(secret.to_owned()));
    BucketSettings::parse(RawBucket { address, region: None, key, secret }).unwrap().unwrap()
}

struct S3 {
    _process: Child,
    address: String,
    _objects: Scratch,
}

impl S3 {
    async fn start() -> Self {
        let (objects, port) = (Scratch::new().unwrap(), free_port().unwrap());
        let process = Command::new("node")
            .arg(npm().join("node_modules/s3rver/bin/s3rver.js"))
            .args(["--silent", "--no-vhost-buckets", "--configure-bucket", "status", "-a", "127.0.0.1"])
            .args(["-p", &port.to_string(), "-d"])
            .arg(objects.path())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|e| panic!("node does not start: {e}; `cargo xtask test` installs what this needs"));
        let address = format!("http://127.0.0.1:{port}/status");
        let answers = async || reqwest::get(&address).await.is_ok();
        eventually("the bucket answers", answers).await.unwrap();
        Self { _process: process, address, _objects: objects }
    }

    /// As a visitor reads it; nothing if it is not there, or is being replaced at this moment.
    async fn read(&self, path: &str) -> String {
        let answer = reqwest::get(format!("{}/{path}", self.address)).await.unwrap();
        if answer.status() == 200 { answer.text().await.unwrap_or_default() } else { String::new() }
    }
}

#[tokio::test]
async fn a_bucket_follows_the_page_and_keeps_what_is_somebody_elses() {
    let s3 = S3::start().await;
    let client = reqwest::Client::new();
    client.put(format!("{}/pages/thesis.txt", s3.address)).body("years of work").send().await.unwrap();
    let settings = bucket(&format!("{}/pages", s3.address), ACCOUNT);
    let mut muster = Muster::start_with(|own| own.status_bucket = Some(settings)).await.unwrap();
    let plan = std::fs::read_to_string(root().join("plans/bt2c/plan.md")).unwrap();
    muster.give_plan(&plan, "bt2c").await.unwrap();
    eventually("it is there", async || s3.read("pages/index.html").await.contains("All systems operational"))
        .await
        .unwrap();
    let home = client.get(format!("{}/pages/index.html", s3.address)).send().await.unwrap();
    assert_eq!(home.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(home.headers()["cache-control"], "public, max-age=0, must-revalidate");
    let feed = client.get(format!("{}/pages/feed.atom", s3.address)).send().await.unwrap();
    assert_eq!(feed.headers()["content-type"], "application/atom+xml; charset=utf-8");

    let responder = muster.persona(Role::Responder).await.unwrap();
    let n = muster.declare(&responder, "validator1").await.unwrap().number;
    let told = async || s3.read("pages/index.html").await.contains("validator1 is not available");
    eventually("it tells what is new", told).await.unwrap();
    let page = s3.read(&format!("pages/incidents/{n}/index.html")).await;
    assert!(page.contains("We are looking into it.") && page.contains("This is a copy, made"), "{page}");
    assert!(s3.read("pages/badge/validator1.svg").await.contains("<svg"));
    let end = ResolveIn {
        text: message("secret-end"),
        public_text: Some(message("It works again.")),
        notify: true,
        despite: None,
    };
    responder.api.resolve(n, &end).await.unwrap();
    eventually("it tells the end", async || {
        s3.read(&format!("pages/incidents/{n}/index.html")).await.contains("It works again.")
    })
    .await
    .unwrap();

    // What is not on the page any more goes, as far as Muster put it there itself.
    eventually("the first page follows", async || {
        s3.read("pages/index.html").await.contains("All systems operational")
    })
    .await
    .unwrap();
    muster.stop_server().await.unwrap();
    assert!(!s3.read(&format!("pages/incidents/{n}/index.html")).await.is_empty(), "it is there without the server");
    let settings = bucket(&format!("{}/pages", s3.address), ACCOUNT);
    let _other = Muster::start_with(|own| own.status_bucket = Some(settings)).await.unwrap();
    let gone = async || s3.read(&format!("pages/incidents/{n}/index.html")).await.is_empty();
    eventually("what is gone is removed", gone).await.unwrap();
    assert_eq!(s3.read("pages/thesis.txt").await, "years of work");
}

/// s3rver believes signatures, so another program (aws4, from npm) computes them for the same instants.
#[tokio::test]
async fn requests_are_signed_as_another_program_signs_them() {
    let receiver = Receiver::start().await.unwrap();
    receiver.answer("/status/pages/.muster-status-copy.json", 404);
    let settings = bucket(&format!("{}/status/pages", receiver.base), "hush & hush/+=");
    let _muster = Muster::start_with(|own| own.status_bucket = Some(settings)).await.unwrap();
    let first = async || !receiver.to("/status/pages/index.html").is_empty();
    eventually("the first page is put", first).await.unwrap();
    let mark = receiver.to("/status/pages/.muster-status-copy.json");
    assert!(mark.len() >= 2 && mark[0].method == "GET" && mark[1].method == "PUT", "{mark:?}");
    for hook in mark.iter().chain(&receiver.to("/status/pages/index.html")) {
        let asked = hook.uri.to_string();
        let host = receiver.base.trim_start_matches("http://");
        let program = "const aws4 = require('aws4'); const [host, method, path] = process.argv.slice(1);
            const account = { accessKeyId: 'S3RVER', secretAccessKey: 'hush & hush/+=' };
            const asked = { service: 's3', region: 'us-east-1', signQuery: true, host, method, path };
            const found = new URLSearchParams(aws4.sign(asked, account).path.split('?')[1]).get('X-Amz-Signature');
            process.stdout.write(found);";
        let (unsigned, signature) = asked.split_once("&X-Amz-Signature=").unwrap();
        let said = Command::new("node")
            .args(["-e", program, host, hook.method.as_str(), unsigned])
            .current_dir(npm())
            .output()
            .await
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&said.stdout), signature, "{asked} {said:?}");
    }
}
