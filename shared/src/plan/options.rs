//! Command-line options of a known program: which were given, and what remains. Knows no program by name.

use super::shell::Word;

/// An option by its names; the first is the one it is called by.
pub(super) struct Known {
    pub(super) names: &'static [&'static str],
    pub(super) takes_value: bool,
}

pub(super) const fn flag(names: &'static [&'static str]) -> Known {
    Known { names, takes_value: false }
}

pub(super) const fn value(names: &'static [&'static str]) -> Known {
    Known { names, takes_value: true }
}

/// What stood on the line.
#[derive(Debug, Default)]
pub(super) struct Given<'w> {
    pub(super) options: Vec<(&'static str, String)>,
    pub(super) rest: Vec<&'w Word>,
}

impl Given<'_> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.options.iter().any(|(given, _)| *given == name)
    }

    /// The last value given, as most programs take it.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
    }
}

/// Where option reading ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    End,
    /// At the first word that is no option: what follows belongs to another program.
    FirstWord,
}

/// Reads options as `getopt` does: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-abc`, and `--` to end them.
pub(super) fn read<'w>(words: &'w [Word], known: &[Known], until: Until) -> Result<Given<'w>, String> {
    let mut given = Given::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = match word {
            Word::Literal(text) if text.len() > 1 && text.starts_with('-') => text.as_str(),
            _ => {
                given.rest.push(word);
                if until == Until::FirstWord {
                    break;
                }
                continue;
            }
        };
        if text == "--" {
            break;
        }
        if text.starts_with("--") {
            let (name, attached) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
            let option = find(known, name)?;
            match (option.takes_value, attached) {
                (true, Some(value)) => given.push(option, value),
                (true, None) => given.push(option, next(&mut words, name)?),
                (false, None) => given.push(option, ""),
                (false, Some(_)) => return Err(format!("the option {name} takes no value")),
            }
            continue;
        }
        for (at, letter) in text.char_indices().skip(1) {
            let name = format!("-{letter}");
            let option = find(known, &name)?;
            if option.takes_value {
                let attached = text.get(at + letter.len_utf8()..).filter(|value| !value.is_empty());
                match attached {
                    Some(value) => given.push(option, value),
                    None => given.push(option, next(&mut words, &name)?),
                }
                break;
            }
            given.push(option, "");
        }
    }
    given.rest.extend(words);
    Ok(given)
}

impl Given<'_> {
    fn push(&mut self, option: &Known, value: &str) {
        if let Some(name) = option.names.first() {
            self.options.push((name, value.to_owned()));
        }
    }
}

fn find<'k>(known: &'k [Known], name: &str) -> Result<&'k Known, String> {
    known.iter().find(|known| known.names.contains(&name)).ok_or_else(|| format!("the option {name} is not known here"))
}

fn next<'w>(words: &mut std::slice::Iter<'w, Word>, name: &str) -> Result<&'w str, String> {
    match words.next() {
        Some(Word::Literal(value)) => Ok(value),
        Some(_) => Err(format!("the value of {name} is only known while it runs")),
        None => Err(format!("the option {name} lacks its value")),
    }
}

/// The words' texts, if none of them depends on the moment.
pub(super) fn literals<'w>(words: impl IntoIterator<Item = &'w Word>) -> Option<Vec<&'w str>> {
    words
        .into_iter()
        .map(|word| match word {
            Word::Literal(text) => Some(text.as_str()),
            Word::Output(_) | Word::Dynamic => None,
        })
        .collect()
}

pub(super) const DEPENDS: &str = "it uses variables, file patterns or the output of another command";

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [Known; 3] = [value(&["--tail", "-n"]), flag(&["-f", "--follow"]), flag(&["-t"])];

    fn words(text: &str) -> Vec<Word> {
        text.split(' ').map(|word| Word::Literal(word.to_owned())).collect()
    }

    #[test]
    fn every_way_to_write_an_option() {
        for text in
            ["--tail=5 -f a", "--tail 5 --follow a", "-n 5 -f a", "-n5 -f a", "-ftn5 a", "a -fn 5", "-f -n5 -- a"]
        {
            let words = words(text);
            let given = read(&words, &KNOWN, Until::End).unwrap();
            assert_eq!((given.value("--tail"), given.has("-f")), (Some("5"), true), "{text}");
            assert_eq!(literals(given.rest), Some(vec!["a"]), "{text}");
        }
    }

    #[test]
    fn the_second_program_keeps_its_options() {
        let words = words("-f a -x --tail");
        let given = read(&words, &KNOWN, Until::FirstWord).unwrap();
        assert_eq!(literals(given.rest), Some(vec!["a", "-x", "--tail"]));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in ["-x", "--nope", "--tail", "--follow=1", "-n"] {
            assert!(read(&words(text), &KNOWN, Until::End).is_err(), "{text}");
        }
        assert!(read(&[Word::Literal("-n".into()), Word::Dynamic], &KNOWN, Until::End).is_err());
    }
}
