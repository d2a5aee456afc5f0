//! Licences of everything that is linked: each must be on the list, in the words of SPDX.

use super::Finding;
use crate::project::Metadata;

/// Licences under which we may ship what we link. Permissive ones, and file-level copyleft that asks nothing of our own files.
const FINE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    let all = metadata.packages.iter();
    all.filter_map(|package| {
        let place = format!("{} {}", package.name, package.version);
        match package.license.as_deref() {
            None => Some(Finding::broken(place, "names no licence")),
            Some(licence) if is_fine(licence) => None,
            Some(licence) => {
                Some(Finding::broken(place, format!("its licence `{licence}` is not on the list in tidy/licences.rs")))
            }
        }
    })
    .collect()
}

/// Evaluates an SPDX expression: OR is a choice, AND asks for both, AND binds tighter; `/` is the old way to write OR.
fn is_fine(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    any(&mut rest) == Some(true) && rest.is_empty()
}

fn any(rest: &mut &[&str]) -> Option<bool> {
    let mut fine = all(rest)?;
    while let Some((&"OR", after)) = rest.split_first() {
        *rest = after;
        fine |= all(rest)?;
    }
    Some(fine)
}

fn all(rest: &mut &[&str]) -> Option<bool> {
    let mut fine = one(rest)?;
    while let Some((&"AND", after)) = rest.split_first() {
        *rest = after;
        fine &= one(rest)?;
    }
    Some(fine)
}

fn one(rest: &mut &[&str]) -> Option<bool> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    if *first == "(" {
        let fine = any(rest)?;
        let (close, after) = rest.split_first()?;
        *rest = after;
        return (*close == ")").then_some(fine);
    }
    if let [with @ "WITH", exception, after @ ..] = *rest {
        *rest = after;
        return Some(FINE.contains(&format!("{first} {with} {exception}").as_str()));
    }
    Some(FINE.contains(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_as_spdx_means_them() {
        let cases = [
            ("MIT", true),
            ("MIT OR GPL-3.0", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0", false),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
            ("GPL-3.0 OR MIT AND ISC", true),
            ("Apache-2.0 WITH LLVM-exception OR GPL-2.0", true),
            ("GPL-2.0 WITH Classpath-exception-2.0", false),
            ("(MIT", false),
            ("", false),
        ];
        for (expression, fine) in cases {
            assert_eq!(is_fine(expression), fine, "{expression}");
        }
    }

    #[test]
    fn cargo_deny_is_told_the_same_list() {
        let rules = include_str!("../../../deny.toml");
        let list = rules.split("allow = [").nth(1).and_then(|rest| rest.split(']').next()).unwrap();
        let told: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
        assert_eq!(told, FINE);
    }
}
