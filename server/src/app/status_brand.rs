//! Whose the public page is and how it speaks: saved whole, looked at before it is kept. Renders nothing.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use imagesize::ImageType;
use serde_json::json;
use shared::{
    api::{
        live::Topic,
        status_brand::{BrandIn, BrandView, LogoView},
        status_page::SavedBy,
    },
    digest::Digest,
    domain::brand::{Brand, LOGO_LIMIT, PictureKind},
};
use store::{SavedBrand, Store, StoreError, StoredLogo};

use crate::{
    auth::permit::{ManageStatusPage, Permit, ViewConsole},
    error::AppError,
    public::zone_exists,
};

/// Pixels on a side; more is a mistake, or meant to use up a browser's memory.
const SIDE: usize = 4000;

async fn shown(store: &Store, saved: Option<SavedBrand>) -> Result<BrandView, StoreError> {
    let (version, brand, saved) = match saved {
        Some(SavedBrand { version, brand, saved_by, saved_at }) => {
            (version, brand, Some(SavedBy { by: saved_by, at: saved_at }))
        }
        None => (0, Brand::default(), None),
    };
    let logo = match brand.logo {
        Some(digest) => store.status_logo_fetch(digest).await?,
        None => None,
    };
    let logo = logo.map(|l| LogoView { kind: l.kind, width: l.width, height: l.height, bytes: l.bytes.len() });
    Ok(BrandView { version, saved, brand, logo })
}

/// # Errors
/// If the database does not answer.
pub async fn view(store: &Store, _permit: &Permit<ViewConsole>) -> Result<BrandView, AppError> {
    Ok(shown(store, store.status_brand_fetch().await?).await?)
}

/// # Errors
/// If the zone is none, the picture is none or too large, or somebody has saved another version meanwhile.
pub async fn save(store: &Store, permit: &Permit<ManageStatusPage>, input: BrandIn) -> Result<BrandView, AppError> {
    let BrandIn { mut brand, base, picture } = input;
    if !zone_exists(&brand.zone) {
        let why = format!("There is no time zone {}. Write it as Europe/Berlin or UTC.", brand.zone.as_str());
        return Err(AppError::invalid("brand.zone", why));
    }
    let new = match picture {
        Some(text) => {
            let logo = look(&text).map_err(|why| AppError::invalid("picture", why))?;
            let digest = Digest::of(&logo.bytes);
            brand.logo = Some(digest);
            Some((digest, logo))
        }
        None => None,
    };
    if let (None, Some(digest)) = (&new, brand.logo)
        && store.status_logo_fetch(digest).await?.is_none()
    {
        return Err(AppError::invalid("brand.logo", "There is no such picture here; send it along."));
    }
    let by = permit.actor();
    let mut tx = store.begin().await?;
    if let Some((digest, logo)) = &new {
        tx.status_logo_add(*digest, logo).await?;
    }
    if !tx.status_brand_add(base, &brand, &by).await? {
        // Looked at on another connection: this one is done with.
        drop(tx);
        let current = shown(store, store.status_brand_fetch().await?).await?;
        return Err(AppError::brand_conflict(&current));
    }
    tx.audit(&by, "status-page.branded", "status page", json!({ "version": base + 1, "brand": brand }));
    tx.live(Topic::StatusPage {});
    tx.commit().await?;
    Ok(shown(store, store.status_brand_fetch().await?).await?)
}

/// What the content is, whatever it calls itself.
fn look(base64: &str) -> Result<StoredLogo, String> {
    if base64.len() > LOGO_LIMIT * 4 / 3 + 4 {
        return Err(format!("The picture has more than {} KB. Give a smaller one.", LOGO_LIMIT / 1024));
    }
    let bytes =
        STANDARD.decode(base64).map_err(|_| "The picture did not arrive whole (it is not base64).".to_owned())?;
    let kind = match imagesize::image_type(&bytes) {
        Ok(ImageType::Png) => PictureKind::Png,
        Ok(ImageType::Jpeg) => PictureKind::Jpeg,
        Ok(ImageType::Webp) => PictureKind::Webp,
        _ => {
            return Err(
                "This is no picture in PNG, JPEG or WebP. Drawings (SVG) can hold programs and are not taken.".into()
            );
        }
    };
    let size = imagesize::blob_size(&bytes)
        .map_err(|_| "The picture is damaged: it does not say how large it is.".to_owned())?;
    if size.width == 0 || size.height == 0 || size.width > SIDE || size.height > SIDE {
        return Err(format!(
            "The picture is {} by {} pixels; at most {SIDE} on a side are taken.",
            size.width, size.height
        ));
    }
    let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(StoredLogo { kind, width: side(size.width), height: side(size.height), bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One transparent pixel.
    const PNG: &str =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    #[test]
    fn only_pictures_are_pictures_whatever_they_call_themselves() {
        let looked = look(PNG).unwrap();
        assert_eq!((looked.kind, looked.width, looked.height), (PictureKind::Png, 1, 1));
        let of = |bytes: &[u8]| look(&STANDARD.encode(bytes)).unwrap_err();
        let png = STANDARD.decode(PNG).unwrap();
        for (bytes, why) in [
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".as_slice(), "no picture"),
            (b"<!doctype html><script>alert(1)</script>", "no picture"),
            (b"GIF89a\x01\x00\x01\x00\x80\x00\x00", "no picture"),
            (b"", "no picture"),
            (&png[..12], "damaged"),
        ] {
            assert!(of(bytes).contains(why), "{bytes:?}: {}", of(bytes));
        }
        let mut huge = png.clone();
        huge[16..20].copy_from_slice(&50_000_u32.to_be_bytes());
        assert!(of(&huge).contains("50000 by 1"), "{}", of(&huge));
        assert!(look("not base64!").unwrap_err().contains("base64"));
        assert!(look(&"A".repeat(LOGO_LIMIT * 2)).unwrap_err().contains("100 KB"));
    }
}
