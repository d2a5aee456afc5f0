//! What strangers see: pages prepared when something changes and served as bytes. No session, no template and no query is
//! reached by a visitor's request, and no text that is not public.

mod archive;
mod bars;
mod brand;
pub mod copy;
mod facts;
mod frame;
mod history;
mod home;
mod incident;
mod kept;
mod live;
mod machine;
mod maintenance;
mod negotiate;
mod page;
mod pages;
mod past;
mod preview;
mod read;
mod refresh;
mod routes;
mod speech;
pub(crate) mod subscribe;
mod subscribe_hook;
mod texts;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use archive::Archive;
pub use brand::{Branding, Logo};
pub use page::{Page, Policy};
pub use pages::{Content, PublicPages, PublicReport};
pub use routes::router;
pub(crate) use {
    frame::compact,
    maintenance::mail as maintenance_mail,
    speech::{Speech, zone_exists},
    texts::fill,
};
