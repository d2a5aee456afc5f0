//! The console for the browser: cargo, wasm-bindgen (as a library, so its version always fits), styles, a manifest.
//! Writes only below `<target>/assets`; fetches nothing.
//!
//! `manifest.json` names the files by what they are, and their names carry a hash of what they hold:
//! `{"js": "console-….js", "wasm": "console-….wasm", "boot": "boot-….js", "css": ["app-….css"], "static": {"status.js": "status-….js"}}`.
//! `boot` starts the console by itself; `js` is the module it loads.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use flate2::{Compression, write::GzEncoder};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{command, project::Project, setup};

/// The first styles, in the order in which they build on each other; others follow by name.
const STYLES: [&str; 4] = ["tokens.css", "base.css", "layout.css", "components.css"];
/// Styles that the server puts into its own pages; the console does without them.
const OF_THE_SERVER: [&str; 2] = ["public.css", "document.css"];
const MANIFEST: &str = "manifest.json";
const STAMP: &str = ".stamp";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Profile {
    Dev,
    Release,
}

#[derive(Serialize, Deserialize, Default, PartialEq, Eq, Debug)]
struct Manifest {
    js: String,
    wasm: String,
    boot: String,
    css: Vec<String>,
    r#static: BTreeMap<String, String>,
}

/// Files to be written, by path below the assets directory.
type Files = BTreeMap<String, Vec<u8>>;

/// Builds what changed; where it is.
pub(crate) fn build(project: &Project, profile: Profile) -> Result<PathBuf> {
    let mut arguments = vec!["build", "--package", "web", "--target", setup::WASM];
    if profile == Profile::Release {
        arguments.extend(["--profile", "wasm-release"]);
    }
    command::run(&mut project.cargo(&arguments))?;
    let built = if profile == Profile::Release { "wasm-release" } else { "debug" };
    let wasm = project.target.join(setup::WASM).join(built).join("web.wasm");
    let wasm_bytes = fs::read(&wasm).with_context(|| format!("cargo built no {}", wasm.display()))?;
    let style = style(&project.path("web/style"))?;
    let statics = flat_files(&project.path("web/static"))?;

    let directory = project.assets();
    let stamp = stamp(&wasm_bytes, &style, &statics);
    if fs::read_to_string(directory.join(STAMP)).is_ok_and(|last| last == stamp) && directory.join(MANIFEST).is_file() {
        return Ok(directory);
    }
    let mut files = bind(project, &wasm, profile)?;
    let mut manifest = name_console(&mut files)?;
    let css = hashed("app.css", style.as_bytes());
    files.insert(css.clone(), style.into_bytes());
    manifest.css.push(css);
    for (name, bytes) in statics {
        let hashed = hashed(&name, &bytes);
        files.insert(hashed.clone(), bytes);
        manifest.r#static.insert(name, hashed);
    }
    write(&directory, &files, &manifest)?;
    fs::write(directory.join(STAMP), stamp)?;
    Ok(directory)
}

fn bind(project: &Project, wasm: &Path, profile: Profile) -> Result<Files> {
    let out = project.target.join("xtask/bindgen");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen.input_path(wasm).out_name("console").typescript(false).omit_default_module_path(false);
    bindgen.web(true)?;
    bindgen.debug(profile == Profile::Dev).keep_debug(false);
    bindgen.remove_name_section(profile == Profile::Release).remove_producers_section(true);
    bindgen.generate(&out).context("wasm-bindgen could not read the console")?;
    let mut files = Files::new();
    collect(&out, &out, &mut files)?;
    Ok(files)
}

fn collect(root: &Path, directory: &Path, files: &mut Files) -> Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(())
}

/// Gives the console's parts names that carry their content, and makes the script that starts it.
fn name_console(files: &mut Files) -> Result<Manifest> {
    let wasm_bytes = files.remove("console_bg.wasm").context("wasm-bindgen wrote no console_bg.wasm")?;
    let js = files.remove("console.js").context("wasm-bindgen wrote no console.js")?;
    let wasm = hashed("console.wasm", &wasm_bytes);
    let js_text = String::from_utf8(js)?;
    ensure!(
        js_text.contains("console_bg.wasm"),
        "console.js no longer names its WASM file: teach xtask how it is loaded now"
    );
    let js_text =
        js_text.replace("console_bg.wasm", &wasm).replace("./snippets/", &format!("./{}/", name_snippets(files)));
    let js = hashed("console.js", js_text.as_bytes());
    let boot_text = format!("import init from \"./{js}\";\ninit();\n");
    let boot = hashed("boot.js", boot_text.as_bytes());
    files.insert(wasm.clone(), wasm_bytes);
    files.insert(js.clone(), js_text.into_bytes());
    files.insert(boot.clone(), boot_text.into_bytes());
    Ok(Manifest { js, wasm, boot, ..Manifest::default() })
}

