//! Files on their way to an incident, with progress and a way to stop each; and how one that is there looks in the timeline. What is
//! kept, the server decides by the content.

use leptos::{html, prelude::*};
use shared::{
    api::client::{CallError, file_address, upload_address},
    bytes::human_bytes,
    domain::{
        attachment::{Attached, MOST_BYTES},
        incident::IncidentEvent,
    },
};
use web_sys::{DataTransfer, File, FileList, XmlHttpRequest};

use super::Here;
use crate::{
    components::{
        error_note::ErrorNote,
        icon::{Icon, Svg},
    },
    transport::fresh_key,
    upload,
};

/// One file on its way, or refused.
#[derive(Clone, Copy)]
struct Item {
    id: u64,
    name: StoredValue<String>,
    /// From 0 to 1.
    so_far: RwSignal<f64>,
    error: RwSignal<Option<CallError>>,
    request: StoredValue<Option<XmlHttpRequest>, LocalStorage>,
}

#[derive(Clone, Copy)]
pub(super) struct Uploads {
    here: Here,
    items: RwSignal<Vec<Item>>,
    last: StoredValue<u64>,
    /// Signals of an upload live as long as the box, not as the event that began it.
    owner: StoredValue<Option<Owner>>,
}

impl Uploads {
    pub(super) fn new(here: Here) -> Self {
        let items = RwSignal::new(Vec::<Item>::new());
        // Who leaves the page takes back what has not arrived.
        on_cleanup(move || {
            items.try_with_untracked(|items| items.iter().for_each(|item| abort(*item)));
        });
        Self { here, items, last: StoredValue::new(0), owner: StoredValue::new(Owner::current()) }
    }

    pub(super) fn add(self, files: Vec<File>) {
        for file in files {
            let Some(owner) = self.owner.get_value() else { return };
            let item = owner.with(|| self.item(&file));
            self.items.update(|items| items.push(item));
            self.begin(item, &file);
        }
    }

    fn item(self, file: &File) -> Item {
        self.last.update_value(|n| *n += 1);
        Item {
            id: self.last.get_value(),
            name: StoredValue::new(file.name()),
            so_far: RwSignal::new(0.0),
            error: RwSignal::new(None),
            request: StoredValue::new_local(None),
        }
    }

    fn begin(self, item: Item, file: &File) {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        if file.size() > MOST_BYTES as f64 {
            let most = MOST_BYTES / 1024 / 1024;
            let message = format!("The file is larger than {most} MiB.");
            item.error.set(Some(CallError::Device(message)));
            return;
        }
        let name = if file.name().is_empty() { "pasted.png".into() } else { file.name() };
        let address = upload_address(self.here.number, &name);
        let so_far = move |part: f64| {
            item.so_far.try_set(part);
        };
        let done = move |answer| match answer {
            Ok(view) => {
                self.here.fetched.put(view);
                self.forget(item.id);
            }
            Err(mut error) => {
                // There is one field, and the sentence says it.
                if let CallError::Refused(view) = &mut error {
                    view.fields.clear();
                }
                item.error.try_set(Some(error));
            }
        };
        match upload::send(&address, &fresh_key(), file, so_far, done) {
            Ok(request) => item.request.set_value(Some(request)),
            Err(error) => item.error.set(Some(error)),
        }
    }

    fn forget(self, id: u64) {
        self.items.try_update(|items| items.retain(|item| item.id != id));
    }
}

fn abort(item: Item) {
    item.request.try_with_value(|request| {
        if let Some(request) = request {
            // Stopping what has ended does nothing.
            let _ = request.abort();
        }
    });
}

/// What was dropped or pasted, if there are files among it.
pub(super) fn files_of(data: Option<DataTransfer>) -> Vec<File> {
    list(data.and_then(|data| data.files()))
}

fn list(files: Option<FileList>) -> Vec<File> {
    files.map(|files| (0..files.length()).filter_map(|n| files.get(n)).collect()).unwrap_or_default()
}

/// For those who neither drop nor paste.
#[component]
pub(super) fn ChooseFiles(uploads: Uploads) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    let chosen = move |_| {
        let Some(input) = node.get_untracked() else { return };
        uploads.add(list(input.files()));
        // The same file can be chosen again.
        input.set_value("");
    };
    view! {
        <label class="attach">
            <input type="file" multiple node_ref=node on:change=chosen data-testid="attach"/>
            <Svg icon=Icon::Plus/>
            <span>"Attach files"</span>
        </label>
        <span class="hint attach-hint">"Or drop or paste them. Images, PDF and text, 20 MiB each."</span>
    }
}

#[component]
pub(super) fn UploadList(uploads: Uploads) -> impl IntoView {
    view! {
        <Show when=move || uploads.items.with(|items| !items.is_empty())>
            <ul class="uploads" aria-label="Files on their way">
                <For
                    each=move || uploads.items.get()
                    key=|item| item.id
                    children=move |item| {
                        let (name, failed) = (item.name.get_value(), move || item.error.with(Option::is_some));
                        let away = move |_| {
                            abort(item);
                            uploads.forget(item.id);
                        };
                        let label = name.clone();
                        view! {
                            <li class="upload" data-testid="upload">
                                <span class="upload-name">{name}</span>
                                <Show when=move || !failed()>
                                    <progress
                                        max="1"
                                        value=move || item.so_far.get().to_string()
                                        aria-label=format!("Upload of {label}")
                                    ></progress>
                                </Show>
                                <button type="button" class="link-button" on:click=away>
                                    {move || if failed() { "Put away" } else { "Cancel" }}
                                </button>
                                <ErrorNote error=item.error/>
                            </li>
                        }
                    }
                />
            </ul>
        </Show>
    }
}

/// A file in the timeline: an image small, everything with its name to save.
#[component]
pub(super) fn AttachedFile(incident: i64, file: Attached) -> impl IntoView {
    let address = file_address(incident, file.id);
    let digest = format!("SHA-256 {}", file.digest);
    let image = file.kind.is_image().then(|| {
        view! {
            <a href=address.clone() target="_blank" rel="external noopener">
                <img class="thumb" src=address.clone() alt=file.name.clone() loading="lazy" decoding="async"/>
            </a>
        }
    });
    view! {
        <div class="attached">
            {image}
            <p class="attached-name">
                <a href=address download=file.name.clone() rel="external" title=digest>{file.name.clone()}</a>
                <span class="hint">{human_bytes(file.bytes)}</span>
            </p>
        </div>
    }
}

/// The file of an entry that is one.
pub(super) fn of_event(event: &IncidentEvent) -> Option<Attached> {
    if let IncidentEvent::Attached { file } = event { Some(file.clone()) } else { None }
}
