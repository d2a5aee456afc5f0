//! Lines that Muster itself carries out: `muster notify AUDIENCE "TEXT"`. Tells nobody.

use super::{Meaning, Remark};
use crate::domain::{audience::Audience, text::NoticeText};
use crate::plan::model::{Severity, StepKind};
use crate::plan::options::{DEPENDS, literals};
use crate::plan::shell::Word;
use crate::plan::words::{list, nearest, slug};

const MANNER: &str = "Write muster notify AUDIENCE \"TEXT\"";

/// A notice that cannot be read is a mistake. Other lines that call the program are a readme's, or for a person.
pub(super) fn read(arguments: &[Word]) -> Result<Meaning, String> {
    match arguments {
        [Word::Literal(verb), rest @ ..] if verb == "notify" => Ok(notify(rest).unwrap_or_else(|remark| *remark)),
        _ => Err(format!("the one line for Muster itself that a plan can have is notify. {MANNER}")),
    }
}

fn notify(arguments: &[Word]) -> Result<Meaning, Box<Meaning>> {
    let wrong = |code, message| Box::new(mistake(code, message));
    let about = |word: &str, code, message| Box::new(mistake_about(word, code, message));
    let Some(words) = literals(arguments) else {
        return Err(wrong("notice-text", format!("What people are told must stand in the plan, but here {DEPENDS}.")));
    };
    let [audience, text] = words.as_slice() else {
        return Err(match words.as_slice() {
            [] => wrong("unknown-audience", format!("This notice is for nobody and says nothing. {MANNER}.")),
            [one] if named(one).is_ok() => about(one, "notice-text", format!("This notice says nothing. {MANNER}.")),
            [one] => about(
                one,
                "unknown-audience",
                format!("This notice is for nobody, or says nothing: \"{one}\". {MANNER}."),
            ),
            [_, text, ..] => about(text, "notice-text", format!("A notice has one text, in quotes. {MANNER}.")),
        });
    };
    let audience = named(audience).map_err(|why| about(audience, "unknown-audience", why))?;
    let text = NoticeText::parse(text).map_err(|why| wrong("notice-text", why))?;
    Ok(Meaning::of(StepKind::Notify { audience, text: text.into_inner() }))
}

/// As a person writes it: `security-officer` or `Security Officer`.
fn named(word: &str) -> Result<Audience, String> {
    let (wanted, known) = (slug(word), Audience::ALL.map(Audience::name));
    wanted.parse().map_err(|_| {
        let meant = nearest(&wanted, known).map_or_else(String::new, |meant| format!("Did you mean \"{meant}\"? "));
        format!("There is nobody called \"{word}\" to be notified. {meant}Known are {}.", list(&known))
    })
}

fn mistake(code: &'static str, message: String) -> Meaning {
    let remarks = vec![Remark { severity: Severity::Error, code, message, word: None }];
    Meaning { kind: StepKind::Shell {}, remarks }
}

fn mistake_about(word: &str, code: &'static str, message: String) -> Meaning {
    let mut meaning = mistake(code, message);
    meaning.remarks.iter_mut().for_each(|remark| remark.word = Some(word.to_owned()));
    meaning
}
