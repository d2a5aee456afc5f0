//! Every integration test in one binary. Modules named `docker` and `browser` need the real thing.

mod store_rules;