/// Gives the directory of the libraries' own scripts a name that carries their content: what is served is never asked for again.
fn name_snippets(files: &mut Files) -> String {
    let snippets: Files = files
        .iter()
        .filter(|(name, _)| name.starts_with("snippets/"))
        .map(|(name, bytes)| (name.clone(), bytes.clone()))
        .collect();
    let mut all = Sha256::new();
    for (name, bytes) in &snippets {
        all.update(Sha256::digest(name.as_bytes()));
        all.update(Sha256::digest(bytes));
    }
    let directory = hashed("snippets", &all.finalize());
    for (name, bytes) in snippets {
        files.remove(&name);
        files.insert(name.replacen("snippets", &directory, 1), bytes);
    }
    directory
}

/// `status.js` → `status-1f2e3d4c5b6a.js`.
fn hashed(name: &str, bytes: &[u8]) -> String {
    let hash = &hex(&Sha256::digest(bytes))[..12];
    name.rsplit_once('.').map_or_else(|| format!("{name}-{hash}"), |(stem, end)| format!("{stem}-{hash}.{end}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn stamp(wasm: &[u8], style: &str, statics: &Files) -> String {
    let mut all = Sha256::new();
    // The rules above are part of what the result depends on.
    for part in [include_bytes!("web.rs").as_slice(), wasm, style.as_bytes()] {
        all.update(Sha256::digest(part));
    }
    for (name, bytes) in statics {
        all.update(Sha256::digest(name.as_bytes()));
        all.update(Sha256::digest(bytes));
    }
    hex(&all.finalize())
}

/// All of the console's styles in one sheet.
fn style(directory: &Path) -> Result<String> {
    let sheets = flat_files(directory)?;
    let mut sheet = String::new();
    for name in style_order(sheets.keys().filter(|name| name.ends_with(".css"))) {
        sheet.push_str(std::str::from_utf8(&sheets[&name]).with_context(|| format!("{name} is not text"))?);
        sheet.push('\n');
    }
    ensure!(!sheet.trim().is_empty(), "{} holds no styles", directory.display());
    Ok(sheet)
}

fn style_order<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut names: Vec<String> = names.filter(|name| !OF_THE_SERVER.contains(&name.as_str())).cloned().collect();
    names.sort_by_key(|name| (STYLES.iter().position(|first| first == name).unwrap_or(STYLES.len()), name.clone()));
    names
}

fn flat_files(directory: &Path) -> Result<Files> {
    let mut files = Files::new();
    if directory.is_dir() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_file() && !name.starts_with('.') {
                files.insert(name, fs::read(&path)?);
            }
        }
    }
    Ok(files)
}

/// Writes the files with a `.gz` beside each, then the manifest, then drops what is no longer named: a server that reads the
/// manifest meanwhile always finds what it names.
fn write(directory: &Path, files: &Files, manifest: &Manifest) -> Result<()> {
    fs::create_dir_all(directory)?;
    for (name, bytes) in files {
        let path = directory.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, bytes)?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes)?;
        fs::write(directory.join(format!("{name}.gz")), gzip.finish()?)?;
    }
    let new = directory.join(".manifest.new");
    fs::write(&new, serde_json::to_vec_pretty(manifest)?)?;
    fs::rename(new, directory.join(MANIFEST))?;
    let mut there = Files::new();
    collect(directory, directory, &mut there)?;
    for name in there.keys() {
        let known = name == MANIFEST || files.contains_key(name.strip_suffix(".gz").unwrap_or(name));
        if !known {
            let stale = directory.join(name);
            fs::remove_file(&stale)?;
            // A directory goes with its last file; one that still holds some stays.
            for parent in stale.ancestors().skip(1).take_while(|parent| *parent != directory) {
                let _ = fs::remove_dir(parent);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_the_content() {
        let one = hashed("status.js", b"one");
        assert!(one.starts_with("status-") && one.ends_with(".js") && one.len() == "status-.js".len() + 12, "{one}");
        assert_ne!(one, hashed("status.js", b"two"));
    }

    #[test]
    fn tokens_come_first_and_strangers_last() {
        let names: Vec<String> =
            ["zebra.css", "public.css", "components.css", "base.css", "tokens.css", "a.css"].map(String::from).into();
        assert_eq!(style_order(names.iter()), ["tokens.css", "base.css", "components.css", "a.css", "zebra.css"]);
    }

    #[test]
    fn the_console_finds_its_wasm_under_the_new_name() {
        let mut files = Files::from([
            (
                "console.js".into(),
                b"import './snippets/x/inline0.js'; new URL('console_bg.wasm', import.meta.url)".to_vec(),
            ),
            ("snippets/x/inline0.js".into(), b"export {}".to_vec()),
            ("console_bg.wasm".into(), b"wasm".to_vec()),
        ]);
        let manifest = name_console(&mut files).unwrap();
        let js = String::from_utf8(files[&manifest.js].clone()).unwrap();
        assert!(js.contains(&manifest.wasm) && !js.contains("console_bg"), "{js}");
        let snippet = js.split('\'').nth(1).and_then(|path| path.strip_prefix("./")).unwrap();
        assert!(snippet.starts_with("snippets-") && files.contains_key(snippet), "{snippet}");
        assert!(String::from_utf8(files[&manifest.boot].clone()).unwrap().contains(&manifest.js));
        assert_eq!(files.len(), 4);
    }
}
