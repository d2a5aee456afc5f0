//! A tar archive, compressed with gzip or not, read into a directory of its own. Refuses as a whole what could lead out of the
//! target: absolute paths, `..`, links that point elsewhere, devices.

use std::{
    fs::{self, File},
    io::{BufReader, Read, Seek as _, SeekFrom},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, symlink},
    path::{Component, Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

/// What no plan's archive needs; keeps a made-up one from filling the disk with names.
const MOST_ENTRIES: usize = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    File,
    Directory,
    Link,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Below the target; never empty, never with `..`.
    pub(crate) path: PathBuf,
    pub(crate) what: What,
}

/// All of it is judged before the first byte is written. The error is a sentence.
pub(crate) fn read(file: File, aside: &Path, into: &Path) -> Result<Vec<Entry>, String> {
    read_within(file, aside, into, u64::MAX)
}

/// The same, refused if it holds more than so many bytes.
pub(crate) fn read_within(mut file: File, aside: &Path, into: &Path, most: u64) -> Result<Vec<Entry>, String> {
    let unreadable = |e: std::io::Error| format!("the archive cannot be read: {e}");
    let entries = walk(&mut file, most, |_, _| Ok(()))?;
    for entry in &entries {
        stays_inside(into, &entry.path)?;
    }
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    if aside.exists() {
        fs::remove_dir_all(aside).map_err(|e| format!("{} cannot be removed: {e}", aside.display()))?;
    }
    fs::DirBuilder::new().mode(0o700).create(aside).map_err(|e| format!("{} cannot be made: {e}", aside.display()))?;
    walk(&mut file, u64::MAX, |found, entry| write(aside, found, entry))
}

fn walk(
    file: &mut File,
    most: u64,
    mut each: impl FnMut(&Entry, &mut tar::Entry<'_, Box<dyn Read + '_>>) -> Result<(), String>,
) -> Result<Vec<Entry>, String> {
    let unreadable = |e: std::io::Error| format!("the archive cannot be read: {e}");
    let mut magic = [0; 2];
    let n = file.read(&mut magic).map_err(unreadable)?;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let plain = BufReader::new(file);
    let bytes: Box<dyn Read + '_> =
        if magic[..n] == [0x1f, 0x8b] { Box::new(MultiGzDecoder::new(plain)) } else { Box::new(plain) };
    let mut archive = Archive::new(bytes);
    let (mut found, mut bytes) = (vec![], 0u64);
    for entry in archive.entries().map_err(unreadable)? {
        let mut entry = entry.map_err(unreadable)?;
        if let Some(judged) = judge(&entry)? {
            each(&judged, &mut entry)?;
            // To its end: a damaged archive is found out before anything is written.
            let room = most.saturating_sub(bytes).saturating_add(1);
            bytes += std::io::copy(&mut entry.by_ref().take(room), &mut std::io::sink()).map_err(unreadable)?;
            if bytes > most {
                return Err(format!("the archive holds more than {most} bytes"));
            }
            found.push(judged);
        }
        if found.len() > MOST_ENTRIES {
            return Err(format!("the archive has more than {MOST_ENTRIES} entries"));
        }
    }
    Ok(found)
}

/// `None`: says nothing about a file (`./`).
fn judge(entry: &tar::Entry<'_, Box<dyn Read + '_>>) -> Result<Option<Entry>, String> {
    let raw = entry.path().map_err(|e| format!("the archive has a name that cannot be read: {e}"))?;
    let shown = raw.display();
    let mut path = PathBuf::new();
    for part in raw.components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            _ => return Err(format!("the archive names {shown}, which leads out of the directory")),
        }
    }
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let what = match entry.header().entry_type() {
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => What::File,
        EntryType::Directory => What::Directory,
        EntryType::Symlink => {
            let target = entry.link_name().map_err(|e| format!("{shown}: {e}"))?;
            if !target.is_some_and(|target| leads_inside(&path, &target)) {
                return Err(format!("the archive's link {shown} leads out of the directory"));
            }
            What::Link
        }
        _ => return Err(format!("the archive has {shown}, which is neither file, directory nor symbolic link")),
    };
    Ok(Some(Entry { path, what }))
}

fn leads_inside(link: &Path, target: &Path) -> bool {
    let mut depth = link.components().count() - 1;
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return false,
        }
    }
    true
}

/// No directory on the way may be a link that is there already.
fn stays_inside(into: &Path, path: &Path) -> Result<(), String> {
    let mut here = into.to_owned();
    for part in path.parent().into_iter().flat_map(Path::components) {
        here.push(part);
        if here.is_symlink() {
            return Err(format!("{} is a link, and would lead what is unpacked elsewhere", here.display()));
        }
    }
    Ok(())
}

fn write(aside: &Path, found: &Entry, entry: &mut tar::Entry<'_, Box<dyn Read + '_>>) -> Result<(), String> {
    let to = aside.join(&found.path);
    let failed = |e: std::io::Error| format!("{} cannot be written: {e}", to.display());
    // An earlier entry may be a link by this name: nothing is ever written through one.
    stays_inside(aside, &found.path)?;
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    match found.what {
        What::Directory => fs::create_dir_all(&to).map_err(failed),
        What::Link => {
            let target = entry.link_name().map_err(failed)?.unwrap_or_default();
            let _ = fs::remove_file(&to);
            symlink(&target, &to).map_err(failed)
        }
        What::File => {
            let _ = fs::remove_file(&to);
            let mut file = File::options().write(true).create_new(true).open(&to).map_err(failed)?;
            std::io::copy(entry, &mut file).map_err(failed)?;
            // Never more than the archive says, never set-user-id.
            let mode = entry.header().mode().map_err(failed)? & 0o777;
            file.set_permissions(fs::Permissions::from_mode(mode)).map_err(failed)?;
            file.sync_all().map_err(failed)
        }
    }
}

/// Both are there with the same content and permissions.
pub(crate) fn same(one: &Path, other: &Path) -> bool {
    let (Ok(a), Ok(b)) = (one.symlink_metadata(), other.symlink_metadata()) else { return false };
    if a.is_symlink() || b.is_symlink() {
        return a.is_symlink() && b.is_symlink() && fs::read_link(one).ok() == fs::read_link(other).ok();
    }
    let digest = |path: &Path| File::open(path).and_then(|mut file| crate::files::digest_of(&mut file)).ok();
    a.is_file()
        && b.is_file()
        && a.len() == b.len()
        && a.permissions().mode() & 0o777 == b.permissions().mode() & 0o777
        && digest(one).is_some_and(|digest_of_one| Some(digest_of_one) == digest(other))
}
