//! What `cd` means for the lines behind it. Only scripts and archives have a place; Compose acts on the system of the run.

use super::Meaning;
use crate::plan::model::StepKind;
use crate::plan::shell::{Shape, Simple, Word};

/// Where a plain `cd DIRECTORY` leads from `before`. `None` for every other line.
pub(crate) fn changed(shape: &Shape, before: Option<&str>) -> Option<String> {
    let Shape::Simple(Simple { words, beside: None }) = shape else { return None };
    match words.as_slice() {
        [Word::Literal(cd), Word::Literal(to)] if cd == "cd" && !to.is_empty() && !to.starts_with('-') => {
            Some(joined(before.unwrap_or_default(), to))
        }
        _ => None,
    }
}

/// The meaning as it is in that directory.
pub(super) fn within(mut meaning: Meaning, directory: &str) -> Meaning {
    match &mut meaning.kind {
        StepKind::Script { path, args } => {
            if args.iter().any(|arg| names_a_file_here(arg)) {
                return Meaning::shell(format!(
                    "its arguments depend on cd {}; write them as paths that begin with /",
                    super::shortened(directory)
                ));
            }
            *path = joined(directory, path);
        }
        StepKind::Extract { archive, into } => {
            *archive = joined(directory, archive);
            *into = Some(into.as_deref().map_or_else(|| directory.to_owned(), |into| joined(directory, into)));
        }
        _ => {}
    }
    meaning
}

/// `latest.sql`, `dumps/x`, also behind an option; not `validator1`, `--all` or `/var/x.sql`.
fn names_a_file_here(arg: &str) -> bool {
    let value = if arg.starts_with('-') { arg.split_once('=').map_or("", |(_, value)| value) } else { arg };
    !value.starts_with('/') && !value.contains("://") && value.contains(['/', '.'])
}

fn joined(directory: &str, path: &str) -> String {
    if path.starts_with('/') || directory.is_empty() {
        return path.to_owned();
    }
    let path = path.trim_start_matches("./");
    if path.is_empty() || path == "." {
        return directory.to_owned();
    }
    format!("{}/{path}", directory.trim_end_matches('/'))
}
