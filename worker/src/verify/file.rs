//! The newest backup of a place, opened and looked into: what it is, and that it is what its checksum says. Restores nothing.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use shared::domain::verification;

use crate::{files::digest_of, safety::backup};

/// What a tool of Postgres can be told from, and what ends a dump.
const HEAD: usize = 1024;
const TAIL: u64 = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Statements for `psql`.
    Sql,
    /// What `pg_dump -Fc` makes, for `pg_restore`.
    Custom,
    Archive,
}

#[derive(Debug)]
pub(super) struct Backup {
    pub(super) file: File,
    pub(super) seen: verification::File,
    pub(super) content: Content,
    /// Packed with gzip.
    pub(super) packed: bool,
}

/// Of a directory, or of one file. The error is a sentence, with the file if there is one.
pub(super) fn newest(here: &Path) -> Result<Backup, (Option<verification::File>, String)> {
    let Some(newest) = backup::newest(here) else {
        return Err((None, format!("there is no backup with a .sha256 beside it in {}", here.display())));
    };
    let unreadable = |e: io::Error| (None, format!("{} cannot be read: {e}", newest.path.display()));
    let mut file = File::open(&newest.path).map_err(unreadable)?;
    let seen = verification::File {
        name: newest.name(),
        digest: digest_of(&mut file).map_err(unreadable)?,
        bytes: file.metadata().map_err(unreadable)?.len(),
        taken_at: newest.taken_at,
    };
    if newest.expected() != seen.digest {
        return Err((Some(seen), "it is not what its .sha256 says".into()));
    }
    match look(&mut file, &seen.name) {
        Ok((content, packed)) => Ok(Backup { file, seen, content, packed }),
        Err(error) => Err((Some(seen), error)),
    }
}

fn look(file: &mut File, name: &str) -> Result<(Content, bool), String> {
    let damaged = |e: io::Error| format!("it cannot be read: {e}");
    file.seek(SeekFrom::Start(0)).map_err(damaged)?;
    let mut head = start(file).map_err(damaged)?;
    let packed = head.starts_with(&[0x1f, 0x8b]);
    if packed {
        file.seek(SeekFrom::Start(0)).map_err(damaged)?;
        head = start(&mut MultiGzDecoder::new(BufReader::new(&mut *file))).map_err(damaged)?;
    }
    file.seek(SeekFrom::Start(0)).map_err(damaged)?;
    let ends = |end: &str| name.ends_with(end) || name.ends_with(&format!("{end}.gz"));
    let content = match head.as_slice() {
        head if head.get(257..262) == Some(b"ustar") || ends(".tar") || ends(".tgz") => Content::Archive,
        head if head.starts_with(b"PGDMP") => Content::Custom,
        [] => return Err("it is empty".into()),
        head if !head.contains(&0) => Content::Sql,
        _ => return Err("it is no SQL, no dump of pg_dump and no tar archive: nothing here can restore it".into()),
    };
    Ok((content, packed))
}

