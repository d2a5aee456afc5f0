//! Whose the page is, with its logo's bytes. Knows no state of anything.

use bytes::Bytes;
use shared::domain::brand::{Brand, PictureKind};

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Branding {
    pub version: i32,
    pub brand: Brand,
    pub logo: Option<Logo>,
}

/// Checked when it was saved: its kind is what its content says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    pub kind: PictureKind,
    pub width: u32,
    pub height: u32,
    pub bytes: Bytes,
}

impl Logo {
    /// In the page: 40 high at most, and as wide as it is then.
    pub(crate) fn shown(&self) -> (u32, u32) {
        let height = self.height.clamp(1, 40);
        (
            u32::try_from(u64::from(self.width) * u64::from(height) / u64::from(self.height.max(1)))
                .unwrap_or(40)
                .clamp(1, 240),
            height,
        )
    }
}
