//! The plan compiler on damaged plans: no panic, no long wait, and all it says about a text is true of that text. A few seconds
//! as a test; for longer: `MUSTER_FUZZ_MINUTES=60 cargo test --release -p shared --test fuzz`. Needs nothing but stable Rust.

use std::{
    collections::HashSet,
    fmt::Write as _,
    panic::catch_unwind,
    time::{Duration, Instant},
};

use shared::{
    digest::Digest,
    plan::{Compiled, compile, step_digest},
};

const SEEDS: [&str; 6] = [
    include_str!("../../plans/bt2c/plan.md"),
    include_str!("../src/plan/tests/plans/clinic.md"),
    include_str!("../src/plan/tests/plans/bakery.md"),
    include_str!("../src/plan/tests/plans/harbour.md"),
    include_str!("../src/plan/tests/plans/ferry.md"),
    include_str!("../src/plan/tests/plans/tower.md"),
];

/// What plans are made of, and what breaks readers of Markdown, shells and tables.
const SHARDS: [&str; 96] = [
    "|",
    "||",
    "|---|",
    "`",
    "``",
    "```",
    "```bash\n",
    "```bash {",
    "~~~sh\n",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "#",
    "## ",
    "###### ",
    "- ",
    "* ",
    "1. ",
    "1) ",
    "99999999999999999999. ",
    "  ",
    "    ",
    "\t",
    "'",
    "\"",
    "\\",
    "\\\n",
    "$(",
    "$((",
    ")",
    "{",
    "}",
    "((",
    "[[",
    "<<E\n",
    "<<-'E'\n",
    "&&",
    " && ",
    "||",
    ";",
    ";;",
    "|&",
    "&",
    "!",
    "# 1. ",
    "# 2.1 ",
    "# 3. x:\n",
    "cd /a && ",
    "cd ",
    "sudo ",
    "docker compose ",
    "docker-compose stop $(docker ps -q)",
    "docker volume rm $(docker volume ls -q)",
    "exec db psql -c \"SELECT 1\"",
    "down -v",
    "watch -n 5 'curl -s http://h/m | grep x'",
    "watch ",
    "curl http://h/ | jq .a.b",
    "tar -xzf /var/backups/bt2c/a.tgz -C x",
    "./x.sh /var/backups/bt2c/y",
    "validator1",
    "{id=a approvals=2 roles=security-officer,x timeout=5m ask=n:validator1}",
    "ask=",
    "roles=",
    "timeout=",
    "approvals=300",
    "Level 1 - ",
    "Response Time: ",
    "< 1 hour",
    "1e9 hours",
    "18446744073709551615 days",
    "0.0000001 s",
    "RTO",
    "RPO",
    "| Component | RTO |\n|---|---|\n| ",
    "| Role | Contact |\n|--|--|\n",
    "Recovery procedure",
    "Backup locations",
    "`/b/`",
    "é",
    "🚒",
    "\u{feff}",
    "\u{0}",
    "\u{202e}",
    "İ",
    "ß",
    "ﬁ",
    "<b>",
    "<!--",
    "&amp;",
    "[a](b",
    "![",
    "---\n",
    "===\n",
    "if x; then ",
];

/// A small generator of our own: the number of a failure repeats it.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % n.max(1) as u64).unwrap_or(0)
    }
}

/// The text that belongs to a number.
fn text(number: u64) -> String {
    let mut dice = Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..8 {
        dice.below(2);
    }
    if dice.below(12) == 0 {
        return repeated(&mut dice);
    }
    let mut text: Vec<char> = SEEDS[dice.below(SEEDS.len())].chars().collect();
    if dice.below(3) == 0 {
        // A small piece is compiled a hundred times in the time of the whole.
        let from = dice.below(text.len());
        let to = (from + 20 + dice.below(900)).min(text.len());
        text = text[from..to].to_vec();
    }
    for _ in 0..=dice.below(12) {
        damage(&mut text, &mut dice);
    }
    text.truncate(40_000);
    text.into_iter().collect()
}

fn damage(text: &mut Vec<char>, dice: &mut Dice) {
    let at = dice.below(text.len() + 1);
    let end = |dice: &mut Dice, length: usize| (at + dice.below(length)).min(text.len());
    match dice.below(7) {
        0 | 1 => {
            let shard = SHARDS[dice.below(SHARDS.len())];
            drop(text.splice(at..at, shard.chars()));
        }
        2 => {
            let end = end(dice, 60);
            drop(text.drain(at..end));
        }
        3 => {
            let end = end(dice, 400);
            let piece: Vec<char> = text[at..end].to_vec();
            let to = dice.below(text.len() + 1);
            drop(text.splice(to..to, piece));
        }
        4 => {
            // A piece of another plan.
            let other: Vec<char> = SEEDS[dice.below(SEEDS.len())].chars().collect();
            let from = dice.below(other.len());
            let to = (from + dice.below(300)).min(other.len());
            drop(text.splice(at..at, other[from..to].iter().copied()));
        }
        5 if at < text.len() => {
            let odd = ['\u{0}', '\u{7f}', 'é', '`', '|', '\n', '\\', '"', '9', '{', '\u{2028}'];
            text[at] = odd[dice.below(odd.len())];
        }
        _ => {
            let shard = SHARDS[dice.below(SHARDS.len())].repeat(1 + dice.below(20));
            drop(text.splice(at..at, shard.chars()));
        }
    }
}

/// Few things, very often: what shows a reading that takes the square of its text.
fn repeated(dice: &mut Dice) -> String {
    let mut text = SHARDS[dice.below(SHARDS.len())].to_owned();
    let unit: String = (0..=dice.below(3)).map(|_| SHARDS[dice.below(SHARDS.len())]).collect();
    let _ = write!(text, "{}", unit.repeat(1 + 20_000 / unit.len().max(1)));
    text + SHARDS[dice.below(SHARDS.len())]
}

