//! Proof of permission. A `Permit` can only come from here: a request of an active person whose role the access table allows.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use http::request::Parts;
use shared::{
    api::error::ErrorCode,
    domain::{
        access::{Action, Proof},
        actor::Actor,
        incident::Eyes,
    },
    ids::UserId,
    timestamp::Timestamp,
};
use store::{ApiToken, User};
use time::OffsetDateTime;
use tower_sessions::Session;

use crate::{
    AppState,
    auth::{
        address::Address,
        bearer::{Bearer, Held},
        denied, origin, proof,
        session::{self, Present, SignedIn},
        unseen,
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
    ViewConsole DeclareIncident HandleIncident SeeRestricted PostUpdate ManageStatusPage PlanMaintenance ManageSubscribers RequestRun DecideRun AnswerStep ConfirmAnswer BreakGlass ReviewGlass CancelRun Freeze AcknowledgeNotice
    EditReport PublishReport EditPlan ViewPeople ManagePeople ManageRoles ViewSecrets ManageSecrets ManageMonitors PlanDrills ViewInspections BeginInspection Inspect SilenceAlerts ViewAlertSources ManageAlertSources ViewAccount ChangeAccount ViewContacts ManageContacts
    ReadAudit
}

/// What a request showed.
#[derive(Clone, Debug)]
enum By {
    Session(SignedIn),
    Token(Box<ApiToken>),
}

/// Whoever holds one has been checked for `A` in this request.
#[derive(Clone, Debug)]
pub struct Permit<A> {
    user: User,
    by: By,
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

    /// What of the incidents they may see.
    #[must_use]
    pub fn eyes(&self) -> Eyes {
        Eyes::of(self.user.id, self.user.rights)
    }

    /// Whether the same person may do something else: for telling them, not for doing it.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        self.user.rights.may(action)
    }

    /// The session it was shown in.
    ///
    /// # Errors
    /// If it was a token: what takes the person themselves asks for this.
    pub fn signed_in(&self) -> Result<&SignedIn, AppError> {
        match &self.by {
            By::Session(signed_in) => Ok(signed_in),
            By::Token(_) => Err(AppError::not_by_token()),
        }
    }

    /// The token it was shown by, if it was one.
    #[must_use]
    pub fn token(&self) -> Option<&ApiToken> {
        match &self.by {
            By::Token(token) => Some(token),
            By::Session(_) => None,
        }
    }
}

impl<A: Permission> FromRequestParts<AppState> for Permit<A> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, AppError> {
        let path = denied::asked(&parts.method, parts.uri.path());
        let (user, by) = match parts.extensions.get::<Bearer>().cloned() {
            Some(Bearer::Of(held)) => {
                let Held { token, owner } = *held;
                (owner, By::Token(Box::new(token)))
            }
            Some(Bearer::Refused) => return Err(AppError::token_refused()),
            Some(Bearer::TooMany(wait)) => return Err(AppError::too_many_requests(wait)),
            None => {
                let Present { user, signed_in } = in_session(parts, state, &path).await?;
                (user, By::Session(signed_in))
            }
        };
        let mut permit = Self { user, by, action: PhantomData };
        if let Err(refused) = permit.check() {
            if refused.code() == ErrorCode::Forbidden {
                denied::record(state, &permit.actor(), A::ACTION, &path).await?;
            }
            return Err(refused);
        }
        // From here on the person may no more than the token.
        if let By::Token(token) = &permit.by {
            permit.user.rights = permit.user.rights.and(token.rights);
        }
        unseen::guard(parts, state, permit.eyes()).await?;
        Ok(permit)
    }
}

impl<A: Permission> Permit<A> {
    fn check(&self) -> Result<(), AppError> {
        if !self.may(A::ACTION) {
            return Err(AppError::may_not(A::ACTION));
        }
        if must_enrol(&self.user) && !Action::OWN.contains(&A::ACTION) {
            return Err(AppError::enrolment_needed());
        }
        match &self.by {
            By::Token(_) if A::ACTION.proof() != Proof::SignedIn => Err(AppError::never_by_token(A::ACTION)),
            By::Token(token) if !token.rights.may(A::ACTION) => Err(AppError::token_may_not(A::ACTION)),
            By::Session(signed_in)
                if !signed_in.shows(A::ACTION.proof(), Timestamp::new(OffsetDateTime::now_utc())) =>
            {
                Err(AppError::proof_needed(A::ACTION, proof::ways(&self.user)))
            }
            By::Token(_) | By::Session(_) => Ok(()),
        }
    }
}

async fn in_session(parts: &mut Parts, state: &AppState, path: &str) -> Result<Present, AppError> {
    let session = parts.extensions.get::<Session>().cloned();
    let session = session.ok_or_else(|| AppError::bug("a route stands outside the session layer"))?;
    if let Some(present) = session::present(&session, &state.store).await? {
        return Ok(present);
    }
    if !origin::is_read(&parts.method) {
        let address = Address::from_request_parts(parts, state).await.unwrap_or_else(|never| match never {});
        denied::record_unknown(state, &Actor::Anonymous, "access.denied", path.to_owned(), address).await?;
    }
    Err(AppError::not_signed_in())
}

/// Whether all but the own account is closed to them. A program has no second factor; it cannot sign in either.
#[must_use]
pub fn must_enrol(user: &User) -> bool {
    user.factor_required && !user.factors.any() && !user.service
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_its_type() {
        assert_eq!(NAMED, Action::ALL);
    }
}
