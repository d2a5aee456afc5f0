//! What keeps the tests' browsers from hearing of Docker's networks holds for every program that is started after it.

use std::process::Command;

fn opens(family: &str) -> bool {
    let script = format!("import socket; socket.socket(socket.{family}, socket.SOCK_DGRAM)");
    Command::new("/usr/bin/python3").args(["-c", &script]).output().unwrap().status.success()
}

#[test]
fn what_is_started_afterwards_hears_nothing_of_networks() {
    assert!(opens("AF_NETLINK"));
    tests::netlink::refuse().unwrap();
    assert!(!opens("AF_NETLINK"));
    assert!(opens("AF_INET") && opens("AF_UNIX"));
}
