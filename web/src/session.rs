//! Who is signed in, and what happens when nobody is any more. Decides nothing about rights: the server's offers and the
//! access table do.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::{
    api::{client::CallError, error::ErrorCode, session::Me},
    domain::access::Action,
};

use crate::{
    live::{Live, RETRY},
    transport::{api, on_signed_out},
};

#[derive(Clone, Copy)]
pub(crate) struct Session {
    pub(crate) me: RwSignal<Option<Me>>,
    /// The first question has been answered: somebody is signed in, or nobody is.
    pub(crate) known: RwSignal<bool>,
    /// Why it could not be answered.
    pub(crate) failed: RwSignal<Option<CallError>>,
    /// The sign-in ended while somebody was at work.
    pub(crate) ended: RwSignal<bool>,
    /// Grows with every sign-in: what failed before is fetched again.
    pub(crate) renewed: RwSignal<u64>,
    live: Live,
}

pub(crate) fn provide_session(live: Live) -> Session {
    let session = Session {
        me: RwSignal::new(None),
        known: RwSignal::new(false),
        failed: RwSignal::new(None),
        ended: RwSignal::new(false),
        renewed: RwSignal::new(0),
        live,
    };
    on_signed_out(move || {
        if session.me.with_untracked(Option::is_some) {
            session.ended.set(true);
        }
    });
    provide_context(session);
    session
}

/// The session of the app.
pub(crate) fn use_session() -> Session {
    expect_context()
}

/// The person signed in; `None` only before the first answer and on the sign-in page.
pub(crate) fn use_me() -> Signal<Option<Me>> {
    use_session().me.into()
}

/// Whether the access table allows the person an action. Commands on an object come from its offers instead.
pub(crate) fn may(action: Action) -> Signal<bool> {
    let me = use_me();
    Signal::derive(move || me.with(|me| me.as_ref().is_some_and(|me| me.may(action))))
}

impl Session {
    /// Asks the server who is signed in.
    pub(crate) fn ask(self) {
        spawn_local(async move {
            match api().me().await {
                Ok(me) => self.signed_in(me),
                Err(error) if error.code() == Some(ErrorCode::NotSignedIn) => {
                    self.failed.set(None);
                    self.known.set(true);
                }
                Err(error) => {
                    if error.may_pass() {
                        set_timeout(move || self.ask(), RETRY);
                    }
                    if self.failed.with_untracked(|said| said.as_ref() != Some(&error)) {
                        self.failed.set(Some(error));
                    }
                }
            }
        });
    }

    /// Takes over what this person may do now, if that has changed.
    pub(crate) fn refresh(self, me: &Me) {
        let before = self.me.get_untracked();
        if before.as_ref().is_none_or(|before| before.id != me.id || before == me) {
            return;
        }
        let was_shut_out = before.is_some_and(|before| before.must_enrol);
        self.me.set(Some(me.clone()));
        if was_shut_out && !me.must_enrol {
            self.live.connect();
        }
    }

    /// Asks what this person may do now.
    pub(crate) fn look_again(self) {
        spawn_local(async move {
            if let Ok(me) = api().me().await {
                self.refresh(&me);
            }
        });
    }

    pub(crate) fn signed_in(self, me: Me) {
        let somebody_else = self.me.with_untracked(|old| old.as_ref().is_some_and(|old| old.id != me.id));
        if somebody_else {
            // What is on the screen was another person's.
            let _ = window().location().reload();
            return;
        }
        self.failed.set(None);
        // There is nothing to hear for who can open nothing but their account.
        let hears = !me.must_enrol;
        self.me.set(Some(me));
        self.known.set(true);
        self.ended.set(false);
        self.renewed.update(|n| *n += 1);
        if hears {
            self.live.connect();
        }
    }

    /// After signing out: a fresh page, so that nothing of this person stays in the browser's memory.
    pub(crate) fn leave(self) {
        self.live.disconnect();
        // Fails only for an address that is none.
        let _ = window().location().set_href("/login");
    }
}

/// Where to go after signing in: only a path of the console, never another site.
pub(crate) fn safe_next(next: Option<String>) -> String {
    let inside = |path: &String| {
        path.strip_prefix("/console").is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
            && !["//", "\\", ".."].iter().any(|odd| path.contains(odd))
    };
    next.filter(inside).unwrap_or_else(|| "/console".to_owned())
}
