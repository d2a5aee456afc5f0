//! Rebuilds the store when a migration changes: the schema is inside the binary. Does nothing else.

fn main() {
    #[expect(clippy::print_stdout, reason = "how a build script speaks to cargo")]
    {
        println!("cargo:rerun-if-changed=../migrations");
    }
}
