//! Reads how many tests passed from what the test runners print. Runs nothing.

/// Passed and failed.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

/// From nextest's `Summary [   2.803s] 13 tests run: 12 passed (1 slow), 1 failed, 0 skipped`. Tests that were to run and did not
/// (`5/13 tests run`) failed.
pub(crate) fn of_nextest(said: &str) -> Option<Counts> {
    let line = said.lines().rev().find(|line| line.trim_start().starts_with("Summary ["))?;
    let (run, results) = line.split_once(']')?.1.split_once("run:")?;
    let planned = run.split_whitespace().next()?.rsplit('/').next()?.parse::<usize>().ok()?;
    let passed = before(results, "passed").unwrap_or(0);
    Some(Counts { passed, failed: planned.checked_sub(passed)? })
}

/// From every `test result: ok. 3 passed; 0 failed; 1 ignored; …` of cargo's own runner.
pub(crate) fn of_cargo_test(said: &str) -> Option<Counts> {
    let mut results = said.lines().filter(|line| line.starts_with("test result:")).peekable();
    results.peek()?;
    results.try_fold(Counts::default(), |sum, line| {
        Some(Counts { passed: sum.passed + before(line, "passed")?, failed: sum.failed + before(line, "failed")? })
    })
}

/// The number right before a word.
fn before(text: &str, word: &str) -> Option<usize> {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || ",;.()".contains(c)).filter(|word| !word.is_empty()).collect();
    words.windows(2).find(|pair| pair[1] == word)?[0].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_is_understood() {
        let cases = [
            ("     Summary [   2.803s] 13 tests run: 13 passed, 0 skipped", 13, 0),
            ("     Summary [   2.803s] 13 tests run: 12 passed (1 slow), 1 failed, 4 skipped\n  FAIL x", 12, 1),
            ("     Summary [  92.803s] 5/13 tests run: 4 passed, 1 timed out, 0 skipped", 4, 9),
            ("     Summary [   0.001s] 1 test run: 0 passed, 1 failed, 0 skipped", 0, 1),
        ];
        for (said, passed, failed) in cases {
            assert_eq!(of_nextest(said), Some(Counts { passed, failed }), "{said}");
        }
        assert_eq!(of_nextest("error: could not compile"), None);
    }

    #[test]
    fn cargos_own_runner_is_understood() {
        let said = "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured\n…\ntest result: FAILED. 2 passed; 1 failed; 0 ignored";
        assert_eq!(of_cargo_test(said), Some(Counts { passed: 5, failed: 1 }));
        assert_eq!(of_cargo_test("error"), None);
    }
}
