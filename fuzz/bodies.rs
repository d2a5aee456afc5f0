//! What is fuzzed, and what must hold whatever comes in: no panic, and the promises below. Shared by cargo-fuzz, which is guided by
//! coverage, and by the test `fuzz`, which needs nothing but stable Rust. Chooses no input.

use shared::{
    digest::Digest,
    domain::{
        alert::{self, Mapping, SourceKind},
        audit::{
            Link,
            export::{Export, Stretch},
            head::Heads,
        },
    },
    markdown,
    plan::{Compiled, StepKind, compile},
    printed,
};

use super::rule::{Allowed, Target, kind};

type Body = fn(&[u8]);

/// Every target by its name.
pub(crate) const TARGETS: [(&str, Body); 8] = [
    ("plan", plan),
    ("address", address),
    ("markdown", markdown),
    ("audit_export", audit_export),
    ("printed", printed),
    ("cookies", cookies),
    ("intake", intake),
    ("outgoing", outgoing),
];

/// The plan compiler: places within the text, the digest of the bytes, and what is written can be read back.
pub(crate) fn plan(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    let compiled = compile(&source);
    let lines = source.strip_prefix('\u{feff}').unwrap_or(&source).split('\n').count();
    let within = |line: u32| line >= 1 && line as usize <= lines;
    assert!(compiled.diagnostics.iter().all(|d| within(d.line)), "{:?}", compiled.diagnostics);
    assert!(compiled.gaps.iter().all(|gap| gap.line.is_none_or(within)), "{:?}", compiled.gaps);
    assert_eq!(compiled.plan.digest, Digest::of(source.as_bytes()));
    let json = serde_json::to_string(&compiled).expect("a plan is plain data");
    assert_eq!(serde_json::from_str::<Compiled>(&json).expect("as it was written"), compiled);
}

/// An address behind `curl`: whatever stands there, what becomes a step goes to http or https, to a host, as nobody.
pub(crate) fn address(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let compiled =
        compile(&format!("# P\n\n## R\n\n```bash\ncurl {text}\nwatch -n 1 'curl -s {text} | grep x'\n```\n"));
    for step in compiled.plan.procedures.iter().flat_map(|procedure| &procedure.steps) {
        let json = serde_json::to_value(&step.kind).expect("a step is plain data");
        let url = match &step.kind {
            StepKind::Http { url, .. } => url.as_str(),
            _ => json["probe"]["url"].as_str().unwrap_or("http://x"),
        };
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
        let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        let sound = host.is_some_and(|host| !host.is_empty() && !host.contains('@'));
        assert!(sound && !url.contains(char::is_control), "{url:?} from {text:?}");
    }
}

/// Markdown: only tags and attributes that do nothing, and addresses that open nothing but pages and mails.
pub(crate) fn markdown(data: &[u8]) {
    let html = markdown::to_html(&String::from_utf8_lossy(data));
    let mut rest = html.as_str();
    while let Some((_, after)) = rest.split_once('<') {
        rest = tag(after).unwrap_or_else(|| panic!("no tag of ours: <{:.200}", after));
    }
}

const TAGS: &str =
    " a blockquote br code del em h1 h2 h3 h4 h5 h6 hr img li ol p pre strong table tbody td th thead tr ul ";

/// What follows a tag that begins here, if it is a harmless one.
fn tag(text: &str) -> Option<&str> {
    let closing = text.strip_prefix('/');
    let text = closing.unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_alphanumeric())?;
    let (name, mut rest) = text.split_at(end);
    if !TAGS.contains(&format!(" {name} ")) {
        return None;
    }
    loop {
        if let Some(after) = rest.strip_prefix('>').or_else(|| rest.strip_prefix(" />")) {
            return Some(after);
        }
        if closing.is_some() {
            return None;
        }
        let (attribute, value) = rest.strip_prefix(' ')?.split_once("=\"")?;
        let (value, after) = value.split_once('"')?;
        let fine = match attribute {
            "href" | "src" => opens_nothing(value),
            "alt" | "title" | "align" | "class" | "start" => true,
            _ => false,
        };
        if !fine {
            return None;
        }
        rest = after;
    }
}

/// As a browser reads it, with what stands for characters put back.
fn opens_nothing(address: &str) -> bool {
    let plain = address.replace("&amp;", "&").replace("&#x27;", "'").replace("&quot;", "\"");
    let seen: String = plain.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let lower = seen.to_ascii_lowercase();
    let Some(colon) = lower.find(':') else { return true };
    let scheme = &lower[..colon];
    scheme.contains(['/', '?', '#', '\\', '%']) || matches!(scheme, "http" | "https" | "mailto")
}

