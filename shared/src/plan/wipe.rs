//! Steps that Muster knows to wipe or overwrite, and what it says about them. Looks at no backup.

use super::document::Document;
use super::model::{Location, Procedure, StepKind};
use super::notes::Notes;
use super::words::list;

/// Kinds before which Muster itself looks for a verified backup.
pub(super) fn is_wipe(kind: &StepKind) -> bool {
    matches!(kind, StepKind::RemoveVolumes { .. } | StepKind::Down { volumes: true } | StepKind::Extract { .. })
}

/// Where the plan says that backups are.
pub(super) fn backups(locations: &[Location]) -> Vec<&Location> {
    locations.iter().filter(|location| location.section.to_lowercase().contains("backup")).collect()
}

/// One word for each procedure that wipes: what is dangerous about it, and what Muster does.
pub(super) fn warn(document: &Document<'_>, procedures: &[Procedure], locations: &[Location], notes: &mut Notes<'_>) {
    let backups = backups(locations);
    for procedure in procedures {
        let wipes: Vec<_> = procedure.steps.iter().filter(|step| is_wipe(&step.kind)).collect();
        let Some(first) = wipes.first() else { continue };
        let at = document.lines.start(first.line);
        let numbers: Vec<String> = wipes.iter().map(|step| step.number.to_string()).collect();
        let (which, them) = if wipes.len() == 1 {
            ("Step", "it is refused and nothing is lost")
        } else {
            ("Steps", "they are refused and nothing is lost")
        };
        let numbers = list(&numbers);
        let gone = "what cannot be brought back: volumes removed or files overwritten.";
        if backups.is_empty() {
            let message = format!(
                "{which} {numbers} would destroy {gone} Muster does that only after it has verified a backup, and the plan does not \
                 say where backups are, so {them}. Add a section \"Backup locations\" with items like - Database: `/var/backups/db/`."
            );
            notes.warning(at, "wipe-without-backup", message);
        } else {
            let places: Vec<&str> = backups.iter().map(|location| location.path.as_str()).collect();
            let message = format!(
                "{which} {numbers} would destroy {gone} Muster first looks at the newest backup in {}; unless each has its right \
                 checksum and is as recent as its recovery point promises, {them}.",
                list(&places)
            );
            notes.notice(at, "wipe-needs-backup", message);
        }
    }
}