fn start(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = vec![];
    from.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// The dump as Postgres reads it, and its size. One that is packed is unpacked into `aside`, up to `most` bytes.
pub(super) fn unpacked(backup: Backup, aside: &Path, most: u64) -> Result<(File, u64), String> {
    let Backup { mut file, seen, packed, content } = backup;
    let (mut file, bytes) = if packed {
        let to: PathBuf = aside.join("dump");
        let failed = |e: io::Error| format!("it could not be unpacked: {e}");
        let mut plain = File::options().read(true).write(true).create_new(true).open(&to).map_err(failed)?;
        let mut limited = MultiGzDecoder::new(BufReader::new(&mut file)).take(most.saturating_add(1));
        let bytes = io::copy(&mut limited, &mut plain).map_err(failed)?;
        (plain, bytes)
    } else {
        (file, seen.bytes)
    };
    if bytes > most {
        return Err(format!("it has more than the {} GB that may be restored", most >> 30));
    }
    if content == Content::Sql {
        is_complete(&mut file, bytes)?;
    }
    Ok((file, bytes))
}

/// `pg_dump` ends what it has written with a line of its own.
fn is_complete(file: &mut File, bytes: u64) -> Result<(), String> {
    let failed = |e: io::Error| format!("it cannot be read: {e}");
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let head = start(file).map_err(failed)?;
    if !String::from_utf8_lossy(&head).contains("-- PostgreSQL database dump") {
        return Ok(());
    }
    file.seek(SeekFrom::Start(bytes.saturating_sub(TAIL))).map_err(failed)?;
    let mut tail = vec![];
    file.read_to_end(&mut tail).map_err(failed)?;
    if String::from_utf8_lossy(&tail).contains("-- PostgreSQL database dump complete") {
        Ok(())
    } else {
        Err("it is cut off: the line that ends a dump is missing".into())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};
    use shared::digest::Digest;

    use super::*;

    fn put(directory: &Path, name: &str, content: &[u8]) {
        for old in std::fs::read_dir(directory).unwrap() {
            std::fs::remove_file(old.unwrap().path()).unwrap();
        }
        std::fs::write(directory.join(name), content).unwrap();
        std::fs::write(directory.join(format!("{name}.sha256")), Digest::of(content).to_string()).unwrap();
    }

    fn gz(content: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(vec![], Compression::fast());
        packed.write_all(content).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn what_a_backup_is_is_told_from_its_bytes() {
        let root = std::env::temp_dir().join(format!("muster-verify-{}", uuid::Uuid::new_v4()));
        let (from, aside) = (root.join("from"), root.join("aside"));
        std::fs::create_dir_all(&from).unwrap();
        std::fs::create_dir_all(&aside).unwrap();
        assert!(newest(&from).unwrap_err().1.contains("no backup"));
        let whole = b"--\n-- PostgreSQL database dump\n--\nSELECT 1;\n-- PostgreSQL database dump complete\n";
        let cut = b"--\n-- PostgreSQL database dump\n--\nSELECT 1;\n";
        let mut tar = vec![0; 1024];
        tar[257..262].copy_from_slice(b"ustar");
        for (name, content, expected) in [
            ("1.sql", whole.to_vec(), Ok((Content::Sql, false))),
            ("1.sql.gz", gz(whole), Ok((Content::Sql, true))),
            ("1.dump", b"PGDMP\0\0".to_vec(), Ok((Content::Custom, false))),
            ("1.tar.gz", gz(&tar), Ok((Content::Archive, true))),
            ("1.tar", tar, Ok((Content::Archive, false))),
            ("1.bin", vec![0; 20], Err("nothing here can restore it")),
            ("1.sql", vec![], Err("empty")),
        ] {
            put(&from, name, &content);
            match (newest(&from), expected) {
                (Ok(found), Ok((content, packed))) => assert_eq!((found.content, found.packed), (content, packed)),
                (Err((file, why)), Err(part)) => assert!(file.is_some() && why.contains(part), "{why}"),
                (found, _) => panic!("{name}: {found:?}"),
            }
        }
        // What is cut off within a whole archive, with the right checksum.
        for (name, content, most, part) in [
            ("1.sql", cut.to_vec(), 1 << 30, Some("cut off")),
            ("1.sql.gz", gz(cut), 1 << 30, Some("cut off")),
            ("1.sql.gz", gz(whole), 20, Some("may be restored")),
            ("1.sql.gz", gz(whole), 1 << 30, None),
        ] {
            put(&from, name, &content);
            let _ = std::fs::remove_file(aside.join("dump"));
            let found = unpacked(newest(&from).unwrap(), &aside, most);
            assert_eq!(found.as_ref().err().is_some(), part.is_some(), "{found:?}");
            assert!(part.is_none_or(|part| found.unwrap_err().contains(part)));
        }
        std::fs::write(from.join("1.sql.gz"), gz(cut)).unwrap();
        assert!(newest(&from).unwrap_err().1.contains(".sha256"));
        std::fs::remove_dir_all(root).unwrap();
    }
}
