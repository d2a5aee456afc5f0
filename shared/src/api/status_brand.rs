//! Whose the public page is and how it speaks, on the wire. What it says of anything is not here.

use serde::{Deserialize, Serialize};

use crate::{
    api::status_page::SavedBy,
    domain::brand::{Brand, PictureKind},
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BrandView {
    /// 0 while nobody has saved anything. A save names the version it was made from.
    pub version: i32,
    pub saved: Option<SavedBy>,
    pub brand: Brand,
    /// What is known of the logo; the picture itself is at `/logo`.
    pub logo: Option<LogoView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct LogoView {
    pub kind: PictureKind,
    pub width: u32,
    pub height: u32,
    pub bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BrandIn {
    pub brand: Brand,
    /// The version this one was made from.
    pub base: i32,
    /// A new logo in base64: PNG, JPEG or WebP of at most 100 KB. It takes the place of the one that `brand` names.
    #[serde(default)]
    pub picture: Option<String>,
}
