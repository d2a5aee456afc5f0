//! The door: who somebody is, whether the request is theirs, what they may. Use cases never look behind it; they get a `Permit`.

pub mod address;
pub(crate) mod answer_link;
pub mod bearer;
pub mod denied;
pub mod device;
pub mod oidc;
pub mod origin;
pub mod passkeys;
pub mod password;
pub mod permit;
pub mod proof;
pub mod session;
pub mod session_store;
pub mod sign_in;
pub mod throttle;
pub mod totp;
mod unseen;
