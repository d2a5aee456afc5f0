//! Files that are put to an incident: what they may be, decided by their content, and what they may be called. Touches no file.

use serde::{Deserialize, Serialize};

use crate::{digest::Digest, ids::AttachmentId};

/// One file.
pub const MOST_BYTES: u64 = 20 * 1024 * 1024;
/// All files of one incident together.
pub const MOST_BYTES_TOGETHER: u64 = 200 * 1024 * 1024;
/// Files of one incident.
pub const MOST_FILES: u64 = 200;
const NAME_CHARACTERS: usize = 150;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    Png,
    Jpeg,
    Gif,
    Webp,
    Pdf,
    /// UTF-8 without control characters, whatever language it is in: it is only ever text.
    Text,
}

impl FileKind {
    pub const ALL: [Self; 6] = [Self::Png, Self::Jpeg, Self::Gif, Self::Webp, Self::Pdf, Self::Text];

    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
            Self::Text => "text/plain; charset=utf-8",
        }
    }

    /// May stand in a page; everything else is only saved.
    #[must_use]
    pub fn is_image(self) -> bool {
        !matches!(self, Self::Pdf | Self::Text)
    }

    /// What its name may end in. The first is added to a name that ends in something else, so that a saved file is not opened as
    /// something that it is not.
    fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Png => &["png"],
            Self::Jpeg => &["jpg", "jpeg"],
            Self::Gif => &["gif"],
            Self::Webp => &["webp"],
            Self::Pdf => &["pdf"],
            Self::Text => &["txt", "log", "out", "err", "md", "csv", "json", "jsonl", "yaml", "yml", "toml", "diff"],
        }
    }

    fn of_beginning(start: &[u8]) -> Option<Self> {
        let begins = |magic: &[u8]| start.starts_with(magic);
        if begins(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") {
            Some(Self::Png)
        } else if begins(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if begins(b"GIF87a") || begins(b"GIF89a") {
            Some(Self::Gif)
        } else if begins(b"RIFF") && start.get(8..15) == Some(b"WEBPVP8") {
            Some(Self::Webp)
        } else if begins(b"%PDF-") {
            Some(Self::Pdf)
        } else {
            None
        }
    }
}

/// What stands in the timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Attached {
    pub id: AttachmentId,
    pub name: String,
    pub kind: FileKind,
    pub bytes: u64,
    /// SHA-256 of the content.
    pub digest: Digest,
}

/// A file's own name, without any directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// # Errors
    /// A sentence for whoever sent it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let n = text.chars().count();
        if text.is_empty() || text.chars().all(|c| c == '.' || c.is_whitespace()) {
            return Err("The file needs a name.".into());
        }
        if n > NAME_CHARACTERS {
            return Err(format!("The file's name has {n} characters; at most {NAME_CHARACTERS} fit."));
        }
        if text.contains(['/', '\\']) {
            return Err("The file's name must not contain / or \\: give it without its directory.".into());
        }
        if text.chars().any(|c| c.is_control() || super::text::turns_direction(c)) {
            return Err("The file's name contains characters that cannot be seen; rename it.".into());
        }
        Ok(Self(text.to_owned()))
    }

    /// The name under which this content is kept.
    #[must_use]
    pub fn of(self, kind: FileKind) -> String {
        let ending = self.0.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        if ending.is_some_and(|ending| kind.endings().contains(&ending.as_str())) {
            return self.0;
        }
        format!("{}.{}", self.0.trim_end_matches('.'), kind.endings().first().unwrap_or(&"txt"))
    }
}

/// Why a content is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Muster keeps PNG, JPEG, GIF and WebP images, PDF files and plain text (UTF-8); this file is none of them.")]
pub struct UnknownContent;

const BEGINNING: usize = 16;

/// Looks at a content piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Sniffer {
    start: Vec<u8>,
    /// The beginning of a character that is not whole yet.
    rest: Vec<u8>,
    not_text: bool,
}

