//! Files of an incident: in as a body, out so that no browser runs what is in them. Translates and nothing else.

use axum::{body::Body, extract::State};
use http::{HeaderValue, header};
use schemars::JsonSchema;
use serde::Deserialize;
use shared::{api::incident::IncidentView, domain::attachment::Attached, ids::AttachmentId};

use super::{Answer, incident::shown};
use crate::{
    AppState,
    answer::{AnyFile, As},
    app::file,
    auth::permit::{HandleIncident, Permit, ViewConsole},
    error::AppError,
    extract::{Key, Path, Query, Upload},
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    /// Of the file, without a directory.
    name: String,
}

pub(crate) async fn attach(
    permit: Permit<HandleIncident>,
    State(state): State<AppState>,
    Path(number): Path<i64>,
    Query(Named { name }): Query<Named>,
    Key(key): Key,
    Upload(content): Upload,
) -> Answer<IncidentView> {
    let content = content.into_data_stream();
    file::attach(&state.store, &permit, key.as_deref(), (number, &name), content).await?;
    shown(&state, permit.user(), number).await
}

pub(crate) async fn read(
    permit: Permit<ViewConsole>,
    State(state): State<AppState>,
    Path((number, id)): Path<(i64, AttachmentId)>,
) -> Result<As<AnyFile>, AppError> {
    let (file, pieces) = file::read(&state.store, &permit, (number, id)).await?;
    Ok(As::<AnyFile>::new(Body::from_stream(pieces))
        .with(header::CONTENT_TYPE, HeaderValue::from_static(file.kind.media_type()))
        .with(header::CONTENT_LENGTH, HeaderValue::from(file.bytes))
        .with(header::CONTENT_DISPOSITION, disposition(&file)?)
        // Even opened by itself it is a stranger to this site: no script, no frame, nothing loaded.
        .with(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"))
        .with(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
}

/// Only images are shown in place. The name twice: for those who read UTF-8, and for the others.
fn disposition(file: &Attached) -> Result<HeaderValue, AppError> {
    let how = if file.kind.is_image() { "inline" } else { "attachment" };
    let plain: String =
        file.name.chars().map(|c| if c.is_ascii_alphanumeric() || " .-_()".contains(c) { c } else { '_' }).collect();
    let mut full = String::new();
    for byte in file.name.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_".contains(&byte) {
            full.push(char::from(byte));
        } else {
            full.push_str(&format!("%{byte:02X}"));
        }
    }
    HeaderValue::try_from(format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{full}"))
        .map_err(|error| AppError::bug(error.to_string()))
}
