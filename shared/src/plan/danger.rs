//! Which steps cannot be taken back. One rule per kind, on the step alone; knows nothing of the live system.

use super::model::StepKind;

/// True unless the step can be shown to be harmless or to be undone by another step.
///
/// - Looking (inspect, logs, GET), waiting and telling people change nothing.
/// - Restart, stop, start, up, down without volumes, network connect and disconnect are taken back by their counterpart.
/// - Volumes removed and files overwritten by an archive are gone.
/// - Scripts, unknown shell lines and commands inside a service can do anything, unless the command is one of a few that
///   only read.
/// - SQL is harmless if it is a single SELECT, SHOW or EXPLAIN that calls only functions known to read.
/// - An HTTP request other than GET, HEAD or OPTIONS asks the other side to change something.
pub fn is_destructive(kind: &StepKind) -> bool {
    match kind {
        StepKind::Inspect { .. }
        | StepKind::Logs { .. }
        | StepKind::Restart { .. }
        | StepKind::Stop { .. }
        | StepKind::Start { .. }
        | StepKind::Up { .. }
        | StepKind::NetworkConnect { .. }
        | StepKind::NetworkDisconnect { .. }
        | StepKind::WaitUntil { .. }
        | StepKind::Notify { .. }
        | StepKind::Manual {} => false,
        StepKind::Down { volumes } => *volumes,
        StepKind::RemoveVolumes { .. } | StepKind::Extract { .. } | StepKind::Script { .. } | StepKind::Shell {} => {
            true
        }
        StepKind::Http { method, .. } => !matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS"),
        StepKind::Exec { argv, .. } => !argv.first().is_some_and(|program| ONLY_READS.contains(&program.as_str())),
        StepKind::Sql { query, .. } => !only_reads(query),
    }
}

/// Programs that cannot be told to write by any argument.
const ONLY_READS: [&str; 14] =
    ["cat", "df", "du", "false", "head", "id", "ls", "pg_isready", "ps", "stat", "true", "uname", "uptime", "whoami"];

/// Functions that only compute. `pg_terminate_backend`, `setval` and the like are not here.
const FUNCTIONS: [&str; 26] = [
    "abs",
    "age",
    "array_agg",
    "avg",
    "bool_and",
    "bool_or",
    "coalesce",
    "count",
    "current_setting",
    "date_trunc",
    "exists",
    "extract",
    "in",
    "length",
    "lower",
    "max",
    "min",
    "now",
    "over",
    "pg_database_size",
    "pg_is_in_recovery",
    "pg_size_pretty",
    "round",
    "sum",
    "upper",
    "version",
];
/// Words before a bracket that are no function.
const BEFORE_BRACKET: [&str; 12] =
    ["select", "from", "where", "and", "or", "not", "on", "join", "as", "by", "any", "filter"];
/// Words that make a SELECT or an EXPLAIN write, lock or run something.
const WRITES: [&str; 19] = [
    "into", "update", "delete", "insert", "merge", "create", "drop", "alter", "truncate", "grant", "revoke", "copy",
    "call", "do", "execute", "lock", "vacuum", "analyze", "share",
];

fn only_reads(query: &str) -> bool {
    let query = query.trim().trim_end_matches(';').to_lowercase();
    // Quoted text, comments and several statements are not looked into: they are refused as possibly writing.
    if query.contains([';', '\\', '"', '$']) || query.contains("/*") || query.contains("--") {
        return false;
    }
    let words: Vec<&str> =
        query.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).collect();
    if !matches!(words.first(), Some(&("select" | "show" | "explain")))
        || words.iter().any(|word| WRITES.contains(word))
    {
        return false;
    }
    query.match_indices('(').all(|(at, _)| {
        let before = query.get(..at).unwrap_or_default().trim_end();
        let name = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).next().unwrap_or_default();
        name.is_empty() || FUNCTIONS.contains(&name) || BEFORE_BRACKET.contains(&name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_queries_shown_to_read_are_harmless() {
        for query in [
            "SELECT MAX(height) FROM blocks;",
            "select count(*), min(h) from (select h from b) as x where h in (1, 2)",
            "SHOW server_version",
            "EXPLAIN SELECT 1",
            "SELECT 'a' || name FROM t",
        ] {
            assert!(only_reads(query), "{query}");
        }
        for query in [
            "DELETE FROM blocks",
            "SELECT 1; DROP TABLE x",
            "SELECT pg_terminate_backend(1)",
            "SELECT * INTO copy FROM t",
            "EXPLAIN ANALYZE DELETE FROM t",
            "SELECT 1 FROM t FOR UPDATE",
            "SELECT 1 FROM t FOR SHARE",
            "\\! rm -rf /",
            "SELECT \"evil\"()",
            "SELECT pg_catalog.setval('s', 1)",
            "WITH x AS (DELETE FROM t RETURNING 1) SELECT 1",
            "",
        ] {
            assert!(!only_reads(query), "{query}");
        }
    }

    #[test]
    fn what_can_be_taken_back_is_not_destructive() {
        let exec = |program: &str| StepKind::Exec { service: "s".into(), argv: vec![program.into()] };
        for (kind, expected) in [
            (StepKind::Down { volumes: false }, false),
            (StepKind::Down { volumes: true }, true),
            (StepKind::Stop { services: vec![] }, false),
            (StepKind::Shell {}, true),
            (StepKind::Http { method: "GET".into(), url: String::new() }, false),
            (StepKind::Http { method: "POST".into(), url: String::new() }, true),
            (exec("ls"), false),
            (exec("sh"), true),
        ] {
            assert_eq!(is_destructive(&kind), expected, "{kind:?}");
        }
    }
}