/// The reader of an audit export: the same verdict in one piece or in two, and what it takes is an entry for the JSON reader too.
pub(crate) fn audit_export(data: &[u8]) {
    let whole = Stretch::check(data, &[1, 2]);
    let mut export = Export::noting(&[1, 2]);
    let verdict = export.join(whole);
    if verdict.is_ok() {
        for line in data.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            assert!(serde_json::from_slice::<Link>(line).is_ok(), "{:?}", String::from_utf8_lossy(line));
        }
    }
    if let Some(end) = data.iter().position(|byte| *byte == b'\n') {
        let (first, second) = data.split_at(end + 1);
        let mut halves = Export::noting(&[1, 2]);
        let joined =
            halves.join(Stretch::check(first, &[1, 2])).and_then(|()| halves.join(Stretch::check(second, &[1, 2])));
        assert_eq!(joined.is_ok(), verdict.is_ok(), "{joined:?} {verdict:?}");
        assert_eq!(halves.verifier.head(), export.verifier.head());
    }
    let mut heads = Heads::believing(&[]);
    heads.read("fuzzed", &String::from_utf8_lossy(data));
    assert_eq!(heads.is_empty(), heads.newest().is_none());
}

/// What a program prints, as people see it: no control character is left, and what is found is there.
pub(crate) fn printed(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let plain = printed::plain(&text);
    assert!(!plain.chars().any(|c| c.is_control() && c != '\t'), "{plain:?}");
    let needle: String = plain.chars().take(3).collect();
    for found in printed::find_all(&plain, &needle) {
        assert!(plain.get(found.clone()).is_some(), "{found:?} in {plain:?}");
    }
    for line in printed::lines_with(&text, &needle) {
        assert!(line <= text.split('\n').count());
    }
}

/// A Cookie header as the session layer reads it.
pub(crate) fn cookies(data: &[u8]) {
    use tower_sessions::{cookie::Cookie, session::Id};
    let text = String::from_utf8_lossy(data);
    for cookie in text.split(';').filter_map(|part| Cookie::parse_encoded(part.trim().to_owned()).ok()) {
        if let Ok(id) = cookie.value().parse::<Id>() {
            assert_eq!(id.to_string().parse::<Id>().ok(), Some(id), "an id is read as it is written");
        }
        let _ = cookie.encoded().to_string();
    }
}

/// A message of a stranger in every dialect: what is taken has a key and a title to read, and nothing that controls a screen.
pub(crate) fn intake(data: &[u8]) {
    let Ok(message) = serde_json::from_slice(data) else { return };
    for dialect in SourceKind::ALL {
        for one in alert::read(dialect, &Mapping::default(), &message).into_iter().flatten() {
            let texts = one.labels.iter().flat_map(|(name, value)| [name, value]).chain([&one.key, &one.title]);
            for text in texts {
                assert!(!text.is_empty() && !text.chars().any(char::is_control), "{text:?} from {message}");
            }
            assert!(one.title.chars().count() <= 200 && one.key.len() <= 1020, "{one:?}");
            assert!(one.url.iter().all(|url| url.to_ascii_lowercase().starts_with("http")), "{one:?}");
        }
    }
}

/// An address that the server is to ask, and behind a line end where that one redirects to: whatever stands there, it goes to http or
/// https, as nobody, to the host that is written there, and never inside.
pub(crate) fn outgoing(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (first, next) = text.split_once('\n').unwrap_or((&text, ""));
    let nobody = Allowed::default();
    let Ok(target) = Target::parse(first, &nobody) else { return };
    sound(&target, first);
    if let Ok(target) = target.redirected(next, &nobody) {
        sound(&target, next);
    }
}

fn sound(target: &Target, text: &str) {
    let url = &target.url;
    assert!(matches!(url.scheme(), "http" | "https") && target.port != 0, "{url} from {text:?}");
    assert!(url.username().is_empty() && url.password().is_none(), "{url} from {text:?}");
    assert_eq!(url.host().map(|host| host.to_owned()).as_ref(), Some(&target.host), "{text:?}");
    let again = Target::parse(url.as_str(), &Allowed::default());
    assert_eq!(again.map(|again| (again.host, again.port)), Ok((target.host.clone(), target.port)), "{text:?}");
    let inside = ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00:ec2::254"];
    for address in inside.map(|address| address.parse().expect("an address")) {
        assert!(kind(address).is_some() && target.admit(&[address]).is_err(), "{address} for {text:?}");
    }
}
