//! What handlers answer beside plain JSON, as types, so that the description of the API can name it. Nothing is decided here.

use std::marker::PhantomData;

use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::error::AppError;

/// Done, and there is nothing to show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// 201 with what was made, or 200 with what was there already.
#[derive(Debug)]
pub(crate) enum Made<T> {
    New(T),
    Already(T),
}

impl<T: Serialize> IntoResponse for Made<T> {
    fn into_response(self) -> Response {
        match self {
            Self::New(made) => (StatusCode::CREATED, Json(made)).into_response(),
            Self::Already(found) => Json(found).into_response(),
        }
    }
}

/// 202: it is kept, and what it leads to may take a while.
#[derive(Debug)]
pub(crate) struct Accepted<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, Json(self.0)).into_response()
    }
}

/// JSON, and a cookie beside it.
#[derive(Debug)]
pub(crate) struct WithCookie<T>(pub(crate) HeaderValue, pub(crate) T);

impl<T: Serialize> IntoResponse for WithCookie<T> {
    fn into_response(self) -> Response {
        ([(header::SET_COOKIE, self.0)], Json(self.1)).into_response()
    }
}

/// A content type as a type.
pub(crate) trait Media {
    const TYPE: &'static str;
}

macro_rules! media {
    ($($name:ident $type:literal;)*) => {$(
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;

        impl Media for $name {
            const TYPE: &'static str = $type;
        }
    )*};
}

media! {
    Text "text/plain; charset=utf-8";
    Markdown "text/markdown; charset=utf-8";
    Html "text/html; charset=utf-8";
    JsonLines "application/jsonl";
    AnyFile "application/octet-stream";
    OpenApi "application/json";
    Events "text/event-stream";
    Ical "text/calendar; charset=utf-8";
    Csv "text/csv; charset=utf-8";
}

/// An answer that is not one of our JSON shapes.
#[derive(Debug)]
pub(crate) struct As<M>(Response, PhantomData<M>);

impl<M: Media> As<M> {
    pub(crate) fn new(content: impl IntoResponse) -> Self {
        let mut response = content.into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(M::TYPE));
        Self(response, PhantomData)
    }

    /// For saving under this name.
    pub(crate) fn file(name: &str, content: impl Into<Body>) -> Result<Self, AppError> {
        let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
        let disposition = disposition.map_err(|error| AppError::bug(error.to_string()))?;
        Ok(Self::new(content.into()).with(header::CONTENT_DISPOSITION, disposition))
    }

    pub(crate) fn with(mut self, name: impl header::IntoHeaderName, value: HeaderValue) -> Self {
        self.0.headers_mut().insert(name, value);
        self
    }
}

impl<M> IntoResponse for As<M> {
    fn into_response(self) -> Response {
        self.0
    }
}
