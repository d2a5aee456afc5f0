//! Chains, directories, steps by hand and procedures written as lists. Tests only.

use super::*;

const FRAME: &str = "\n\n| Component | RTO |\n|---|---|\n| x | 1 h |\n";

/// `title: kind = source` of each step of the first procedure.
fn steps(text: &str) -> Vec<String> {
    let compiled = compile(&format!("# P\n\n{text}{FRAME}"));
    let procedure = compiled.plan.procedures.first();
    procedure
        .map(|p| p.steps.iter().map(|s| format!("{}: {} = {}", s.title, s.kind.name(), s.source)).collect())
        .unwrap_or_default()
}

fn block(lines: &str) -> Vec<String> {
    steps(&format!("## Mend\n```bash\n{lines}\n```"))
}

#[test]
fn a_chain_is_several_steps_and_cd_is_none() {
    assert_eq!(
        block(
            "# 1. Go\ncd /opt/app && ./x.sh && docker compose up -d\n# 2. Look\ndocker compose ps; docker compose logs"
        ),
        [
            "Go: script = ./x.sh",
            "Go (2): up = docker compose up -d",
            "Look: inspect = docker compose ps",
            "Look (2): logs = docker compose logs",
        ]
    );
    let text = format!("# P\n## A\n```sh\n# 1. Go there\ncd /opt\n# 2. Run\n./x.sh \\\n  --all\n```{FRAME}");
    let compiled = compile(&text);
    let procedure = &compiled.plan.procedures[0];
    let script = StepKind::Script { path: "/opt/x.sh".into(), args: vec!["--all".into()] };
    assert_eq!((procedure.steps.len(), &procedure.steps[0].kind), (1, &script));
    assert!(said(&compiled).contains(&"notice 5:1 directory".to_owned()), "{:?}", said(&compiled));
    assert_eq!(block("docker compose ps || docker compose up -d")[0].split(" = ").next(), Some("Shell line: shell"));
}

#[test]
fn what_has_no_command_is_done_by_hand_unless_it_heads_what_follows() {
    assert_eq!(
        block("# 1. Call the provider\n# 2. Look\ndocker compose ps\n# 3. Decide for one"),
        [
            "Call the provider: manual = # 1. Call the provider",
            "Look: inspect = docker compose ps",
            "Decide for one: manual = # 3. Decide for one",
        ]
    );
    assert_eq!(block("# 1. Do this:\n# 2. Look\ndocker compose ps").len(), 1);
    assert_eq!(
        block(
            "# 1. Stop\n# 1.1 the writers\ndocker compose stop a\n# 1.2 the readers\ndocker compose stop b\n# 2 - Call"
        ),
        [
            "the writers: stop = docker compose stop a",
            "the readers: stop = docker compose stop b",
            "Call: manual = # 2 - Call"
        ]
    );
    let order = compile(&format!("# P\n## A\n```sh\n# 1. a\n# 1.1 b\ndocker compose ps\n# 1.1 c\n# 1. d\n```{FRAME}"));
    let wrong: Vec<_> = said(&order).into_iter().filter(|line| line.contains("step-order")).collect();
    assert_eq!(wrong, ["warning 7:1 step-order", "warning 8:1 step-order"]);
    assert!(block("# only words\n# and more").is_empty());
}

#[test]
fn a_numbered_list_is_a_procedure_under_a_heading_that_says_so() {
    let list = "\
## Recovery procedures

### Database is lost

1. Call the database administrator.
2. Run `docker compose stop web worker`.
3. Load the dump:

   ```bash
   ./restore.sh /b/latest.sql
   docker compose start db
   ```
4. Then
   1. run `docker compose up -d` and `docker compose ps`
   2. wait for the first order
5. Do **not** run `docker compose down -v`.
6. Restart what is left:
   - `docker compose restart cache`
   - whatever else stands still
7. Edit `config.yml` on the host
";
    assert_eq!(
        steps(list),
        [
            "Call the database administrator: manual = 1. Call the database administrator.",
            "Run docker compose stop web worker: stop = docker compose stop web worker",
            "Load the dump: script = ./restore.sh /b/latest.sql",
            "Load the dump (2): start = docker compose start db",
            "run docker compose up -d and docker compose ps: up = docker compose up -d",
            "run docker compose up -d and docker compose ps (2): inspect = docker compose ps",
            "wait for the first order: manual = 2. wait for the first order",
            "Do not run docker compose down -v: manual = 5. Do **not** run `docker compose down -v`.",
            "Restart what is left: restart = docker compose restart cache",
            "Edit config.yml on the host: manual = 7. Edit `config.yml` on the host",
        ]
    );
    let compiled = compile(&format!("# P\n\n{list}{FRAME}"));
    let procedure = &compiled.plan.procedures[0];
    assert_eq!((&*procedure.id, procedure.line, compiled.plan.procedures.len()), ("database-is-lost", 7, 1));
    assert_eq!(compiled.plan.checklists, []);
    assert!(said(&compiled).contains(&"notice 7:1 list-procedure".to_owned()), "{:?}", said(&compiled));
    let lines: Vec<_> = procedure.steps.iter().map(|step| step.line).collect();
    assert_eq!(lines, [7, 8, 12, 13, 16, 16, 17, 18, 20, 22]);
}

