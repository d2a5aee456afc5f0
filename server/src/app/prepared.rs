//! Texts to hand on: what the public page says now, for social media and for answers to people who ask. Public words only; sends nothing.

use shared::{
    api::post::PreparedView,
    domain::{
        maintenance::PublicStep,
        prepared::{MOST, short},
    },
};

use crate::{
    AppState,
    auth::permit::{Permit, ViewConsole},
    error::{AppError, Found as _},
    public::{Speech, fill},
};

fn prepared(speech: &Speech, (state, title, said): (&str, &str, &str), link: &str) -> PreparedView {
    let values = [("state", state), ("title", title), ("said", said), ("link", link)];
    let t = &speech.texts.handed_on;
    let post = short(&fill(t.head, &values), said, link);
    PreparedView { n_characters: post.chars().count(), most: MOST, post, answer: fill(t.answer, &values) }
}

/// # Errors
/// If there is no such incident, or the public does not know it.
pub async fn of_incident(
    state: &AppState,
    _permit: &Permit<ViewConsole>,
    number: i64,
) -> Result<PreparedView, AppError> {
    let record = state.store.incident_by_number(number).await.found(|| format!("incident {number}"))?;
    if record.incident.public_title.is_none() {
        return Err(AppError::not_now("This incident is not on the status page, so there is nothing to hand on."));
    }
    let timeline = state.store.incident_timeline(record.id).await?;
    let Some((public, speech)) = state.public.as_public(&record, &timeline).await else {
        return Err(AppError::not_now("The status page has not been made yet. Try again in a moment."));
    };
    let said = public.updates.first().map_or("", |update| &update.text);
    let link = format!("{}/incidents/{number}", state.settings.public_url.origin());
    Ok(prepared(&speech, (speech.texts.state(public.state), &public.title, said), &link))
}

/// # Errors
/// If there is none with this number.
pub async fn of_maintenance(
    state: &AppState,
    _permit: &Permit<ViewConsole>,
    number: i64,
) -> Result<PreparedView, AppError> {
    state.store.maintenance_by_number(number).await.found(|| format!("maintenance {number}"))?;
    let Some((public, speech)) = state.public.work(number) else {
        return Err(AppError::not_now("The status page has not been made yet. Try again in a moment."));
    };
    let (from, to) = (speech.instant(public.window.from_at).words, speech.instant(public.window.to_at).words);
    let times = fill(speech.texts.subscribing.mail_times, &[("from", &from), ("to", &to)]);
    let said = public.steps.iter().find_map(PublicStep::text).unwrap_or_default();
    let link = format!("{}/maintenance/{number}", state.settings.public_url.origin());
    let (word, said) = (speech.texts.work_in_feed(&public), format!("{times} {said}"));
    Ok(prepared(&speech, (&word, &public.title, said.trim()), &link))
}
