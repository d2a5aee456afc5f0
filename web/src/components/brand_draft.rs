//! The public page's name and language while somebody changes them: what was typed, and what of it is wrong. Draws and sends nothing.

use leptos::prelude::*;
use shared::{
    api::status_brand::{BrandIn, BrandView},
    digest::Digest,
    domain::{
        brand::{Brand, Colour, Language, WebLink, ZoneName},
        text::{Caption, Name},
    },
};

#[derive(Clone, Copy)]
pub(crate) struct BrandDraft {
    pub(crate) name: RwSignal<String>,
    pub(crate) about: RwSignal<String>,
    pub(crate) home: RwSignal<String>,
    pub(crate) support: RwSignal<String>,
    pub(crate) accent: RwSignal<String>,
    pub(crate) language: RwSignal<String>,
    pub(crate) zone: RwSignal<String>,
    pub(crate) logo: RwSignal<Option<Digest>>,
    /// Name and base64 of a file that was chosen.
    pub(crate) picture: RwSignal<Option<(String, String)>>,
    /// The version it was made from.
    pub(crate) base: RwSignal<i32>,
    saved: RwSignal<Brand>,
}

/// The field is empty, or holds something that can be parsed.
fn optional<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text.trim().is_empty() { Ok(None) } else { parse(text).map(Some) }
}

pub(crate) fn key(language: Language) -> &'static str {
    match language {
        Language::English => "english",
        Language::German => "german",
    }
}

impl BrandDraft {
    pub(crate) fn new(view: &BrandView) -> Self {
        let text = || RwSignal::new(String::new());
        let this = Self {
            name: text(),
            about: text(),
            home: text(),
            support: text(),
            accent: text(),
            language: text(),
            zone: text(),
            logo: RwSignal::new(None),
            picture: RwSignal::new(None),
            base: RwSignal::new(0),
            saved: RwSignal::new(Brand::default()),
        };
        this.take(view);
        this
    }

    /// Shows what is saved; what was typed is gone.
    pub(crate) fn take(self, view: &BrandView) {
        let brand = &view.brand;
        self.base.set(view.version);
        self.name.set(brand.name.as_ref().map(|n| n.as_str().to_owned()).unwrap_or_default());
        self.about.set(brand.about.as_ref().map(|a| a.as_str().to_owned()).unwrap_or_default());
        self.home.set(brand.home.as_ref().map(|l| l.as_str().to_owned()).unwrap_or_default());
        self.support.set(brand.support.as_ref().map(|l| l.as_str().to_owned()).unwrap_or_default());
        self.accent.set(brand.accent.as_ref().map(|c| c.as_str().to_owned()).unwrap_or_default());
        self.language.set(key(brand.language).into());
        self.zone.set(brand.zone.as_str().into());
        self.logo.set(brand.logo);
        self.picture.set(None);
        self.saved.set(brand.clone());
    }

    /// What would be sent, or the first thing that is wrong.
    pub(crate) fn brand(self) -> Result<Brand, String> {
        Ok(Brand {
            name: self.name.with(|text| optional(text, Name::parse))?,
            about: self.about.with(|text| optional(text, Caption::parse))?,
            home: self.home.with(|text| optional(text, WebLink::parse))?,
            support: self.support.with(|text| optional(text, WebLink::parse))?,
            accent: self.accent.with(|text| optional(text, Colour::parse))?,
            language: self
                .language
                .with(|chosen| Language::ALL.into_iter().find(|language| key(*language) == chosen).unwrap_or_default()),
            zone: self.zone.with(|text| optional(text, ZoneName::parse))?.unwrap_or_default(),
            logo: self.logo.get(),
        })
    }

    pub(crate) fn input(self, base: i32) -> Result<BrandIn, String> {
        let picture = self.picture.get_untracked().map(|(_, base64)| base64);
        Ok(BrandIn { brand: untrack(|| self.brand())?, base, picture })
    }

    pub(crate) fn dirty(self) -> bool {
        self.picture.with(Option::is_some)
            || self.brand().map_or(true, |brand| self.saved.with(|saved| *saved != brand))
    }

    /// What is wrong with one field, while it is typed.
    pub(crate) fn wrong<T: 'static>(
        text: RwSignal<String>,
        parse: impl Fn(&str) -> Result<T, String> + Copy + Send + Sync + 'static,
    ) -> Signal<Option<String>> {
        Signal::derive(move || text.with(|text| optional(text, parse).err()))
    }
}
