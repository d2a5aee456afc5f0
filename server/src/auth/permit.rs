//! Proof of permission. A `Permit` can only come from here: a request of an active person whose role the access table allows.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use http::request::Parts;
use shared::{
    domain::{access::Action, actor::Actor},
    ids::UserId,
    timestamp::Timestamp,
};
use store::User;
use time::OffsetDateTime;
use tower_sessions::Session;

use crate::{
    AppState,
    auth::{
        address::Address,
        denied, origin, proof,
        session::{self, Present, SignedIn},
    },
    error::AppError,
};

/// An action as a type.
pub trait Permission: Send + Sync + 'static {
    const ACTION: Action;
}

macro_rules! permissions {
    ($($name:ident)*) => {
        $(
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl Permission for $name {
                const ACTION: Action = Action::$name;
            }
        )*

        #[cfg(test)]
        const NAMED: &[Action] = &[$(Action::$name,)*];
    };
}

permissions! {
    ViewConsole DeclareIncident HandleIncident PostUpdate RequestRun DecideRun AnswerStep ConfirmAnswer BreakGlass ReviewGlass CancelRun Freeze AcknowledgeNotice
    EditReport PublishReport EditPlan ViewPeople ManagePeople ManageRoles ViewSecrets ManageSecrets ViewAccount ChangeAccount ReadAudit
}

/// Whoever holds one has been checked for `A` in this request.
#[derive(Clone, Debug)]
pub struct Permit<A> {
    user: User,
    signed_in: SignedIn,
    action: PhantomData<A>,
}

impl<A: Permission> Permit<A> {
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    #[must_use]
    pub fn id(&self) -> UserId {
        self.user.id
    }

    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::User { id: self.user.id, name: self.user.name.clone() }
    }

    /// Whether the same person may do something else: for telling them, not for doing it.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        self.user.rights.may(action)
    }

    /// The session it was shown in.
    #[must_use]
    pub fn signed_in(&self) -> &SignedIn {
        &self.signed_in
    }
}

impl<A: Permission> FromRequestParts<AppState> for Permit<A> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, AppError> {
        let session = parts
            .extensions
            .get::<Session>()
            .cloned()
            .ok_or_else(|| AppError::bug("a route stands outside the session layer"))?;
        let path = format!("{} {}", parts.method, parts.uri.path());
        let Some(Present { user, signed_in }) = session::present(&session, &state.store).await? else {
            if !origin::is_read(&parts.method) {
                let address = Address::from_request_parts(parts, state).await.unwrap_or_else(|never| match never {});
                denied::record_unknown(state, &Actor::Anonymous, "access.denied", path, address).await?;
            }
            return Err(AppError::not_signed_in());
        };
        let permit = Self { user, signed_in, action: PhantomData };
        if !permit.may(A::ACTION) {
            denied::record(state, &permit.actor(), A::ACTION, &path).await?;
            return Err(AppError::may_not(A::ACTION));
        }
        if must_enrol(&permit.user) && !Action::OWN.contains(&A::ACTION) {
            return Err(AppError::enrolment_needed());
        }
        if !permit.signed_in.shows(A::ACTION.proof(), Timestamp::new(OffsetDateTime::now_utc())) {
            return Err(AppError::proof_needed(A::ACTION, proof::ways(&permit.user)));
        }
        Ok(permit)
    }
}

/// Whether all but the own account is closed to them.
#[must_use]
pub fn must_enrol(user: &User) -> bool {
    user.factor_required && !user.factors.any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_its_type() {
        assert_eq!(NAMED, Action::ALL);
    }
}
