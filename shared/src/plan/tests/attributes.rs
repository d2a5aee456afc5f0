//! What a fence says beyond its lines, and what a button asks for. Tests only.

use super::*;

/// SMALL with other attributes.
fn with(attributes: &str) -> Compiled {
    edited("{timeout=2m}", attributes)
}

#[test]
fn approvals_roles_and_limits_belong_to_the_procedure() {
    let compiled = with("{id=web approvals=2 roles=\"Security Officer\",database-administrator timeout=30m}");
    let procedure = &compiled.plan.procedures[0];
    assert_eq!(procedure.id, "web");
    assert_eq!(procedure.approvals, Some(2));
    assert_eq!(procedure.roles, ["security-officer", "database-administrator"]);
    assert!(procedure.steps.iter().all(|step| step.timeout_seconds == Some(1800)));
    assert!(matches!(procedure.steps[2].kind, StepKind::WaitUntil { timeout_seconds: 1800, .. }));
    let plain = with("").plan;
    let nobody = &plain.procedures[0];
    assert_eq!((nobody.approvals, nobody.roles.len(), nobody.steps[0].timeout_seconds), (None, 0, None));
}

#[test]
fn each_mistake_is_named_with_its_place() {
    for (attributes, place, words) in [
        ("{approvals=0}", "error 22:20 fence-attribute", "nobody's consent"),
        ("{approvals=many}", "error 22:20 fence-attribute", "from 1 to 9"),
        ("{approvals=-1}", "error 22:20 fence-attribute", "from 1 to 9"),
        ("{approvals=300}", "error 22:20 fence-attribute", "from 1 to 9"),
        (
            "{roles=king}",
            "error 22:16 unknown-role",
            "system-administrator, database-administrator and security-officer",
        ),
        ("{roles=security-officer,secruity-officer}", "error 22:33 unknown-role", "Did you mean \"security-officer\"?"),
        ("{roles=security-officer, b}", "error 22:33 unknown-role", "no blank behind the comma"),
        ("{roles='x y'}", "error 22:17 unknown-role", "\"x y\""),
        ("{timeout=soon}", "error 22:10 fence-attribute", "90s, 30m or 2h"),
        ("{timeout=0s}", "error 22:10 fence-attribute", "90s, 30m or 2h"),
        ("{timeout=9w}", "error 22:10 fence-attribute", "longer than 7 days"),
        ("{id=?}", "error 22:13 fence-attribute", "no letter"),
        ("{aprovals=2}", "warning 22:10 fence-attribute", "Did you mean \"approvals\"?"),
        ("{colour=red}", "warning 22:10 fence-attribute", "Known are id, approvals"),
        ("{id=a id=b}", "warning 22:15 fence-attribute", "twice"),
        ("{.numbered}", "warning 22:10 fence-attribute", "name=value"),
        ("{target=drill}", "notice 22:10 attribute-not-used", "when it is requested"),
        ("{approvals=2", "error 22:10 fence-attribute", "closing }"),
        ("{ask=wob}", "error 22:14 fence-attribute", "names nothing"),
        ("{ask=web,/x}", "error 22:18 fence-attribute", "names nothing"),
    ] {
        let compiled = with(attributes);
        let at = said(&compiled).iter().position(|line| line == place);
        let found = at.unwrap_or_else(|| panic!("{attributes}: {place} not in {:#?}", said(&compiled)));
        let message = &compiled.diagnostics[found].message;
        assert!(message.contains(words), "{attributes}: {words:?} in {message}");
    }
}

#[test]
fn consent_covers_what_is_asked_and_who_is_asked() {
    let digest = |attributes: &str| with(attributes).plan.procedures[0].digest;
    let all = [
        "",
        "{approvals=2}",
        "{approvals=3}",
        "{roles=security-officer}",
        "{ask=web}",
        "{ask=shop:web}",
        "{timeout=1h}",
    ];
    let digests: std::collections::HashSet<_> = all.iter().map(|attributes| digest(attributes)).collect();
    assert_eq!(digests.len(), all.len());
    assert_eq!(digest(""), digest("{id=other}"), "an id is a name, not a content");
}

/// `name label default` of each parameter of a procedure.
fn asked(plan: &Plan, id: &str) -> Vec<String> {
    let procedure = plan.procedures.iter().find(|procedure| procedure.id == id).unwrap();
    procedure.parameters.iter().map(|p| format!("{} | {} | {}", p.name, p.label, p.default)).collect()
}

