//! What every calendar file needs: instants, and text that ends no line of it. Knows no event.

use shared::timestamp::Timestamp;

/// `20261122T031000Z`.
pub(crate) fn instant(at: Timestamp) -> String {
    let t = at.inner();
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        t.year(),
        u8::from(t.month()),
        t.day(),
        t.hour(),
        t.minute(),
        t.second()
    )
}

/// A calendar's lines end where it says; nothing that is typed ends one.
pub(crate) fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_ends_no_line_of_the_calendar() {
        assert_eq!(plain("a\r\nb\rEND:VEVENT\u{0}\tc"), "a\nbEND:VEVENTc");
        assert_eq!(instant(Timestamp::from_unix(1_795_317_007)), "20261122T031007Z");
    }
}
