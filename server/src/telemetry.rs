//! Logging to standard error. No request body, cookie or password is ever a field.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::{Config, ConfigError, LogFormat};

/// Starts logging for the rest of the process. A second call changes nothing.
///
/// # Errors
/// If the filter cannot be read.
pub fn start(config: &Config) -> Result<(), ConfigError> {
    let filter = EnvFilter::try_new(&config.log)
        .map_err(|e| ConfigError::new(format!("log (MUSTER_LOG): \"{}\" is not a filter: {e}", config.log)))?;
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    // An error means that somebody has started logging already, which is as good.
    let _ = match config.log_format {
        LogFormat::Text => registry.with(layer.with_target(false)).try_init(),
        LogFormat::Json => registry.with(layer.json()).try_init(),
    };
    Ok(())
}