/// What must be true whatever was compiled.
fn check(source: &str, compiled: &Compiled) {
    let body = source.strip_prefix('\u{feff}').unwrap_or(source);
    let lines: Vec<&str> = body.split('\n').collect();
    let length = |line: u32| lines.get(line as usize - 1).map(|line| line.trim_end_matches('\r').chars().count());
    for d in &compiled.diagnostics {
        let within = length(d.line).is_some_and(|length| d.column >= 1 && d.column as usize <= length + 1);
        assert!(within, "a place outside the text: {d:?}");
        assert!(d.message.chars().count() <= 1200, "endless: {}", d.message);
    }
    for gap in &compiled.gaps {
        assert!(gap.line.is_none_or(|line| length(line).is_some()) && gap.message.chars().count() <= 1200, "{gap:?}");
    }
    let plan = &compiled.plan;
    assert_eq!(plan.digest, Digest::of(source.as_bytes()), "of the text, byte for byte");
    let mut ids = HashSet::new();
    for procedure in &plan.procedures {
        assert!(ids.insert(&procedure.id) && !procedure.id.is_empty(), "{}", procedure.id);
        assert_eq!(procedure.digest, procedure.content_digest());
        assert!(procedure.approvals != Some(0));
        for (number, step) in (1..).zip(&procedure.steps) {
            assert_eq!(step.number, number);
            assert!(length(step.line).is_some() && !step.title.is_empty(), "{step:?}");
            assert_eq!(step.digest, step_digest(&step.kind, &step.source));
        }
        let mut names = HashSet::new();
        for parameter in &procedure.parameters {
            assert!(names.insert(&parameter.name) && parameter.allows(&parameter.default), "{parameter:?}");
            let same = [(parameter.name.clone(), parameter.default.clone())].into();
            assert_eq!(&procedure.with(&same), procedure);
        }
    }
    for pair in plan.sections.windows(2) {
        // A lone carriage return ends a line for Markdown and not for us: then two headings can stand on one.
        let in_order = pair[0].last_line < pair[1].line || pair[0].line == pair[1].line;
        assert!(pair[0].line <= pair[0].last_line && in_order, "{pair:?}");
    }
    let json = serde_json::to_string(compiled).expect("a plan is plain data");
    assert_eq!(
        &serde_json::from_str::<Compiled>(&json).expect("as it was written"),
        compiled,
        "what is written can be read back"
    );
}

/// Time for one text, with room for a machine that does much else.
fn limit(source: &str) -> Duration {
    let kilobytes = source.len() as u64 / 1024;
    Duration::from_millis(if cfg!(debug_assertions) { 3000 + kilobytes * 100 } else { 1000 + kilobytes * 50 })
}

/// Time that this thread has had a processor for: that it was kept waiting, or paused, is no fault of the compiler. Where the system
/// does not say it, time by the clock.
fn spent() -> Duration {
    static BEGUN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = said.and_then(|said| said.split_whitespace().next()?.parse().ok());
    nanoseconds.map_or_else(|| BEGUN.elapsed(), Duration::from_nanos)
}

/// The best of ten: a processor's caches are not the compiler's either.
fn is_slow(source: &str, took: Duration) -> bool {
    took > limit(source)
        && (0..9).all(|_| {
            let before = spent();
            drop(compile(source));
            spent().saturating_sub(before) > limit(source)
        })
}

#[test]
fn damaged_plans_do_no_harm() {
    let minutes = number("MUSTER_FUZZ_MINUTES");
    let first = number("MUSTER_FUZZ_FROM").map_or(1, |first| first as u64);
    let time = Duration::from_secs_f64(minutes.map_or(8.0, |minutes| minutes * 60.0));
    let threads =
        if minutes.is_some() { std::thread::available_parallelism().map_or(1, usize::from) as u64 } else { 1 };
    let begun = Instant::now();
    let counts: Vec<u64> = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|n| scope.spawn(move || work(first + n, threads, begun, time))).collect();
        workers.into_iter().map(|worker| worker.join().expect("see above")).collect()
    });
    let total: u64 = counts.iter().sum();
    assert!(total > 20, "only {total} texts in {time:?}");
    if let Some(peak) = peak_memory() {
        assert!(peak < 600 * 1024, "memory grew to {peak} KiB");
        if minutes.is_some() {
            say(&format!("{total} texts in {:.0?}, peak memory {} MiB", begun.elapsed(), peak / 1024));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is no program of ours: it has no configuration but these")]
fn number(key: &str) -> Option<f64> {
    std::env::var(key).ok().map(|text| text.parse().expect("MUSTER_FUZZ_… is a number"))
}

#[expect(clippy::print_stderr, reason = "the result of a run by hand")]
fn say(text: &str) {
    eprintln!("{text}");
}

fn work(first: u64, step: u64, begun: Instant, time: Duration) -> u64 {
    let mut count = 0;
    let mut number = first;
    while begun.elapsed() < time {
        let source = text(number);
        let before = spent();
        let result = catch_unwind(|| {
            let compiled = compile(&source);
            let took = spent().saturating_sub(before);
            check(&source, &compiled);
            if number.is_multiple_of(16) {
                assert_eq!(compile(&source), compiled, "the same text is the same plan");
            }
            took
        });
        match result {
            Ok(took) => {
                assert!(!is_slow(&source, took), "text {number} took {took:?}: {:.2000}", format!("{source:?}"))
            }
            Err(_) => panic!("text {number} (MUSTER_FUZZ_FROM={number}): {:.2000}", format!("{source:?}")),
        }
        count += 1;
        number += step;
    }
    count
}

/// In KiB, where the system says it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}
