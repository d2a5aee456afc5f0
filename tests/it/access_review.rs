//! Reviews of access: who has access as it was, what stands out, four eyes line by line, and what became of what was decided.

use shared::{
    api::{
        error::ErrorCode,
        inspection::{DecideIn, EndIn, InspectionIn, InspectionLineView, InspectionView},
        people::ActiveIn,
        token::TokenIn,
    },
    domain::{
        access::{Action, Role},
        inspection::{Decision, Kind, Subject},
        readiness::{Earn, Item},
        text::{Name, Remark},
    },
    ids::UserId,
};
use tests::{
    persona::Persona,
    scene::{PROJECT, Scene, message, refused},
};

pub(crate) fn of(kind: Kind) -> InspectionIn {
    InspectionIn { kind }
}

pub(crate) fn say(decision: Decision, note: &str) -> DecideIn {
    DecideIn { decision, note: Remark::parse(note).unwrap(), seen_at: None }
}

pub(crate) fn end(note: &str) -> EndIn {
    EndIn { note: message(note) }
}

fn line(view: &InspectionView, account: UserId) -> &InspectionLineView {
    view.items.iter().find(|line| line.subject.account() == Some(account)).unwrap()
}

/// What readiness says of the last inspection of this kind.
pub(crate) async fn evidence(scene: &Scene, kind: Kind) -> Item {
    let items = scene.operator.api.readiness(PROJECT).await.unwrap().items;
    items.into_iter().find(|item| item.earn == Some(Earn::Inspect { kind }) || item.id == kind.to_string()).unwrap()
}

/// Everything that this person can decide and nobody has.
pub(crate) async fn decide_the_rest(by: &Persona, number: i64, decision: Decision) -> InspectionView {
    let mut view = by.api.inspection(number).await.unwrap();
    let open: Vec<_> = view.items.iter().filter(|l| !l.settled && l.refused.is_none()).map(|l| l.place).collect();
    for place in open {
        view = by.api.decide_inspection(number, place, &say(decision, "as it should be")).await.unwrap();
    }
    view
}

