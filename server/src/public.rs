//! What strangers see: pages prepared when something changes and served as bytes. No session, no template and no query is
//! reached by a visitor's request, and no text that is not public.

mod bars;
mod facts;
mod frame;
mod home;
mod incident;
mod live;
mod machine;
mod maintenance;
mod negotiate;
mod page;
mod pages;
mod past;
mod read;
mod refresh;
mod routes;
pub(crate) mod subscribe;
mod words;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

pub use page::{Page, Policy};
pub use pages::{Content, PublicPages, PublicReport};
pub use routes::router;
pub(crate) use {frame::compact, maintenance::words::mail as maintenance_mail, words::instant};
