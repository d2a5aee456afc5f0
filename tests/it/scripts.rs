//! What an operator types at the plan's recovery scripts before anything happens: help, options, mistakes. Needs no Docker; what
//! the scripts do is tested in `docker`.

use std::process::{Command, Output};

use tests::testnet::root;

fn scripts() -> Vec<String> {
    let directory = std::fs::read_dir(root().join("plans/bt2c/scripts")).unwrap();
    let names = directory.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut scripts: Vec<_> = names.filter(|name| name.ends_with(".sh")).collect();
    scripts.sort();
    assert_eq!(scripts.len(), 20);
    scripts
}

/// Without a Docker client: an argument that is taken for good leads to that, and no further.
fn run(script: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("bash");
    command.arg(root().join("plans/bt2c/scripts").join(script)).args(arguments).env("DOCKER_HOST", "unix:///nowhere");
    command.env("MUSTER_INCIDENT_DECLARED_AT", "2026-11-22T03:10:00Z").output().unwrap()
}

fn help(script: &str) -> String {
    let output = run(script, &["--help"]);
    assert_eq!(output.status.code(), Some(0), "{script}");
    String::from_utf8(output.stdout).unwrap()
}

/// Exit code and last words.
fn refused(script: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(script, arguments);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// As it says itself: the words between the brackets behind the name.
fn usage(script: &str) -> String {
    help(script).lines().find(|line| line.starts_with("usage: ")).unwrap().to_owned()
}

#[test]
fn every_script_says_what_its_exit_codes_mean() {
    for script in scripts() {
        let help = help(&script).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(help.starts_with(&format!("usage: {script}")), "{help}");
        let exit = help.split_once("Exit: 0 ").unwrap_or_else(|| panic!("{script} names no exit codes:\n{help}")).1;
        assert!(
            exit.contains("1 ") && exit.contains("2 wrong usage, or something needed is missing"),
            "{script}: {exit}"
        );
        let text = std::fs::read_to_string(root().join("plans/bt2c/scripts").join(&script)).unwrap();
        let refuses = text.contains("refuse \"") || text.contains("take_lock");
        let says = exit.split_whitespace().any(|word| word == "3");
        assert_eq!(says, refuses, "{script}: {exit}");
    }
}

#[test]
fn what_a_script_does_not_know_is_refused_before_anything_is_done() {
    for script in scripts() {
        let (code, said) = refused(&script, &["--nonsense"]);
        assert_eq!(code, Some(2), "{script}: {said}");
        assert!(said.contains("Nothing was done. --help says more."), "{script}: {said}");
    }
}

#[test]
fn shared_options_are_taken_where_the_help_names_them_and_nowhere_else() {
    for script in scripts() {
        let usage = usage(&script);
        for (option, arguments) in [
            ("--dry-run", &["--dry-run", "--nonsense"][..]),
            ("--check", &["--check", "--nonsense"]),
            ("--timeout", &["--timeout", "5", "--nonsense"]),
        ] {
            let (code, said) = refused(&script, arguments);
            assert_eq!(code, Some(2), "{script} {arguments:?}: {said}");
            let named = if usage.contains(option) { "--nonsense" } else { option };
            // A script whose options all take values looks for the value first.
            let by_value = said.contains("needs a value");
            assert!(said.contains(named) || by_value, "{script} {arguments:?} complains of something else: {said}");
        }
        if usage.contains("--timeout") {
            for (arguments, words) in
                [(&["--timeout"][..], "--timeout needs a value."), (&["--timeout", "soon"], "not 'soon'")]
            {
                let (code, said) = refused(&script, arguments);
                assert!(code == Some(2) && said.contains(words), "{script} {arguments:?}: {said}");
            }
        }
    }
}
