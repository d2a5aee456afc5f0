//! The file itself: a gzipped tar, manifest first. Whoever reads it believes nothing before every byte was compared.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use sha2::{Digest as _, Sha256};
use shared::digest::Digest;

use super::{
    error::{BackupError, at},
    files,
    manifest::{self, DATABASE, Manifest, Member},
};

const LARGEST_MANIFEST: u64 = 1024 * 1024;

/// Something to be put into an archive, with its digest.
#[derive(Debug)]
pub(super) struct Source {
    member: Member,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl Source {
    pub(super) fn bytes(name: String, content: Vec<u8>) -> Self {
        let bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
        Self { member: Member { name, bytes, sha256: Digest::of(&content) }, content: Content::Bytes(content) }
    }

    pub(super) fn file(name: String, path: &Path) -> Result<Self, BackupError> {
        let mut hashed = Hashed::new(io::sink());
        let read = File::open(path).and_then(|mut file| io::copy(&mut file, &mut hashed));
        let bytes = read.map_err(at("read", path))?;
        Ok(Self { member: Member { name, bytes, sha256: hashed.digest()? }, content: Content::File(path.to_owned()) })
    }

    pub(super) fn member(&self) -> Member {
        self.member.clone()
    }

    pub(super) fn name(&self) -> &str {
        &self.member.name
    }
}

/// Writes the archive into a file that exists, and has it on the disk.
pub(super) fn write(to: &Path, manifest: &Manifest, sources: Vec<Source>) -> Result<(), BackupError> {
    let text = serde_json::to_vec_pretty(manifest).map_err(|e| BackupError::Bug(e.to_string()))?;
    let written = || {
        let file = File::options().write(true).open(to)?;
        let mut tar = tar::Builder::new(GzEncoder::new(BufWriter::new(file), Compression::fast()));
        tar.append_data(&mut header(u64::try_from(text.len()).unwrap_or(u64::MAX), manifest), manifest::NAME, &*text)?;
        for source in sources {
            let mut header = header(source.member.bytes, manifest);
            match source.content {
                Content::Bytes(bytes) => tar.append_data(&mut header, &source.member.name, &*bytes)?,
                Content::File(path) => {
                    tar.append_data(&mut header, &source.member.name, BufReader::new(File::open(path)?))?;
                }
            }
        }
        let file = tar.into_inner()?.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()
    };
    written().map_err(at("write", to))
}

fn header(bytes: u64, manifest: &Manifest) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(manifest.created_at.unix_ms() / 1000).unwrap_or_default());
    header.set_cksum();
    header
}

/// Where the members of an archive go.
#[derive(Clone, Copy, Debug)]
pub struct Into<'a> {
    pub database: &'a Path,
    pub data_dir: &'a Path,
}

/// Reads the whole archive and compares everything with its manifest; with `into`, also unpacks it.
///
/// # Errors
/// [`BackupError::Damaged`] if a byte is missing, added or changed. What was unpacked until then is not to be used.
pub fn read(from: &Path, into: Option<Into<'_>>) -> Result<Manifest, BackupError> {
    let damaged = |what: String| BackupError::Damaged { path: from.to_owned(), what };
    let broken = |e: io::Error| damaged(format!("it cannot be unpacked ({e})"));
    let file = File::open(from).map_err(at("open", from))?;
    let mut tar = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
    let mut entries = tar.entries().map_err(broken)?;

    let first = entries.next().ok_or_else(|| damaged("it is empty".into()))?.map_err(broken)?;
    if first.path_bytes() != manifest::NAME.as_bytes() || first.size() > LARGEST_MANIFEST {
        return Err(damaged("it does not begin with a manifest".into()));
    }
    let manifest: Manifest =
        serde_json::from_reader(first).map_err(|e| damaged(format!("its manifest cannot be read ({e})")))?;
    manifest.check().map_err(damaged)?;

    for member in &manifest.members {
        let missing = || damaged(format!("{} is missing", member.name));
        let mut entry = entries.next().ok_or_else(missing)?.map_err(broken)?;
        if entry.path_bytes() != member.name.as_bytes() || !entry.header().entry_type().is_file() {
            return Err(missing());
        }
        let out: Box<dyn Write> = match into {
            Some(into) => Box::new(BufWriter::new(place(member, into)?)),
            None => Box::new(io::sink()),
        };
        let mut out = Hashed::new(out);
        let bytes = io::copy(&mut entry, &mut out).map_err(broken)?;
        out.inner.flush().map_err(at("write what is in", from))?;
        if bytes != member.bytes || out.digest()? != member.sha256 {
            return Err(damaged(format!("{} is not what the manifest says", member.name)));
        }
    }
    if entries.next().is_some() {
        return Err(damaged("it holds more than its manifest says".into()));
    }
    // The checksum at the very end is compared when everything was read.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map_err(broken)?;
    Ok(manifest)
}

fn place(member: &Member, into: Into<'_>) -> Result<File, BackupError> {
    let Some(file) = member.file().filter(|_| member.name != DATABASE) else { return files::create(into.database) };
    let path = into.data_dir.join(file);
    if let Some(directory) = path.parent().filter(|parent| *parent != into.data_dir) {
        let made = fs::DirBuilder::new().mode(0o700).recursive(true).create(directory);
        made.map_err(at("create", directory))?;
    }
    files::create(&path)
}

struct Hashed<W> {
    inner: W,
    hash: Sha256,
}

impl<W> Hashed<W> {
    fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new() }
    }

    fn digest(&self) -> Result<Digest, BackupError> {
        let hex: String = self.hash.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        hex.parse().map_err(|e| BackupError::Bug(format!("a digest is no digest: {e}")))
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
