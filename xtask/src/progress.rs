//! What the person at the terminal reads: steps with their time, and plain lines. Decides nothing; the only printing place.

use std::{
    io::{self, Write as _},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;

/// How often a long step says that it is still at work.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

/// A line for the person.
pub(crate) fn say(text: &str) {
    // A closed terminal is no reason to stop half-way.
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// A line about a failure.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "error: {text}");
}

/// Runs one named step and says when it begins, that it goes on, and how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    say(&format!("  …  {name}"));
    let begun = Instant::now();
    let (done, wait) = mpsc::channel::<()>();
    let result = thread::scope(|scope| {
        scope.spawn(move || {
            while wait.recv_timeout(SIGN_OF_LIFE) == Err(RecvTimeoutError::Timeout) {
                say(&format!("     {name}: {} so far", seconds(begun.elapsed())));
            }
        });
        let result = work();
        drop(done);
        result
    });
    let mark = if result.is_ok() { "ok" } else { "!!" };
    say(&format!("  {mark} {name} ({})", seconds(begun.elapsed())));
    result
}

/// `0.4 s`, `12 s`, `3 min 5 s`.
pub(crate) fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        s @ 10..60 => format!("{s} s"),
        s => format!("{} min {} s", s / 60, s % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_to_read() {
        let cases = [(420, "0.4 s"), (12_900, "12 s"), (185_000, "3 min 5 s")];
        for (ms, text) in cases {
            assert_eq!(seconds(Duration::from_millis(ms)), text);
        }
    }
}
