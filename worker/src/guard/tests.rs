//! Rows altered in every way a hostile database could: each is refused by name.

use shared::{
    domain::{
        actor::Actor,
        approval::{ApprovalPolicy, Choice, Content, Decider, Decision},
        resolution::{ResolvedObject, ResolvedStep},
        run::{RunEvent, RunHeader},
    },
    fixtures,
    ids::UserId,
    plan::StepKind,
};
use uuid::Uuid;

use super::*;

const SOURCE: &str = "# Plan\n## Recovery\n### 1. Node failure\n```bash\n# 1. Check\ndocker-compose ps validator1\n\
                      # 2. Restart\ndocker-compose restart validator1\n```\n";
const REQUESTER: UserId = UserId(Uuid::from_u128(1));
const APPROVER: UserId = UserId(Uuid::from_u128(2));

fn decider() -> Decider {
    Decider { contact_roles: vec![], since: None }
}

fn resolution(id: &str) -> Resolution {
    let object = ResolvedObject { service: Some("validator1".into()), ..fixtures::container(id, "bt2c_validator1_1") };
    let step =
        |number, has_effect| ResolvedStep { has_effect, ..fixtures::resolved_step(number, vec![object.clone()]) };
    fixtures::resolution(vec![step(1, false), step(2, true)])
}

fn header() -> RunHeader {
    let plan = compile(SOURCE).plan;
    RunHeader { plan_digest: plan.digest, requested_by: REQUESTER, ..fixtures::header(plan.procedures[0].clone()) }
}

fn run(header: RunHeader, decided: impl FnOnce(Content) -> Vec<Decision>) -> Run {
    let resolved = RunEvent::Resolved { resolution: resolution("a") };
    let mut log = vec![RunEvent::Requested, resolved];
    let record = |log: &[RunEvent]| fixtures::log(&Actor::Muster, log);
    let content = Run::replay(header.clone(), &record(&log)).unwrap().content().unwrap();
    log.extend(decided(content).into_iter().map(|decision| RunEvent::Decided { decision }));
    log.push(RunEvent::Granted);
    Run::replay(header, &record(&log)).unwrap()
}

fn approve(by: UserId, content: Content) -> Decision {
    Decision { by, name: "Ada".into(), at: Timestamp::from_unix(1), content, choice: Choice::Approve }
}

fn approved(header: RunHeader) -> Run {
    run(header, |content| vec![approve(APPROVER, content)])
}

struct World {
    allowed: Vec<String>,
    home: Option<&'static str>,
    source: &'static str,
    may: Vec<UserId>,
    breakers: Vec<UserId>,
    before: Option<Run>,
    now: i64,
    live: Result<Resolution, String>,
}

impl Default for World {
    fn default() -> Self {
        let live = Ok(resolution("a"));
        Self {
            allowed: vec!["bt2c".into()],
            home: None,
            source: SOURCE,
            may: vec![APPROVER, REQUESTER],
            breakers: vec![REQUESTER],
            before: None,
            now: 10,
            live,
        }
    }
}

impl World {
    fn verdict(&self, run: &Run) -> Result<(), String> {
        let facts = Facts {
            order: Ok(None),
            allowed: &self.allowed,
            home: self.home,
            plan: &compile(self.source).plan,
            may_decide: &self.may.iter().map(|user| (*user, decider())).collect(),
            may_break: &self.breakers.iter().map(|user| (*user, decider())).collect(),
            before: self.before.as_ref(),
            now: Timestamp::from_unix(self.now),
            resolution: self.live.as_ref(),
        };
        verdict(run, &facts)
    }
}

#[test]
fn what_was_approved_and_still_holds_may_begin() {
    assert_eq!(World::default().verdict(&approved(header())), Ok(()));
    assert_eq!(World { home: Some("here"), ..World::default() }.verdict(&approved(header())), Ok(()));
}

