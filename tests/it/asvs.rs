//! The table of ASVS requirements (`docs/asvs.md`) names files and tests: they must be there, and so must every requirement and every
//! gap. Whether a requirement is met is not judged here.

use std::collections::BTreeSet;

use tests::testnet::root;

fn table() -> String {
    std::fs::read_to_string(root().join("docs/asvs.md")).unwrap()
}

/// The cells of the rows with a number, above and below the heading of the first chapter.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .filter(|line| line.starts_with("| ") && line[2..].starts_with(|c: char| c.is_ascii_digit()))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

#[test]
fn every_requirement_of_level_one_and_two_stands_once_and_every_gap_is_told_at_the_top() {
    let text = table();
    let (top, chapters) = text.split_once("\n## V1 ").unwrap();
    let all = rows(chapters);
    // ASVS 5.0.0 has 70 requirements of level 1 and 183 of level 2.
    assert_eq!(all.iter().filter(|row| row[1] == "1").count(), 70);
    assert_eq!(all.iter().filter(|row| row[1] == "2").count(), 183);
    let numbers: BTreeSet<&str> = all.iter().map(|row| row[0]).collect();
    assert_eq!(numbers.len(), all.len(), "a number stands twice");
    assert!(all.iter().all(|row| row.len() == 5 && ["met", "n/a", "**gap**"].contains(&row[3]) && row[4].len() > 3));
    let gaps: BTreeSet<&str> = all.iter().filter(|row| row[3] == "**gap**").map(|row| row[0]).collect();
    let told: BTreeSet<&str> = rows(top).iter().map(|row| row[0]).collect();
    assert_eq!(gaps, told);
    let count = |what: &str| all.iter().filter(|row| row[3] == what).count();
    let sum = format!("{} met, {} not applicable, {} gaps", count("met"), count("n/a"), gaps.len());
    assert!(top.contains(&sum), "{sum}");
}

#[test]
fn the_files_and_tests_that_are_named_are_there() {
    let text = table();
    let named = text.split('`').skip(1).step_by(2);
    let (mut files, mut tests) = (0, 0);
    for name in named {
        if let Some((module, test)) = name.rsplit_once("::").filter(|(_, test)| *test != "*" && *test != "…") {
            let file = root().join("tests/it").join(module.replace("::", "/")).with_extension("rs");
            let source = std::fs::read_to_string(&file).unwrap_or_default();
            assert!(source.contains(&format!("fn {test}(")), "there is no test {name}");
            tests += 1;
        } else if name.contains('/') && !name.starts_with('/') && !name.contains(' ') {
            assert!(root().join(name).exists(), "there is no {name}");
            files += 1;
        }
    }
    assert!(files > 50 && tests > 40, "{files} files, {tests} tests");
}
