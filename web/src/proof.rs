//! When the server asks for a fresh proof: the request waits, a dialog asks, and the same request is sent again. Pages know nothing
//! of it. What is asked for, and whether it fits, is the server's.

use std::{cell::RefCell, rc::Rc, task::Waker};

use leptos::prelude::*;
use shared::api::session::ProofWay;

/// The one dialog of the app.
#[derive(Clone, Copy)]
pub(crate) struct ProofDesk {
    pub(crate) open: RwSignal<bool>,
    pub(crate) ways: RwSignal<Vec<ProofWay>>,
    /// Why it is asked, in the server's words.
    pub(crate) why: RwSignal<String>,
}

#[derive(Default)]
struct Waiting {
    given: Option<bool>,
    wakers: Vec<Waker>,
}

thread_local! {
    static DESK: RefCell<Option<ProofDesk>> = const { RefCell::new(None) };
    static WAITING: RefCell<Option<Rc<RefCell<Waiting>>>> = const { RefCell::new(None) };
}

pub(crate) fn provide_desk() -> ProofDesk {
    let desk = ProofDesk { open: RwSignal::new(false), ways: RwSignal::new(vec![]), why: RwSignal::new(String::new()) };
    DESK.with(|slot| *slot.borrow_mut() = Some(desk));
    provide_context(desk);
    desk
}

/// Asks the person, and waits for them: whether they have shown it. Several that ask at once wait for one answer.
pub(crate) async fn shown(why: String, ways: Vec<ProofWay>) -> bool {
    let Some(desk) = DESK.with(|slot| *slot.borrow()) else { return false };
    if ways.is_empty() {
        return false;
    }
    let waiting = WAITING.with(|slot| {
        slot.borrow_mut()
            .get_or_insert_with(|| {
                desk.why.set(why);
                desk.ways.set(ways);
                desk.open.set(true);
                Rc::default()
            })
            .clone()
    });
    std::future::poll_fn(|context| {
        let mut waiting = waiting.borrow_mut();
        match waiting.given {
            Some(given) => std::task::Poll::Ready(given),
            None => {
                waiting.wakers.push(context.waker().clone());
                std::task::Poll::Pending
            }
        }
    })
    .await
}

/// The dialog's answer.
pub(crate) fn answer(given: bool) {
    let Some(waiting) = WAITING.with(|slot| slot.borrow_mut().take()) else { return };
    let wakers = {
        let mut waiting = waiting.borrow_mut();
        waiting.given = Some(given);
        std::mem::take(&mut waiting.wakers)
    };
    wakers.into_iter().for_each(Waker::wake);
}
