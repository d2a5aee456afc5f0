//! Lines that unpack an archive or call a script by path. Touches no file.

use crate::plan::model::StepKind;
use crate::plan::options::{DEPENDS, Known, Until, flag, literals, read as read_options, value};
use crate::plan::shell::Word;

const TAR: [Known; 9] = [
    flag(&["-x", "--extract", "--get"]),
    value(&["-f", "--file"]),
    value(&["-C", "--directory"]),
    flag(&["-z", "--gzip"]),
    flag(&["-j", "--bzip2"]),
    flag(&["-J", "--xz"]),
    flag(&["--zstd"]),
    flag(&["-v", "--verbose"]),
    flag(&["-p", "--preserve-permissions"]),
];

/// `tar -xzf ARCHIVE -C DIRECTORY`, also in tar's old manner without the hyphen.
pub(super) fn tar(words: &[Word]) -> Result<StepKind, String> {
    let mut words = words.to_vec();
    if let Some(Word::Literal(first)) = words.first_mut()
        && !first.starts_with('-')
    {
        first.insert(0, '-');
    }
    let given = read_options(&words, &TAR, Until::End)?;
    if !given.has("-x") {
        return Err("this use of tar does not unpack (-x)".to_owned());
    }
    if !given.rest.is_empty() {
        return Err("unpacking only some members is not known here".to_owned());
    }
    let archive = given.value("-f").ok_or("tar reads its standard input here; name an archive with -f")?;
    Ok(StepKind::Extract { archive: archive.to_owned(), into: given.value("-C").map(str::to_owned) })
}

/// A program named by a relative path, or by an absolute one that ends like a script.
pub(super) fn is_script(program: &str) -> bool {
    let ends_like_one = [".sh", ".bash", ".py"].iter().any(|ending| program.ends_with(ending));
    program.starts_with("./") || program.starts_with("../") || (program.contains('/') && ends_like_one)
}

pub(super) fn script(path: &str, arguments: &[Word]) -> Result<StepKind, String> {
    let args = literals(arguments).ok_or(DEPENDS)?.into_iter().map(str::to_owned).collect();
    Ok(StepKind::Script { path: path.to_owned(), args })
}
