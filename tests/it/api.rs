//! The description of the API: that it is there, whole, and the one that was reviewed. That answers are as described, every test checks
//! (`tests::described`) and the fuzzer (`fuzz.rs`).

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::Value;
use server::openapi;
use tests::{described::assert_committed, muster::Muster, programs::Terminal, testnet::root};

#[test]
fn the_api_is_the_one_that_was_reviewed() {
    assert_committed("api.txt", &openapi::listing(openapi::api()));
}

#[test]
fn no_route_of_the_api_is_made_beside_the_table_that_describes_it() {
    let router = std::fs::read_to_string(root().join("server/src/router.rs")).unwrap();
    let beside: Vec<_> = router.lines().filter(|line| line.contains(".route(\"/api")).map(str::trim).collect();
    let fallbacks = [".route(\"/api\", any(no_such_address))", ".route(\"/api/{*rest}\", any(no_such_address))"];
    assert_eq!(beside, fallbacks);
    assert!(!router.contains(".nest("), "a nested router would not be described");
}

#[tokio::test]
async fn everybody_can_read_the_description_and_every_operation_of_it_is_there() {
    let muster = Muster::start_empty().await.unwrap();
    let stranger = muster.stranger().unwrap();
    let (status, document) = stranger.raw("GET", "/api/v1/openapi.json", None).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], muster.base);
    let mut told = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            told.insert(format!("{} {path}", method.to_uppercase()));
            // A path that is not routed is answered by the fallback, in words of its own.
            let address = path.replace("{number}", "1").replace("{slug}", "x");
            let answer = stranger.ask(&method.to_uppercase(), &address, None).await.unwrap();
            let status = answer.status();
            let said = if status.is_success() { String::new() } else { answer.text().await.unwrap() };
            assert!(status != StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert!(!said.contains("in this API"), "{method} {path}: {said}");
        }
    }
    let routed: BTreeSet<_> =
        openapi::api().operations.iter().map(|one| format!("{} {}", one.method, one.path)).collect();
    assert_eq!(told, routed);
}

#[test]
fn every_operation_and_every_shape_has_a_name_of_its_own() {
    let api = openapi::api();
    let ids: BTreeSet<_> = api.operations.iter().map(|one| &one.id).collect();
    assert_eq!(ids.len(), api.operations.len());
    // Two shapes with one name would be told apart by a digit.
    let numbered: Vec<_> = api.schemas.keys().filter(|name| name.ends_with(char::is_numeric)).collect();
    assert_eq!(numbered, ["ListOfint64"]);
    for operation in &api.operations {
        let named = operation.path.matches('{').count();
        let described = operation.parameters.iter().filter(|one| one.place == "path").count();
        assert_eq!(named, described, "{}", operation.path);
    }
}

#[test]
fn the_command_prints_the_same_document_without_a_database() {
    let terminal = Terminal::open().unwrap().with("MUSTER_PUBLIC_URL", "https://muster.example");
    let said = terminal.muster(&["openapi"]).unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    let printed: Value = serde_json::from_str(&said.out).unwrap();
    let public_url = server::config::PublicUrl::parse("https://muster.example").unwrap();
    assert_eq!(printed, openapi::document(&public_url));
    assert_eq!(printed["components"]["securitySchemes"]["session"]["name"], "__Host-muster");
}
