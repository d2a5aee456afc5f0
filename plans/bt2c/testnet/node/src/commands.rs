//! What the program does instead of running a node: keys, and looking into chain files. Reads the command line, prints answers.

mod chain;
mod check;
mod keys;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde::Serialize;

use crate::config::{DATA_DIR, VALIDATORS_FILE};

/// A node of the testnet. Without a command it runs, with settings from the environment.
#[derive(Parser)]
#[command(
    name = "testnet-node",
    version,
    after_help = "Exit codes: 0 fine, 1 the thing checked is not fine, 2 wrong usage, or something could not be read or written."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// The keys of a whole network.
    #[command(subcommand)]
    Network(Network),
    /// One validator's key.
    #[command(subcommand)]
    Key(Key),
    /// Chain files of nodes that need not run.
    #[command(subcommand)]
    Chain(Chain),
}

#[derive(Subcommand)]
pub(crate) enum Network {
    /// Makes a configuration directory: network/validators.json and a secret key per validator.
    New(NetworkNew),
}

#[derive(Args)]
pub(crate) struct NetworkNew {
    /// The configuration directory; made if missing, and closed to everybody else.
    #[arg(long)]
    dir: PathBuf,
    /// Names and stakes, as in STAKES: validator1=60,validator2=40
    #[arg(long)]
    validators: String,
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
pub(crate) enum Key {
    /// Gives a validator a new key from a height on. Do it while its network is stopped: nodes read keys when they start.
    New(KeyNew),
    /// Asks a running peer whether it takes signatures of this key. Exit code 0: accepted, 1: refused.
    Check(KeyCheck),
}

#[derive(Args)]
pub(crate) struct KeyNew {
    /// The configuration directory.
    #[arg(long)]
    dir: PathBuf,
    #[arg(long)]
    validator: String,
    /// The first height that the new key signs: one more than the highest chain has.
    #[arg(long)]
    from_height: u64,
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct KeyCheck {
    /// The gossip port of a node, as HOST:PORT.
    #[arg(long)]
    peer: String,
    /// The file with the secret key.
    #[arg(long)]
    key: PathBuf,
    #[arg(long)]
    validator: String,
    /// Says from which heights the key is listed there.
    #[arg(long)]
    validators: Option<PathBuf>,
    /// The network's stakes, as in STAKES.
    #[arg(long)]
    stakes: String,
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
pub(crate) enum Chain {
    /// Reads the whole file: links, hashes, turns and signatures.
    Verify(Signed),
    /// The newest sound block, without looking at signatures.
    Head(Unsigned),
    /// Where two chain files part, without looking at signatures. Exit code 0: one continues the other, 1: they part.
    Fork(Fork),
    /// Drops the blocks above a height, after copying the file beside itself. Refuses while a node uses it.
    Cut(Cut),
    /// Writes the sound part of the file to standard output. Exit code 1: damage ended it early.
    Export(Export),
}

#[derive(Args)]
pub(crate) struct Signed {
    /// The directory with chain.jsonl.
    #[arg(long, default_value = DATA_DIR)]
    data: PathBuf,
    #[arg(long, default_value = VALIDATORS_FILE)]
    validators: PathBuf,
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Unsigned {
    /// The directory with chain.jsonl.
    #[arg(long, default_value = DATA_DIR)]
    data: PathBuf,
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Fork {
    #[arg(long)]
    data: PathBuf,
    #[arg(long)]
    other: PathBuf,
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Cut {
    /// The last height that stays.
    #[arg(long)]
    above: u64,
    #[arg(long, default_value = DATA_DIR)]
    data: PathBuf,
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct Export {
    #[arg(long, default_value = DATA_DIR)]
    data: PathBuf,
    #[arg(long, default_value = VALIDATORS_FILE)]
    validators: PathBuf,
    /// The last height to write.
    #[arg(long)]
    to_height: Option<u64>,
}

/// What a command found; an error is what kept it from looking.
enum Answer {
    Fine,
    NotFine,
}

pub(crate) fn run(command: Command) -> ExitCode {
    let answer = match command {
        Command::Network(Network::New(wanted)) => keys::network_new(&wanted),
        Command::Key(Key::New(wanted)) => keys::key_new(&wanted),
        Command::Key(Key::Check(wanted)) => check::key_check(&wanted),
        Command::Chain(Chain::Verify(wanted)) => chain::verify(&wanted),
        Command::Chain(Chain::Head(wanted)) => chain::head(&wanted),
        Command::Chain(Chain::Fork(wanted)) => chain::fork(&wanted),
        Command::Chain(Chain::Cut(wanted)) => chain::cut(&wanted),
        Command::Chain(Chain::Export(wanted)) => chain::export(&wanted),
    };
    match answer {
        Ok(Answer::Fine) => ExitCode::SUCCESS,
        Ok(Answer::NotFine) => ExitCode::from(1),
        Err(reason) => {
            complain(&reason);
            ExitCode::from(2)
        }
    }
}

/// One JSON document, or text for people.
fn print(json: bool, document: &impl Serialize, text: &str) -> Result<(), String> {
    let document = if json { serde_json::to_string(document).map_err(|error| error.to_string())? } else { text.into() };
    writeln!(std::io::stdout().lock(), "{document}").map_err(|error| format!("cannot write the answer: {error}"))
}

fn complain(reason: &str) {
    // There is nobody left to tell if this fails; the exit code says it too.
    let _ = writeln!(std::io::stderr().lock(), "testnet-node: {reason}");
}
