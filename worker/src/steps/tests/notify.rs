//! Notices: one for each step however often it is tried, and what a probe finds. Against a board in memory.

use std::sync::Mutex;

use shared::domain::{access::ContactRole, audience::Audience};

use super::*;
use crate::board::{Answer, Given, NotGiven};

/// Keeps what it was given, as the database would.
#[derive(Default)]
pub(super) struct MemoryBoard {
    notices: Mutex<Vec<(u32, Audience, String)>>,
    readers: i64,
    fenced: bool,
    broken: bool,
}

impl Board for MemoryBoard {
    fn give<'a>(
        &'a self,
        step: u32,
        audience: Audience,
        text: &'a str,
        _: &'a Lease,
    ) -> Answer<'a, Result<Given, NotGiven>> {
        Box::pin(async move {
            if self.fenced {
                return Err(NotGiven::Lost);
            }
            if self.broken {
                return Err(NotGiven::Failed("the notice could not be written: it is torn".into()));
            }
            let mut notices = self.notices.lock().unwrap();
            let new = !notices.iter().any(|(of, ..)| *of == step);
            if new {
                notices.push((step, audience, text.into()));
            }
            Ok(Given { new, readers: self.readers })
        })
    }

    fn given(&self, step: u32) -> Answer<'_, Result<bool, String>> {
        Box::pin(async move { Ok(self.notices.lock().unwrap().iter().any(|(of, ..)| *of == step)) })
    }
}

const OFFICERS: Audience = Audience::Contact(ContactRole::SecurityOfficer);

fn kind() -> StepKind {
    StepKind::Notify { audience: OFFICERS, text: "Come.".into() }
}

fn bench(readers: i64) -> Bench {
    Bench { board: MemoryBoard { readers, ..MemoryBoard::default() }, ..Bench::new(&["a"]) }
}

#[tokio::test]
async fn a_notice_is_given_once_however_often_its_step_runs() {
    let bench = bench(2);
    assert_eq!(bench.run(&kind()).await.evidence(), "notified security officers: 2 people");
    assert_eq!(bench.run(&kind()).await.evidence(), "notified security officers: 2 people, by an earlier attempt");
    assert_eq!(*bench.board.notices.lock().unwrap(), [(1, OFFICERS, "Come.".to_owned())]);
    assert!(bench.done().is_empty(), "the host was not touched");
}

#[tokio::test]
async fn a_notice_that_nobody_reads_says_so() {
    let performed = bench(0).run(&kind()).await;
    assert_eq!(
        performed.evidence(),
        "notified security officers: nobody has the role security-officer now, so nobody reads it"
    );
    let said = "Nobody has the role security-officer now, so nobody reads it; tell them another way.";
    assert!(performed.text().contains(said), "{}", performed.text());
}

#[tokio::test]
async fn an_interrupted_notice_is_looked_for_and_given_if_it_is_not_there() {
    let bench = bench(1);
    assert_eq!(bench.probe(&kind(), &Before::new()).await, Probed::Again);
    bench.run(&kind()).await.evidence();
    let evidence = "security officers had been notified before the interruption".to_owned();
    assert_eq!(bench.probe(&kind(), &Before::new()).await, Probed::Done { evidence });
}

#[tokio::test]
async fn without_the_lease_or_the_fence_nobody_is_told() {
    let lost = bench(1);
    lost.lease.lose();
    assert_eq!(lost.run(&kind()).await.outcome, Err(LeaseLost));
    assert!(lost.board.notices.lock().unwrap().is_empty());
    let mut fenced = bench(1);
    fenced.board.fenced = true;
    assert_eq!(fenced.run(&kind()).await.outcome, Err(LeaseLost));
    let mut broken = bench(1);
    broken.board.broken = true;
    assert_eq!(broken.run(&kind()).await.failure(), "the notice could not be written: it is torn");
}
