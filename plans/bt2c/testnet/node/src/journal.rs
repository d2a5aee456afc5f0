//! The node's log: one readable line per event on stdout. Not the chain's file (storage.rs).

use std::fmt::Display;
use std::io::Write;

use time::OffsetDateTime;
use time::macros::format_description;

pub(crate) fn info(text: impl Display) {
    write("info ", text);
}

pub(crate) fn warn(text: impl Display) {
    write("warn ", text);
}

pub(crate) fn error(text: impl Display) {
    write("error", text);
}

fn write(level: &str, text: impl Display) {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let at = OffsetDateTime::now_utc().format(&format).unwrap_or_default();
    // A closed stdout is no reason to stop making blocks.
    let _ = writeln!(std::io::stdout().lock(), "{at} {level} {text}");
}
