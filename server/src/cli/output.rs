//! The only place that writes to the terminal: results to standard output, messages to standard error.

use std::io::{self, Write as _};

use super::Failure;

/// A result, exactly as it is.
///
/// # Errors
/// If nobody takes it; a closed pipe is not an error.
pub(crate) fn result(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::wrong(format!("the result could not be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// One line for the person at the terminal.
pub(crate) fn message(text: &str) {
    // A terminal that is gone has nobody to tell.
    let _ = writeln!(io::stderr().lock(), "muster: {text}");
}