#[test]
fn other_lists_are_no_procedures() {
    for text in [
        "## Post-recovery procedures\n1. Look\n2. Tell",
        "## Prevention\n1. Patch\n2. Train",
        "## Recovery\n- Look\n- Tell",
        "## Recovery\n1. Only one",
        "## Communication\n1. Tell users\n2. Tell others",
        "## Recovery validation\n1. **Health**\n   ```\n   x\n   ```\n2. **Speed**",
    ] {
        assert_eq!(steps(text), Vec::<String>::new(), "{text}");
    }
    // Blocks under bold titles are procedures of their own, and a list beside a block explains it.
    for (text, count) in [
        (
            "## Recovery\n1. **Web**\n   ```sh\n   docker compose ps\n   ```\n2. **Db**\n   ```sh\n   docker compose ps\n   ```",
            2,
        ),
        ("## Recovery\n1. Look\n2. Mend\n\n```sh\ndocker compose ps\n```", 1),
    ] {
        assert_eq!(compile(&format!("# P\n{text}{FRAME}")).plan.procedures.len(), count, "{text}");
    }
}

#[test]
fn who_says_where_backups_are_has_them_looked_at() {
    let plan = |steps: &str, more: &str| compile(&format!("# P\n## A\n```sh\n{steps}\n```\n{more}{FRAME}"));
    let places = "## Backup locations\n- Data: `/b/data/`\n";
    let codes = |compiled: &Compiled| -> Vec<String> {
        let said = compiled.diagnostics.iter().filter(|d| d.code.starts_with("wipe")).map(|d| d.code.clone());
        said.chain(compiled.gaps.iter().map(|gap| gap.code.clone()).filter(|code| code.contains("backup"))).collect()
    };
    let wipe = "docker volume rm v\n./restore.sh /b/data/x";
    assert_eq!(codes(&plan(wipe, places)), ["wipe-needs-backup"], "Muster looks first");
    assert_eq!(codes(&plan(wipe, "")), ["wipe-without-backup", "destructive-without-backup-check"]);
    assert_eq!(codes(&plan("./restore.sh /b/data/x", places)), ["destructive-without-backup-check"]);
    assert_eq!(codes(&plan("docker compose down", places)), Vec::<String>::new());
    let above = "## Backup locations\n- Data: `/srv/b/data/`\n";
    assert_eq!(codes(&plan("tar -xzf /srv/b/x.tgz -C /app", above)), ["wipe-needs-backup", "backup-elsewhere"]);
}

#[test]
fn all_of_the_text_is_in_a_section_and_each_says_whether_it_was_understood() {
    let text = format!(
        "intro\n\n# P\nprose\n\n## Idle words\nmore\n\n## A\n```sh\n# no heading\ndocker compose ps\n```{FRAME}"
    );
    let sections: Vec<_> =
        compile(&text).plan.sections.into_iter().map(|s| (s.title, s.level, s.line, s.last_line, s.compiled)).collect();
    let of = |title: &str, level, line, last, compiled| (title.to_owned(), level, line, last, compiled);
    assert_eq!(
        sections,
        [of("", 0, 1, 2, false), of("P", 1, 3, 5, false), of("Idle words", 2, 6, 8, false), of("A", 2, 9, 17, true)]
    );
    let ours = compile(OURS).plan.sections;
    assert_eq!(ours.last().map(|s| s.last_line as usize), Some(OURS.lines().count()));
    assert!(ours.windows(2).all(|pair| pair[0].last_line + 1 == pair[1].line), "no line is left out");
    assert_eq!(compile("| Component | RTO |\n|--|--|\n| x | 1 h |").plan.sections.len(), 1);
}
