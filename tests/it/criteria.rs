//! Declaring by what one sees, over HTTP: what was ticked is kept in the plan's words, and only that. Which level follows is a table in
//! the domain.

use shared::{
    api::{error::ErrorCode, incident::DeclareIn},
    domain::{access::Role, criteria::Seen, incident::IncidentEvent},
};
use tests::{
    muster::{Muster, declaration},
    scene::refused,
};
use uuid::Uuid;

fn seen(level: u8, text: &str) -> Seen {
    Seen { level, text: text.into() }
}

#[tokio::test]
async fn what_somebody_has_ticked_stands_in_the_first_entry_in_the_words_of_the_plan() {
    let muster = Muster::start().await.unwrap();
    let ada = muster.persona(Role::Responder).await.unwrap();
    let (node, data) = (seen(1, "One node has failed"), seen(3, "Data is corrupt"));
    let ticked = vec![node.clone(), data.clone(), node.clone()];
    // Who ticks what belongs to level 3 may still say that it is level 1.
    let body = DeclareIn { seen: ticked, ..declaration("validator1").unwrap() };
    let view = ada.api.declare(&body, &Uuid::new_v4().to_string()).await.unwrap();
    let IncidentEvent::Declared { level: 1, seen: kept, .. } = &view.timeline[0].event else {
        panic!("{:?}", view.timeline[0])
    };
    assert_eq!(kept, &[node, data], "each once");

    for wrong in [seen(2, "Data is corrupt"), seen(3, "The moon is down"), seen(9, "Data is corrupt")] {
        let body = DeclareIn { seen: vec![wrong], ..declaration("validator2").unwrap() };
        let error = refused(ada.api.declare(&body, &Uuid::new_v4().to_string()).await);
        assert_eq!((error.code, error.fields[0].field.as_str()), (ErrorCode::Invalid, "seen[0]"));
    }
    assert_eq!(ada.api.incidents(None).await.unwrap().items.len(), 1, "nothing else was declared");
}