impl Sniffer {
    pub fn feed(&mut self, piece: &[u8]) {
        self.start.extend(piece.iter().take(BEGINNING.saturating_sub(self.start.len())));
        if self.not_text {
            return;
        }
        let joined: Vec<u8>;
        let bytes = if self.rest.is_empty() {
            piece
        } else {
            joined = [self.rest.as_slice(), piece].concat();
            &joined
        };
        let (valid, rest) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, &[][..]),
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                self.not_text |= error.error_len().is_some();
                (std::str::from_utf8(valid).unwrap_or_default(), rest)
            }
        };
        // Escape sequences are usual in logs.
        self.not_text |= valid.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}'));
        self.rest = rest.to_vec();
    }

    /// # Errors
    /// If it is nothing that is kept.
    pub fn finish(self) -> Result<FileKind, UnknownContent> {
        if let Some(kind) = FileKind::of_beginning(&self.start) {
            return Ok(kind);
        }
        if self.not_text || !self.rest.is_empty() || self.start.is_empty() {
            Err(UnknownContent)
        } else {
            Ok(FileKind::Text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(bytes: &[u8], piece: usize) -> Option<FileKind> {
        let mut sniffer = Sniffer::default();
        bytes.chunks(piece).for_each(|piece| sniffer.feed(piece));
        sniffer.finish().ok()
    }

    #[test]
    fn the_content_decides_however_it_comes_in_pieces() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR<script>alert(1)</script>";
        let webp = b"RIFF\x10\0\0\0WEBPVP8 \0\0\0\0";
        let cases: [(&[u8], Option<FileKind>); 15] = [
            (png, Some(FileKind::Png)),
            (b"\x89PNG\r\n\x1a\n<html>", None),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some(FileKind::Jpeg)),
            (b"GIF89a/*", Some(FileKind::Gif)),
            (webp, Some(FileKind::Webp)),
            (b"RIFF\x10\0\0\0WAVEfmt ", None),
            (b"%PDF-1.7\n\xe2\xe3", Some(FileKind::Pdf)),
            // Whatever it is elsewhere, here it is text.
            (b"<!DOCTYPE html><script>alert(1)</script>", Some(FileKind::Text)),
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", Some(FileKind::Text)),
            ("Zeile eins\r\n\tgrün \u{1b}[31mrot\u{1b}[0m 🚒\n".as_bytes(), Some(FileKind::Text)),
            (b"MZ\x90\0\x03", None),
            (b"PK\x03\x04", None),
            (b"caf\xe9", None),
            ("half a character: ü".as_bytes().split_last().map_or(&[], |(_, rest)| rest), None),
            (b"", None),
        ];
        for (bytes, expected) in cases {
            for piece in [1, 3, 1000] {
                assert_eq!(kind(bytes, piece), expected, "{:?} by {piece}", String::from_utf8_lossy(bytes));
            }
        }
    }

    #[test]
    fn a_name_says_what_it_is_and_not_where() {
        for name in ["", " ", "..", "a/b.png", "..\\b.png", "/etc/passwd", "a\nb", "a\0b", "x\u{202e}gnp.exe"] {
            assert!(FileName::parse(name).is_err(), "{name:?}");
        }
        assert!(FileName::parse(&"x".repeat(151)).unwrap_err().contains("151"));
        for (given, kind, kept) in [
            ("shot.png", FileKind::Png, "shot.png"),
            ("Shot.PNG", FileKind::Png, "Shot.PNG"),
            ("photo.jpeg", FileKind::Jpeg, "photo.jpeg"),
            ("evil.png", FileKind::Text, "evil.png.txt"),
            ("page.html", FileKind::Text, "page.html.txt"),
            ("node.log", FileKind::Text, "node.log"),
            ("run.exe", FileKind::Gif, "run.exe.gif"),
            (".bashrc", FileKind::Text, ".bashrc.txt"),
            ("name.", FileKind::Pdf, "name.pdf"),
        ] {
            assert_eq!(FileName::parse(given).unwrap().of(kind), kept);
        }
    }
}
