//! Archives, honest and hostile.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use tar::{Builder, EntryType, Header};

use super::{archive::read, *};

struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("muster-extract-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(path.join("into")).unwrap();
        Self(path)
    }

    /// Written by hand where the library would refuse to.
    fn archive(&self, entries: &[(EntryType, &str, &str)], gzip: bool) -> File {
        let mut builder = Builder::new(vec![]);
        for (kind, name, content) in entries {
            let mut header = Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_mode(0o4750);
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            let mut bytes = content.as_bytes();
            if matches!(kind, EntryType::Symlink | EntryType::Link) {
                header.as_old_mut().linkname[..content.len()].copy_from_slice(bytes);
                bytes = b"";
            }
            header.set_size(bytes.len() as u64);
            header.set_cksum();
            builder.append(&header, bytes).unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        let path = self.0.join("a.tar");
        let mut file = File::create(&path).unwrap();
        if gzip {
            let mut encoder = GzEncoder::new(file, Compression::fast());
            encoder.write_all(&bytes).unwrap();
            encoder.finish().unwrap();
        } else {
            file.write_all(&bytes).unwrap();
        }
        File::open(path).unwrap()
    }

    fn read(&self, file: File) -> Result<Vec<Entry>, String> {
        read(file, &self.0.join("into/.aside"), &self.0.join("into"))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const FILE: EntryType = EntryType::Regular;

#[test]
fn an_honest_archive_is_put_in_place_once() {
    use std::os::unix::fs::PermissionsExt as _;
    for gzip in [false, true] {
        let directory = Directory::new();
        let honest = [
            (EntryType::Directory, "./", ""),
            (EntryType::Directory, "./net/", ""),
            (FILE, "./net/a.json", "one"),
            (FILE, "b", "two"),
            (EntryType::Symlink, "net/latest", "../b"),
        ];
        let (aside, into) = (directory.0.join("into/.aside"), directory.0.join("into"));
        fs::write(into.join("b"), "old").unwrap();
        let entries = directory.read(directory.archive(&honest, gzip)).unwrap();
        assert_eq!(put(&entries, &aside, &into).unwrap(), ["net/a.json", "b", "net/latest"]);
        assert_eq!(fs::read_to_string(into.join("net/latest")).unwrap(), "two");
        assert_eq!(into.join("b").metadata().unwrap().permissions().mode() & 0o7777, 0o750);
        // The second time everything is as it should be.
        let entries = directory.read(directory.archive(&honest, gzip)).unwrap();
        assert_eq!(put(&entries, &aside, &into).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn what_leads_out_is_refused_as_a_whole() {
    let cases = [
        (FILE, "../x", "", "leads out"),
        (FILE, "/etc/x", "", "leads out"),
        (FILE, "a/../../x", "", "leads out"),
        (EntryType::Symlink, "l", "/etc/passwd", "leads out"),
        (EntryType::Symlink, "d/l", "../../x", "leads out"),
        (EntryType::Link, "h", "b", "neither"),
        (EntryType::Char, "dev", "", "neither"),
        (EntryType::Fifo, "f", "", "neither"),
    ];
    for (kind, name, content, part) in cases {
        let directory = Directory::new();
        let why = directory.read(directory.archive(&[(FILE, "good", "x"), (kind, name, content)], false)).unwrap_err();
        assert!(why.contains(part), "{name}: {why}");
        assert_eq!(fs::read_dir(directory.0.join("into")).unwrap().count(), 0, "{name}");
    }
    // Through a link, of the archive itself or there before.
    let directory = Directory::new();
    let through = [(EntryType::Symlink, "d", "."), (FILE, "d/x", "x")];
    let why = directory.read(directory.archive(&through, false)).unwrap_err();
    assert!(why.contains("is a link"), "{why}");
    std::os::unix::fs::symlink("/tmp", directory.0.join("into/t")).unwrap();
    let why = directory.read(directory.archive(&[(FILE, "t/x", "x")], false)).unwrap_err();
    assert!(why.contains("is a link"), "{why}");
}

#[test]
fn a_damaged_archive_writes_nothing() {
    let directory = Directory::new();
    drop(directory.archive(&[(FILE, "good", &"x".repeat(5000))], true));
    let path = directory.0.join("a.tar");
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(&path, bytes).unwrap();
    assert!(directory.read(File::open(&path).unwrap()).is_err());
    assert_eq!(fs::read_dir(directory.0.join("into")).unwrap().count(), 0);
}
