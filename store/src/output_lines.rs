//! Lines on their way to the database, joined as they will be kept. Touches no database.

use shared::api::run::Stream;

use crate::output::CHUNK_LINES;

const MOST_BYTES: usize = 128 * 1024;

/// Lines of one attempt of a step that become one chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLines {
    pub(crate) step: i32,
    pub(crate) attempt: i32,
    streams: String,
    text: String,
}

impl NewLines {
    #[must_use]
    pub fn new(step: u32, attempt: u32) -> Self {
        let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
        Self { step: number(step), attempt: number(attempt), streams: String::new(), text: String::new() }
    }

    /// Adds a line. What would end it or what Postgres cannot hold is replaced by a sign that says so.
    pub fn push(&mut self, stream: Stream, line: &str) {
        if !self.streams.is_empty() {
            self.text.push('\n');
        }
        self.streams.push(match stream {
            Stream::Out => 'o',
            Stream::Err => 'e',
            Stream::Muster => 'm',
        });
        if line.bytes().any(|b| matches!(b, b'\n' | 0)) {
            self.text.push_str(&line.replace('\n', "\u{2424}").replace('\0', "\u{fffd}"));
        } else {
            self.text.push_str(line);
        }
    }

    /// No further line should be added: there are as many as a chunk may have, or they are long.
    #[must_use]
    pub fn is_full(&self) -> bool {
        i64::from(self.n_lines()) >= CHUNK_LINES || self.text.len() >= MOST_BYTES
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    #[must_use]
    pub fn n_lines(&self) -> i32 {
        i32::try_from(self.streams.len()).unwrap_or(i32::MAX)
    }

    #[must_use]
    pub fn n_bytes(&self) -> usize {
        self.text.len()
    }

    /// Adds another's lines, if they belong together and are few enough to be one chunk; else gives them back.
    ///
    /// # Errors
    /// With the other's lines, if they do not fit.
    pub fn join(&mut self, other: Self) -> Result<(), Self> {
        let same = (self.step, self.attempt) == (other.step, other.attempt);
        let n_lines = i64::from(self.n_lines()) + i64::from(other.n_lines());
        if !same || n_lines > CHUNK_LINES || self.text.len() + other.text.len() > MOST_BYTES {
            return Err(other);
        }
        if !self.is_empty() && !other.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&other.text);
        self.streams.push_str(&other.streams);
        Ok(())
    }

    pub fn lines(&self) -> impl Iterator<Item = (Stream, &str)> {
        let streams = self.streams.bytes().map(|letter| match letter {
            b'o' => Stream::Out,
            b'e' => Stream::Err,
            _ => Stream::Muster,
        });
        streams.zip(self.text.split('\n'))
    }

    /// Joined by line feeds.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// One letter for all lines, or one for each.
    pub(crate) fn streams(&self) -> &str {
        let first = self.streams.as_bytes().first();
        let alike = self.streams.bytes().all(|letter| Some(&letter) == first);
        if alike { &self.streams[..self.streams.len().min(1)] } else { &self.streams }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[(Stream, &str)]) -> NewLines {
        let mut new = NewLines::new(1, 1);
        lines.iter().for_each(|(stream, line)| new.push(*stream, line));
        new
    }

    #[test]
    fn lines_are_joined_and_stay_as_many_as_they_were() {
        let mut new = of(&[(Stream::Out, ""), (Stream::Out, "a\nb\0c")]);
        assert_eq!((new.text(), new.streams(), new.n_lines()), ("\na\u{2424}b\u{fffd}c", "o", 2));
        new.join(of(&[(Stream::Err, "")])).unwrap();
        assert_eq!((new.text().split('\n').count(), new.streams(), new.n_lines()), (3, "ooe", 3));
        let mut empty = NewLines::new(1, 1);
        empty.join(of(&[(Stream::Muster, "x")])).unwrap();
        assert_eq!((empty.text(), empty.streams()), ("x", "m"));
    }

    #[test]
    fn a_chunk_has_an_end() {
        let mut new = NewLines::new(1, 1);
        while !new.is_full() {
            new.push(Stream::Out, "x");
        }
        assert_eq!(i64::from(new.n_lines()), CHUNK_LINES);
        assert_eq!(new.clone().join(of(&[(Stream::Out, "one too many")])).unwrap_err().n_lines(), 1);
        assert!(NewLines::new(1, 1).join(NewLines::new(1, 2)).is_err(), "another attempt");
        let long = "x".repeat(MOST_BYTES);
        assert!(of(&[(Stream::Out, &long)]).is_full());
        assert!(of(&[(Stream::Out, "x")]).join(of(&[(Stream::Out, &long)])).is_err());
    }
}
