//! People meant by name in a text: `@Name`. Knows nobody by itself; whom one may mean is the caller's.

use super::incident::Person;

/// Whether the text says `@name`, with nothing that would make it another name.
#[must_use]
pub fn names(text: &str, name: &str) -> bool {
    starts(text).any(|rest| says(rest, name))
}

/// Those of `people` whom the text means. Of names that begin alike the longest counts.
#[must_use]
pub fn found(text: &str, people: &[Person]) -> Vec<Person> {
    let mut meant: Vec<Person> = vec![];
    for rest in starts(text) {
        let fits = || people.iter().filter(|person| says(rest, &person.name));
        let longest = fits().map(|person| person.name.len()).max();
        for person in fits().filter(|person| Some(person.name.len()) == longest) {
            if !meant.contains(person) {
                meant.push(person.clone());
            }
        }
    }
    meant
}

/// What somebody is about to type as a name: from the last `@` that begins a word up to the end, if that may still become a name.
#[must_use]
pub fn begun(before_caret: &str) -> Option<&str> {
    let (before, typed) = before_caret.rsplit_once('@')?;
    let begins = before.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
    (begins && typed.chars().count() <= 40 && !typed.contains('\n')).then_some(typed)
}

fn starts(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('@').map(|(i, at)| text.get(i + at.len()..).unwrap_or_default())
}

fn says(rest: &str, name: &str) -> bool {
    let after = rest.strip_prefix(name);
    !name.is_empty() && after.is_some_and(|after| after.chars().next().is_none_or(|c| !c.is_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::UserId;

    #[test]
    fn who_is_meant() {
        let people: Vec<Person> = ["Ann", "Anna", "Ann Lee", "Bob", "Bob"]
            .into_iter()
            .zip(1..)
            .map(|(name, n)| Person { id: UserId(Uuid::from_u128(n)), name: name.into() })
            .collect();
        for (text, meant) in [
            ("@Ann looks", vec![1]),
            ("@Anna looks", vec![2]),
            ("ask @Ann Lee, then @Ann.", vec![3, 1]),
            ("@Annabel", vec![]),
            ("ann@Ann", vec![1]),
            ("@bob", vec![]),
            ("@Bob!", vec![4, 5]),
            ("@Ann @Ann", vec![1]),
            ("Ann, @", vec![]),
        ] {
            let ids: Vec<u128> = found(text, &people).iter().map(|person| person.id.0.as_u128()).collect();
            assert_eq!(ids, meant, "{text}");
            assert!(found(text, &people).iter().all(|person| names(text, &person.name)), "{text}");
        }
        assert!(!names("Anna", "Anna") && !names("@Annabel", "Anna"));
    }

    #[test]
    fn what_is_being_typed() {
        for (before, typed) in [
            ("hello @An", Some("An")),
            ("@", Some("")),
            ("(@Ann L", Some("Ann L")),
            ("mail me@ho", None),
            ("@Ann\nnext", None),
            ("nobody", None),
        ] {
            assert_eq!(begun(before), typed, "{before:?}");
        }
        assert_eq!(begun(&format!("@{}", "x".repeat(41))), None);
    }
}