#[test]
fn a_changed_world_is_refused_by_name() {
    let cases = [
        (
            World { allowed: vec!["drill".into()], ..World::default() },
            "may only touch the Compose projects drill, not bt2c",
        ),
        (World { home: Some("there"), ..World::default() }, "lives on the host there, and this worker acts on here"),
        (World { source: "# Other", ..World::default() }, "plan's text is not the one"),
        (World { may: vec![REQUESTER], ..World::default() }, "0 of 1 approvals that still count"),
        (World { now: 1803, ..World::default() }, "expired"),
        (World { live: Ok(resolution("b")), ..World::default() }, "step 2 would now touch bt2c_validator1_1 (b)"),
        (World { live: Err("Docker is down".into()), ..World::default() }, "Docker is down"),
    ];
    for (world, part) in cases {
        let why = world.verdict(&approved(header())).unwrap_err();
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[test]
fn an_altered_row_is_refused_by_name() {
    let world = World::default();
    let mut other_service = header();
    other_service.procedure.steps[1].kind = StepKind::Restart { services: vec!["postgres".into()] };
    let mut other_plan = header();
    other_plan.plan_digest = Digest::of(b"x");
    let mut no_approval = header();
    no_approval.policy = ApprovalPolicy::NONE;
    let mut other_policy = header();
    other_policy.policy.expires_seconds = 999_999;
    let mut other_title = header();
    other_title.procedure.title = "Harmless".into();
    let cases = [
        (other_service, "not those of the plan's text"),
        (other_title, "not those of the plan's text"),
        (other_plan, "plan's text is not the one"),
        (no_approval, "nobody's approval"),
        (other_policy, "less than the plan wants"),
    ];
    for (header, part) in cases {
        let why = world.verdict(&approved(header)).unwrap_err();
        assert!(why.contains(part), "{part}: {why}");
    }
    let own = run(header(), |content| vec![approve(REQUESTER, content)]);
    assert!(world.verdict(&own).unwrap_err().contains("0 of 1"));
    let stale =
        run(header(), |content| vec![approve(APPROVER, Content { resolution_digest: Digest::of(b"x"), ..content })]);
    assert!(world.verdict(&stale).unwrap_err().contains("0 of 1"));
}

#[test]
fn consent_does_not_run_out_under_a_run_that_has_begun() {
    let mut begun = approved(header());
    begun.steps[0].started_at = Some(Timestamp::from_unix(5));
    assert_eq!(World { now: 9999, ..World::default() }.verdict(&begun), Ok(()));
    let text = with_state(&begun, "x".into());
    assert_eq!(text, "The worker refused: x. Nothing was done; request the run again.");
    begun.steps[0].state = StepState::Running;
    assert!(with_state(&begun, "x.".into()).starts_with("The worker stopped: x. Step 1 had been begun"));
}

#[test]
fn half_way_through_only_what_is_still_open_counts_and_nothing_new_may_come() {
    let refused = |run: &Run, live: Resolution| World { live: Ok(live), ..World::default() }.verdict(run).err();
    let open = |ids: &[&str]| {
        let mut live = resolution("a");
        live.steps.remove(0);
        let object = live.steps[0].objects[0].clone();
        live.steps[0].objects = ids.iter().map(|id| ResolvedObject { id: (*id).into(), ..object.clone() }).collect();
        live
    };
    let mut run = approved(header());
    run.steps[0].state = StepState::Succeeded { evidence: String::new() };
    assert_eq!(refused(&run, open(&["a"])), None);
    assert!(refused(&run, open(&[])).is_some(), "not begun: what was approved must be there");
    (run.steps[1].state, run.steps[1].attempts) = (StepState::Running, 1);
    assert_eq!(refused(&run, open(&[])), None, "begun: it may be gone by the step's own doing");
    assert!(refused(&run, open(&["b"])).unwrap().contains("would now touch"));
    assert!(refused(&run, open(&["a", "b"])).is_some());
}

#[test]
fn a_parameter_that_the_plan_does_not_ask_for_is_refused() {
    let mut header = header();
    header.parameters.insert("validator".into(), "--force".into());
    let why = World::default().verdict(&approved(header)).unwrap_err();
    assert!(why.contains("--force"), "{why}");
}
