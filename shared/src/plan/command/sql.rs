//! `psql` inside a service, and which queries can be shown to only read. Speaks to no database.

use crate::plan::model::StepKind;
use crate::plan::options::{Known, Until, flag, literals, read as read_options, value};
use crate::plan::shell::Word;

const PSQL: [Known; 9] = [
    value(&["-U", "--username"]),
    value(&["-d", "--dbname"]),
    value(&["-c", "--command"]),
    flag(&["-t", "--tuples-only"]),
    flag(&["-A", "--no-align"]),
    flag(&["-q", "--quiet"]),
    flag(&["-X", "--no-psqlrc"]),
    flag(&["-w", "--no-password"]),
    value(&["-P", "--pset"]),
];

/// `psql -U user [-d database] -c "query"`. `None` for every other use: it stays an `exec`.
pub(super) fn psql(service: &str, options: &[&str]) -> Option<StepKind> {
    let words: Vec<Word> = options.iter().map(|&word| Word::Literal(word.to_owned())).collect();
    let given = read_options(&words, &PSQL, Until::End).ok()?;
    if given.options.iter().filter(|(name, _)| *name == "-c").count() != 1 {
        return None;
    }
    let query = given.value("-c")?.trim().to_owned();
    let names = literals(given.rest.iter().copied())?;
    let (database, user) = match names.as_slice() {
        [] => (None, None),
        [database] => (Some(*database), None),
        [database, user] => (Some(*database), Some(*user)),
        _ => return None,
    };
    Some(StepKind::Sql {
        service: service.to_owned(),
        user: given.value("-U").or(user).map(str::to_owned),
        database: given.value("-d").or(database).map(str::to_owned),
        query,
    })
}
