//! Years of public incidents: all of them can be read, a reading of the facts does not touch what is long over, and what is said
//! about an old one is there at once.

use reqwest::StatusCode;
use shared::{
    api::{
        incident::{ReopenIn, ResolveIn},
        status_page::LayoutIn,
    },
    domain::{
        layout::{Layout, Placed, Section},
        text::Name,
    },
};
use tests::{
    history,
    scene::{Scene, eventually, message, publish},
};

#[tokio::test]
async fn an_old_incident_is_served_kept_and_corrected_at_once() {
    let scene = Scene::set().await.unwrap();
    let muster = &scene.muster;
    let pool = scene.pool().await.unwrap();
    history::fill(&pool, 1200).await.unwrap();
    // Another server, which finds it all there.
    let other = muster.another_server().await.unwrap();
    let theirs = tests::persona::Http::new(&other.base).unwrap();
    let page = async |path: &str| theirs.page(path).await.unwrap();
    eventually("it has read everything", async || page("/incidents/3").await.0 == StatusCode::OK).await.unwrap();
    let (_, html) = page("/incidents/3").await;
    assert!(html.contains("Old incident 3") && html.contains("Validator 1: major outage"), "{html}");
    assert!(!html.contains("internal"), "{html}");
    let (_, newest) = page("/history").await;
    assert!(newest.contains("Old incident 1200") && !newest.contains("Old incident 900<"), "the newest hundred");
    let months: Vec<_> = newest.split("href=\"/history/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(months.len() >= 7, "{months:?}");
    let (_, oldest) = page(&format!("/history/{}", months.last().unwrap())).await;
    assert!(oldest.contains(">Old incident 1<"), "{oldest}");

    // What nobody said aloud is not looked for: a reading does not go through the years.
    let silent = "UPDATE incident SET public_title = 'mended by hand' WHERE public_title = 'Old incident 3'";
    sqlx::query(silent).execute(&pool).await.unwrap();
    let n = muster.declare(&scene.responder, "validator2").await.unwrap().number;
    eventually("the news are there", async || page(&format!("/incidents/{n}")).await.0 == StatusCode::OK)
        .await
        .unwrap();
    assert!(page("/incidents/3").await.1.contains("Old incident 3"));

    // What is said is there, on its page and in its month.
    let back =
        ReopenIn { reason: message("it was not over"), public_text: Some(message("It was not over.")), notify: true };
    scene.responder.api.reopen(3, &back).await.unwrap();
    eventually("it is open again", async || page("/").await.1.contains("It was not over.")).await.unwrap();
    assert!(page("/incidents/3").await.1.contains("mended by hand"));
    assert!(!page(&format!("/history/{}", months.last().unwrap())).await.1.contains("mended by hand"));
    let end =
        ResolveIn { text: message("done"), public_text: Some(message("Now it is over.")), notify: true, despite: None };
    scene.responder.api.resolve(3, &end).await.unwrap();
    eventually("it is over again", async || page("/incidents/3").await.1.contains("Now it is over.")).await.unwrap();

    scene.responder.api.draft_report(5).await.unwrap();
    publish(&scene.approver, 5, true).await.unwrap();
    eventually("its report is there", async || page("/incidents/5/report").await.0 == StatusCode::OK).await.unwrap();
    assert!(page("/incidents/5").await.1.contains("/incidents/5/report"));

    // A component that is hidden now is not named by what is old, either.
    let hidden = Placed {
        system: "bt2c".into(),
        component: "validator1".into(),
        name: Some(Name::parse("SECRET").unwrap()),
        description: None,
        hidden: true,
    };
    let layout = Layout { sections: vec![Section { id: None, name: None, components: vec![hidden] }] };
    scene.operator.api.arrange_status_page(&LayoutIn { layout, base: 0 }).await.unwrap();
    eventually("it is hidden", async || !page("/incidents/7").await.1.contains("Validator 1")).await.unwrap();
    assert!(!page("/incidents/3").await.1.contains("SECRET"));

    // None of it needs the database.
    muster.database.cut().await.unwrap();
    for path in ["/incidents/11", "/history", &format!("/history/{}", months[2])] {
        assert_eq!(page(path).await.0, StatusCode::OK, "{path}");
    }
    assert_eq!(page("/incidents/99999").await.0, StatusCode::NOT_FOUND);
    muster.database.mend().await.unwrap();
}
