//! Muster from its own images under its own docker-compose.yml.