#[tokio::test]
async fn everybodys_access_is_reviewed_by_somebody_else_and_is_evidence_once_signed_off() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let formula = scene.muster.local("=cmd@test.invalid", Role::Viewer).await.unwrap();
    let pool = scene.pool().await.unwrap();
    sqlx::query("UPDATE app_user SET signed_in_at = now() - interval '100 days' WHERE id = $1")
        .bind(scene.operator.id.0)
        .execute(&pool)
        .await
        .unwrap();
    let token = TokenIn { name: Name::parse("ci").unwrap(), may: vec![Action::ViewConsole], valid_days: 300 };
    scene.responder.api.make_token(&token).await.unwrap();

    // Who may not, and what readiness says before there is any.
    for person in [&scene.operator, &scene.approver] {
        let no = person.api.begin_inspection(PROJECT, &of(Kind::AccessReview)).await;
        assert_eq!(refused(no).code, ErrorCode::Forbidden);
    }
    assert_eq!(refused(scene.operator.api.inspections(PROJECT).await).code, ErrorCode::Forbidden);
    let never = evidence(&scene, Kind::AccessReview).await;
    assert!(never.earned == 0 && never.why.contains("none was ever signed off"), "{never:?}");

    // As it is now, what stands out first; a second one must wait.
    let view = admin.api.begin_inspection(PROJECT, &of(Kind::AccessReview)).await.unwrap();
    let number = view.row.number;
    assert!(view.row.lines == 5 && view.row.undecided == 5, "{:?}", view.row);
    let second = admin.api.begin_inspection(PROJECT, &of(Kind::AccessReview)).await;
    assert!(refused(second).message.contains("goes on already"));
    let marks = |id| line(&view, id).marks.join(" ");
    assert!(marks(scene.operator.id).contains("No sign-in for 100 days."), "{}", marks(scene.operator.id));
    assert!(marks(scene.responder.id).contains("Token \"ci\" lives 300 days."), "{}", marks(scene.responder.id));
    assert!(marks(admin.id).contains("without a second factor") && marks(formula.id).is_empty());
    assert!(view.items.last().is_some_and(|last| last.marks.is_empty()), "what stands out comes first");
    let Subject::Account(seen) = &line(&view, scene.responder.id).subject else { panic!() };
    assert!(seen.password && seen.passkeys == 0 && seen.sessions == 1 && seen.tokens[0].name == "ci", "{seen:?}");

    // Four eyes, by the program and by the database; a note where something stands out; nobody overwrites what they have not seen.
    let own = line(&view, admin.id);
    assert!(own.refused.as_deref().is_some_and(|why| why.contains("your own account")));
    let no = admin.api.decide_inspection(number, own.place, &say(Decision::Keep, "it is me")).await;
    assert_eq!(refused(no).code, ErrorCode::Forbidden);
    let forged = "UPDATE inspection_line SET decision = 'keep', note = 'x', decided_by = '{}', decider = account, decided_at = now()
                  WHERE inspection = $1 AND account = $2";
    let forged = sqlx::query(forged).bind(number).bind(admin.id.0).execute(&pool).await;
    assert!(forged.unwrap_err().to_string().contains("inspection_line_four_eyes"), "the database knows it, too");
    let place = line(&view, scene.operator.id).place;
    let bare = refused(admin.api.decide_inspection(number, place, &say(Decision::Keep, "")).await);
    assert_eq!(bare.fields[0].field, "note");
    let view = admin.api.decide_inspection(number, place, &say(Decision::Remove, "has left")).await.unwrap();
    let stale = scene.approver.api.decide_inspection(number, place, &say(Decision::Keep, "is back")).await;
    assert_eq!(refused(stale).code, ErrorCode::ContentChanged);
    let seen = DecideIn {
        seen_at: line(&view, scene.operator.id).said.as_ref().map(|said| said.at),
        ..say(Decision::Remove, "left in May")
    };
    scene.approver.api.decide_inspection(number, place, &seen).await.unwrap();

    // All of it, and then its end.
    let early = refused(admin.api.sign_inspection_off(number, &end("done")).await);
    assert!(early.message.contains("4 of 5 lines are still undecided"), "{early:?}");
    let view = decide_the_rest(&admin, number, Decision::Keep).await;
    assert_eq!(view.row.undecided, 1, "one's own line waits for somebody else");
    let view = decide_the_rest(&scene.approver, number, Decision::Keep).await;
    assert!(view.row.undecided == 0 && view.sign_off_refused.is_none(), "{view:?}");
    let view = admin.api.sign_inspection_off(number, &end("One has left.")).await.unwrap();
    assert!(view.row.ended_at.is_some() && view.row.objections == 1 && view.note.as_deref() == Some("One has left."));
    let late = refused(admin.api.decide_inspection(number, place, &seen).await);
    assert!(late.message.contains("over"), "{late:?}");

    // What was decided is done elsewhere, and seen here.
    assert!(line(&view, scene.operator.id).since.is_empty());
    let part = evidence(&scene, Kind::AccessReview).await;
    assert!(part.lost() > 0 && part.why.contains("about 1 of them is still to be done"), "{part:?}");
    let off = ActiveIn { active: false, reason: message("has left") };
    let reader = scene.muster.persona(Role::Viewer).await.unwrap();
    admin.api.set_active(scene.operator.id, &off).await.unwrap();
    let view = admin.api.inspection(number).await.unwrap();
    assert_eq!(line(&view, scene.operator.id).since[0], "It was deactivated.");
    let item = async || {
        let items = reader.api.readiness(PROJECT).await.unwrap().items;
        items.into_iter().find(|item| item.id == "access-review").unwrap()
    };
    let whole = item().await;
    assert!(whole.lost() == 0 && whole.fresh_until.is_some() && whole.why.contains("5 accounts"), "{whole:?}");
    scene.muster.persona(Role::Administrator).await.unwrap();
    let half = item().await;
    assert!(half.earned == whole.earned / 2 && half.why.contains("came to manage people"), "{half:?}");

    // One entry for each decision; a table in which nothing is a formula; a page to print.
    let decided: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_entry WHERE entry::jsonb->>'action' = 'inspection.decided'")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(decided, 6);
    let (_, csv) = admin.http.page(&format!("/api/v1/inspections/{number}/export.csv")).await.unwrap();
    assert!(csv.starts_with("\"Line\",\"About\",\"E-mail\"") && csv.lines().count() == 6, "{csv}");
    assert!(csv.contains("\"'=cmd@test.invalid\"") && csv.contains("left in May"), "{csv}");
    let (_, print) = scene.approver.http.page(&format!("/api/v1/inspections/{number}/print")).await.unwrap();
    assert!(print.contains("Access review") && print.contains("It was deactivated."), "{print}");
}

#[tokio::test]
async fn one_that_is_called_off_shows_nothing_and_another_can_begin() {
    let scene = Scene::set().await.unwrap();
    let admin = scene.muster.persona(Role::Administrator).await.unwrap();
    let number = admin.api.begin_inspection(PROJECT, &of(Kind::AccessReview)).await.unwrap().row.number;
    decide_the_rest(&admin, number, Decision::Keep).await;
    decide_the_rest(&scene.approver, number, Decision::Keep).await;
    let view = scene.approver.api.call_inspection_off(number, &end("Begun too early.")).await.unwrap();
    assert!(view.row.called_off && view.sign_off_refused.is_some(), "{view:?}");
    assert!(refused(admin.api.sign_inspection_off(number, &end("x")).await).message.contains("over"));
    assert_eq!(evidence(&scene, Kind::AccessReview).await.earned, 0);
    admin.api.begin_inspection(PROJECT, &of(Kind::AccessReview)).await.unwrap();
    let list = scene.approver.api.inspections(PROJECT).await.unwrap();
    assert!(list.items.len() == 2 && list.items[1].called_off && list.begin_refused.is_some(), "{list:?}");
}
