//! A text as a QR code, drawn as one SVG path. Black on white in every theme: cameras expect it.

use std::fmt::Write as _;

use leptos::prelude::*;
use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around it (ISO/IEC 18004 asks for four).
const QUIET: i32 = 4;

#[component]
pub(crate) fn Qr(
    text: String,
    /// For who cannot see it.
    words: &'static str,
) -> impl IntoView {
    // Only texts of some kilobytes do not fit; then what stands beside it must do.
    QrCode::encode_text(&text, QrCodeEcc::Medium).ok().map(|code| {
        let size = code.size();
        let mut path = String::new();
        for y in 0..size {
            for x in (0..size).filter(|x| code.get_module(*x, y)) {
                // Writing to a string does not fail.
                let _ = write!(path, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
            }
        }
        let side = size + 2 * QUIET;
        view! {
            <svg class="qr" viewBox=format!("0 0 {side} {side}") role="img" aria-label=words shape-rendering="crispEdges">
                <rect width=side height=side fill="#fff"></rect>
                <path d=path fill="#000"></path>
            </svg>
        }
    })
}
