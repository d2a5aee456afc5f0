//! What a source is: name, dialect, where things stand in its JSON, how often it beats. Its rules have a file of their own.

use leptos::prelude::*;
use shared::{
    api::alert::{BeatIn, SourceSettingsIn, SourceView},
    domain::{
        alert::{Mapping, Pointer, Rule, SourceKind},
        text::Name,
    },
};

use crate::components::{
    attempt::Attempt,
    field::{SelectField, TextField},
};

/// Where a thing stands in the JSON, as it is typed.
#[derive(Clone, Copy)]
struct Place {
    label: &'static str,
    value: RwSignal<String>,
    wrong: RwSignal<Option<String>>,
}

impl Place {
    fn new(label: &'static str, value: &str) -> Self {
        Self { label, value: RwSignal::new(value.to_owned()), wrong: RwSignal::new(None) }
    }

    fn read(self) -> Option<Pointer> {
        let parsed = Pointer::parse(&self.value.get_untracked());
        self.wrong.set(parsed.as_ref().err().cloned());
        parsed.ok()
    }
}

#[derive(Clone, Copy)]
pub(super) struct Settings {
    name: RwSignal<String>,
    wrong_name: RwSignal<Option<String>>,
    kind: RwSignal<String>,
    /// List, key, title, text, address, labels, state.
    places: [Place; 7],
    ended: RwSignal<String>,
    every: RwSignal<String>,
    grace: RwSignal<String>,
    wrong_beat: RwSignal<Option<String>>,
    muted_until: Option<shared::timestamp::Timestamp>,
}

impl Settings {
    pub(super) fn of(source: Option<&SourceView>) -> Self {
        let mapping = source.and_then(|source| source.settings.mapping.clone()).unwrap_or_default();
        let beat = source.and_then(|source| source.settings.beat);
        let minutes = |seconds: u32| (f64::from(seconds) / 60.0).to_string();
        Self {
            name: RwSignal::new(source.map(|s| s.settings.name.as_str().to_owned()).unwrap_or_default()),
            wrong_name: RwSignal::new(None),
            kind: RwSignal::new(source.map_or(SourceKind::Alertmanager, |source| source.kind).name().to_owned()),
            places: [
                Place::new(
                    "List of alerts (empty: one alert a message)",
                    mapping.alerts.as_ref().map_or("", Pointer::as_str),
                ),
                Place::new("What tells one trouble from another", mapping.key.as_str()),
                Place::new("Title", mapping.title.as_str()),
                Place::new("Text", mapping.text.as_str()),
                Place::new("Address to read more", mapping.url.as_str()),
                Place::new("Labels", mapping.labels.as_str()),
                Place::new("State", mapping.state.as_str()),
            ],
            ended: RwSignal::new(mapping.ended.join(", ")),
            every: RwSignal::new(beat.map_or_else(|| "60".to_owned(), |beat| minutes(beat.every_seconds))),
            grace: RwSignal::new(beat.map_or_else(|| "5".to_owned(), |beat| minutes(beat.grace_seconds))),
            wrong_beat: RwSignal::new(None),
            muted_until: source.and_then(|source| source.settings.muted_until),
        }
    }

    pub(super) fn kind(self) -> SourceKind {
        self.kind.get_untracked().parse().unwrap_or(SourceKind::Generic)
    }

    fn is(self, kind: SourceKind) -> bool {
        self.kind.with(|name| name == kind.name())
    }

    /// `None` if a place is none; each says so by itself.
    pub(super) fn mapping(self) -> Option<Mapping> {
        let [alerts, key, title, text, url, labels, state] = self.places.map(Place::read);
        let list = alerts.filter(|place| !place.as_str().is_empty());
        let ended = self.ended.get_untracked();
        let ended = ended.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect();
        Some(Mapping {
            alerts: list,
            key: key?,
            title: title?,
            text: text?,
            url: url?,
            labels: labels?,
            state: state?,
            ended,
        })
    }

    fn beat(self) -> Option<BeatIn> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "looked at before")]
        let seconds = |text: RwSignal<String>| {
            let minutes: f64 = text.get_untracked().trim().replace(',', ".").parse().ok()?;
            (0.0..=525_600.0).contains(&minutes).then_some((minutes * 60.0).round() as u32)
        };
        let beat = seconds(self.every).filter(|every| *every > 0).zip(seconds(self.grace));
        self.wrong_beat.set(beat.is_none().then(|| "Say both in minutes, such as 60 and 5.".to_owned()));
        beat.map(|(every_seconds, grace_seconds)| BeatIn { every_seconds, grace_seconds })
    }

    /// What was typed, if all of it is sound.
    pub(super) fn read(self, rules: Vec<Rule>) -> Option<SourceSettingsIn> {
        let name = Name::parse(&self.name.get_untracked());
        self.wrong_name.set(name.as_ref().err().cloned());
        let kind = self.kind();
        let mapping = if kind == SourceKind::Generic { Some(self.mapping()?) } else { None };
        let beat = if kind == SourceKind::Heartbeat { Some(self.beat()?) } else { None };
        Some(SourceSettingsIn { name: name.ok()?, mapping, rules, beat, muted_until: self.muted_until })
    }
}

#[component]
pub(super) fn Fields(settings: Settings, attempt: Attempt, new: bool) -> impl IntoView {
    let kinds: Vec<_> = SourceKind::ALL.iter().map(|kind| (kind.name().to_owned(), kind.words().to_owned())).collect();
    let refused = attempt.field("settings.name");
    let wrong_name = Signal::derive(move || settings.wrong_name.get().or_else(|| refused.get()));
    view! {
        <TextField label="What sends" value=settings.name error=wrong_name required=true autofocus=new/>
        {new.then(|| view! { <SelectField label="How it speaks" choices=kinds value=settings.kind/> })}
        <Show when=move || settings.is(SourceKind::Heartbeat)>
            <div class="pair">
                <TextField label="Comes every … minutes" value=settings.every error=settings.wrong_beat/>
                <TextField label="May be late by … minutes" value=settings.grace/>
            </div>
        </Show>
        <Show when=move || settings.is(SourceKind::Generic)>
            <details class="places">
                <summary>"Where things stand in its JSON"</summary>
                <p class="hint">"Places are JSON pointers: /labels/host is the host within the labels."</p>
                {settings
                    .places
                    .map(|place| view! { <TextField label=place.label value=place.value error=place.wrong/> })
                    .collect_view()}
                <TextField label="Words of the state that mean it is over" value=settings.ended hint="With commas between them."/>
            </details>
        </Show>
    }
}

/// What to tell the program, by its kind.
#[component]
pub(super) fn HowTo(kind: SourceKind) -> impl IntoView {
    let text = match kind {
        SourceKind::Alertmanager => {
            "receivers:\n  - name: muster\n    webhook_configs:\n      - url: THE ADDRESS\n        send_resolved: true"
        }
        SourceKind::Pagerduty => {
            "Where the program asks for the address of PagerDuty's Events API (…/v2/enqueue), give it this one. Its routing key counts for nothing here."
        }
        SourceKind::Generic => {
            "curl --json '{\"key\": \"disk-db1\", \"title\": \"Disk full\", \"state\": \"firing\", \"labels\": {\"severity\": \"critical\"}}' THE-ADDRESS"
        }
        // Nothing is sent there.
        SourceKind::Monitors => "",
        SourceKind::Heartbeat => "nightly-backup.sh && curl --fail --silent --request POST THE-ADDRESS",
    };
    view! { <pre class="mono how-to">{text}</pre> }
}
