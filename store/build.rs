//! Rebuilds the store when a migration changes: the schema is inside the binary. Does nothing else.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
