//! Rows that stand still while somebody is at work in a dialog of one of them: news would draw the row anew and take what is typed,
//! or a secret that is shown once. Afterwards they show the newest.

use leptos::prelude::*;

/// Given to the rows with a `Provider`; their dialogs find it.
#[derive(Clone, Copy)]
pub(crate) struct Hold(RwSignal<u32>);

impl Hold {
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(0))
    }

    /// The list as it is, or as it was when the first of the open dialogs was opened.
    pub(crate) fn list<T>(self, newest: impl Fn() -> Vec<T> + Send + Sync + 'static) -> Memo<Vec<T>>
    where
        T: Clone + PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |before: Option<&Vec<T>>| {
            let held = self.0.get() > 0;
            before.filter(|_| held).cloned().unwrap_or_else(&newest)
        })
    }
}

/// Lets the rows around this dialog stand still while it is open. Nothing where no rows are.
pub(crate) fn hold_while(open: RwSignal<bool>) {
    let Some(Hold(count)) = use_context() else { return };
    let counted = StoredValue::new(false);
    let say = move |now: bool| {
        if counted.try_get_value() == Some(!now) {
            counted.try_set_value(now);
            count.try_update(|n| *n = if now { *n + 1 } else { n.saturating_sub(1) });
        }
    };
    Effect::new(move |_| say(open.get()));
    on_cleanup(move || say(false));
}