#[test]
fn our_plan_asks_which_validator_and_which_backup() {
    let (components, rest) = OURS.split_once("## Emergency Contacts").unwrap();
    let underived = format!("{}## Emergency Contacts{rest}", components.split("## Components").next().unwrap());
    for text in [OURS, &underived] {
        let plan = compile(text).plan;
        let validator = || vec!["validator | Which validator? | validator1".to_owned()];
        assert_eq!(asked(&plan, "node-failure-recovery"), validator());
        assert_eq!(asked(&plan, "recover-data"), validator());
        assert_eq!(
            asked(&plan, "database-recovery"),
            ["backup | Which backup? | /var/backups/bt2c/latest.sql"],
            "both validators are named, so nobody asks which"
        );
        let of_system = asked(&plan, "complete-system-recovery");
        let names: Vec<_> = of_system.iter().filter_map(|text| text.split(' ').next()).collect();
        assert_eq!(names, ["config-backup", "latest", "chain-backup"]);
        for id in ["security-incident-recovery", "network-partition-recovery", "identify-corruption", "system-health"] {
            assert_eq!(asked(&plan, id), Vec::<String>::new(), "{id}");
        }
        for parameter in plan.procedures.iter().flat_map(|procedure| &procedure.parameters) {
            assert!(parameter.allows(&parameter.default), "{parameter:?}");
        }
    }
    let plan = compile(OURS).plan;
    let node = &plan.procedures[0].parameters[0];
    assert_eq!((&node.choices, node.line), (&Choices::Services { family: Some("validator".into()) }, 62));
    let backup = &plan.procedures[1].parameters[0];
    assert_eq!(backup.choices, Choices::Files { directory: "/var/backups/bt2c".into() });
}

#[test]
fn the_author_has_the_last_word() {
    let text = |attributes: &str| {
        format!(
            "# P\n\n| Component | RTO |\n|--|--|\n| x | 1 h |\n\n## A\n```sh {attributes}\n./a.sh node-1 /srv/dumps/a.sql\n\
             docker compose restart node-1\ndocker compose ps node-2\n```\n\n### Backup locations\n- Dumps: `/srv/dumps/daily`\n"
        )
    };
    let of = |attributes: &str| asked(&compile(&text(attributes)).plan, "a");
    assert_eq!(
        of(""),
        ["node | Which node? | node-1", "backup | Which backup? | /srv/dumps/a.sql"],
        "the directory above the backups"
    );
    assert_eq!(of("{ask=none}"), Vec::<String>::new());
    assert_eq!(of("{ask=node-1}"), ["node | Which node? | node-1"]);
    assert_eq!(
        of("{ask=failed-node:node-1,dump:/srv/dumps/a.sql}"),
        ["failed-node | Which failed node? | node-1", "dump | Which dump? | /srv/dumps/a.sql"]
    );
    assert_eq!(of("{ask=x:node-1,x:/srv/dumps/a.sql}"), ["x | Which x? | node-1", "x-2 | Which x? | /srv/dumps/a.sql"]);
    assert_eq!(of("{ask=node-1,node-1}").len(), 1);
}

#[test]
fn where_the_text_leaves_nothing_open_nothing_is_asked() {
    let asked = |steps: &str, more: &str| {
        let text = format!("# P\n\n| Component | RTO |\n|--|--|\n| x | 1 h |\n\n## A\n```sh\n{steps}\n```\n{more}\n");
        compile(&text).plan.procedures[0].parameters.len()
    };
    let other = "## B\n```sh\ndocker compose ps web1 web2 db\n```";
    let backups = "## Backup locations\n- A: `/b/c/`\n";
    for (steps, more, count) in [
        ("docker compose restart web1", other, 1),
        ("docker compose restart web1", "", 0),
        ("docker compose restart db", other, 0),
        ("docker compose restart web1 web2", other, 0),
        ("docker compose restart web1\n./x.sh web2", other, 0),
        ("docker compose logs web1", other, 0),
        ("./x.sh web1", other, 1),
        ("./x.sh --node=web1", other, 0),
        ("./x.sh /b/c/x.sql", backups, 1),
        ("./x.sh /b/c", backups, 0),
        ("./x.sh /b/c/d/x.sql", backups, 1),
        ("./x.sh /b/x.sql", backups, 0),
        ("./x.sh /etc/x.sql", backups, 0),
        ("./x.sh /b/c/x.sql", "## Locations\n- A: `/b/c/`\n", 0),
        ("tar -xzf /b/c/x.tgz -C /app", backups, 1),
        ("docker compose exec web1 cat /b/c/x.sql", backups, 0),
    ] {
        assert_eq!(asked(steps, more), count, "{steps} {more}");
    }
}
