//! The harness: a fresh database, a server on port 0, a worker, people as clients, the testnet and a browser. Holds no assertions.

pub mod alertmanager;
pub mod browser;
pub mod certificates;
pub mod cluster;
pub mod crash;
pub mod described;
pub mod engine;
pub mod events;
pub mod history;
pub mod liar;
pub mod mailbox;
pub mod muster;
pub mod netlink;
pub mod pace;
pub mod persona;
pub mod postgres;
pub mod programs;
pub mod provider;
pub mod scene;
pub mod sshd;
pub mod testnet;
