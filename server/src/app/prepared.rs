//! Texts to hand on: what the public page says now, for social media and for answers to people who ask, and sending them to the team's own
//! webhook. Public words only.

use serde_json::json;
use shared::{
    api::post::{HandOnIn, HandedOnView, PreparedView},
    domain::{
        maintenance::PublicStep,
        outbox::Outcome,
        prepared::{MOST, short},
    },
};

use uuid::Uuid;

use crate::{
    AppState,
    auth::permit::{Permission, Permit, PostUpdate},
    error::{AppError, Found as _},
    outbox::handed_on::HandOn,
    public::{Speech, fill},
};

fn prepared(app: &AppState, speech: &Speech, (state, title, said): (&str, &str, &str), link: &str) -> PreparedView {
    let values = [("state", state), ("title", title), ("said", said), ("link", link)];
    let t = &speech.texts.handed_on;
    let post = short(&fill(t.head, &values), said, link);
    PreparedView {
        n_characters: post.chars().count(),
        most: MOST,
        post,
        answer: fill(t.answer, &values),
        webhook: app.settings.hand_on.as_ref().map(HandOn::host),
    }
}

/// # Errors
/// If there is no such incident, or the public does not know it.
pub async fn of_incident(
    state: &AppState,
    _permit: &Permit<impl Permission>,
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
    Ok(prepared(state, &speech, (speech.texts.state(public.state), &public.title, said), &link))
}

/// # Errors
/// If there is none with this number.
pub async fn of_maintenance(
    state: &AppState,
    _permit: &Permit<impl Permission>,
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
    Ok(prepared(state, &speech, (&word, &public.title, said.trim()), &link))
}

/// What the texts are about.
#[derive(Clone, Copy, Debug)]
pub enum About {
    Incident(i64),
    Maintenance(i64),
}

/// Sends what somebody has read. The log has the intent before anything leaves, and then what became of it if it was not taken.
///
/// # Errors
/// If there is no webhook, or the page says something else by now; then nothing was sent.
pub async fn hand_on(
    state: &AppState,
    permit: &Permit<PostUpdate>,
    about: About,
    read: HandOnIn,
) -> Result<HandedOnView, AppError> {
    let (texts, kind, number) = match about {
        About::Incident(number) => (of_incident(state, permit, number).await?, "incident", number),
        About::Maintenance(number) => (of_maintenance(state, permit, number).await?, "maintenance", number),
    };
    let Some(hook) = &state.settings.hand_on else {
        let message = "No webhook for texts is set up (MUSTER_HAND_ON_URL). Nothing was sent; copy them instead.";
        return Err(AppError::not_now(message));
    };
    if (&read.post, &read.answer) != (&texts.post, &texts.answer) {
        let message =
            "The status page says something else by now. Nothing was sent; write the texts anew and read them.";
        return Err(AppError::content_changed(message));
    }
    let subject = format!("{kind} {number}");
    let mut tx = state.store.begin().await?;
    let now = tx.now();
    let detail = json!({"host": hook.host(), "post": texts.post, "answer": texts.answer});
    tx.audit(&permit.actor(), "status.handed-on", subject.clone(), detail);
    tx.commit().await?;
    let body = json!({
        "version": 1, "kind": "prepared-texts", "about": kind, "number": number, "post": texts.post, "answer": texts.answer,
        "url": format!("{}/{}/{number}", state.settings.public_url.origin(), if kind == "incident" { "incidents" } else { kind }),
        "sent_by": permit.user().name,
    });
    let repeat = format!("muster-texts-{}", Uuid::now_v7().simple());
    let outcome = hook.send(&state.settings.outgoing, &body, now, &repeat).await;
    let why = match outcome {
        Outcome::Sent => return Ok(HandedOnView { sent: true, why: None }),
        Outcome::Never(why) | Outcome::NotNow(why) | Outcome::Unknown(why) => why,
        Outcome::Nowhere => "There is nobody to send it to.".to_owned(),
    };
    let mut tx = state.store.begin().await?;
    tx.audit(&permit.actor(), "status.hand-on-failed", subject, json!({"host": hook.host(), "why": why}));
    tx.commit().await?;
    Ok(HandedOnView { sent: false, why: Some(why) })
}
