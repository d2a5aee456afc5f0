//! The typed client at the door: showing who one is, one's own account, people, roles, links that let in once. No rule lives here.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, Client, Method, Transport, escaped};
use crate::{
    api::{
        account::{AccountView, CodeIn, PasskeyIn, PasswordIn, RecoveryCodes, TotpView},
        people::{
            AccessView, ActiveIn, ContactRolesIn, InviteIn, LinkIn, LinkSeenView, LinkUseIn, LinkUsedView, LinkView,
            MayView, PeopleView, PersonRoleIn, PersonRowView, PersonView, RoleIn,
        },
        session::{Me, ProofIn},
        token::{ServiceAccountIn, TokenIn, TokenMade, TokensView},
    },
    domain::access::{Action, RoleName},
    ids::UserId,
};

impl<T: Transport> Client<T> {
    /// What the browser is asked to show: the argument of `navigator.credentials.get`, as JSON.
    pub async fn challenge(&self) -> Answer<Value> {
        self.post("/session/challenge", &json!({})).await
    }

    /// The second half of a sign-in, or a sign-in by a passkey alone.
    pub async fn second(&self, proof: &ProofIn) -> Answer<Me> {
        self.post("/session/second", proof).await
    }

    /// Shows anew that one is oneself.
    pub async fn prove(&self, proof: &ProofIn) -> Answer<()> {
        self.post("/session/proof", proof).await
    }

    pub async fn link(&self, token: &str) -> Answer<LinkSeenView> {
        self.post("/links/look", &LinkIn { token: token.to_owned() }).await
    }

    pub async fn use_link(&self, body: &LinkUseIn) -> Answer<LinkUsedView> {
        self.post("/links/use", body).await
    }

    pub async fn account(&self) -> Answer<AccountView> {
        self.get("/account").await
    }

    pub async fn change_password(&self, body: &PasswordIn) -> Answer<()> {
        self.post("/account/password", body).await
    }

    pub async fn begin_totp(&self) -> Answer<TotpView> {
        self.post("/account/totp", &json!({})).await
    }

    pub async fn confirm_totp(&self, code: &str) -> Answer<RecoveryCodes> {
        self.post("/account/totp/confirm", &CodeIn { code: code.to_owned() }).await
    }

    pub async fn remove_totp(&self) -> Answer<()> {
        self.delete("/account/totp").await
    }

    /// The argument of `navigator.credentials.create`, as JSON.
    pub async fn begin_passkey(&self) -> Answer<Value> {
        self.post("/account/passkeys/challenge", &json!({})).await
    }

    pub async fn add_passkey(&self, body: &PasskeyIn) -> Answer<RecoveryCodes> {
        self.post("/account/passkeys", body).await
    }

    pub async fn remove_passkey(&self, id: Uuid) -> Answer<()> {
        self.delete(format!("/account/passkeys/{id}")).await
    }

    pub async fn new_recovery_codes(&self) -> Answer<RecoveryCodes> {
        self.post("/account/recovery-codes", &json!({})).await
    }

    pub async fn end_session(&self, id: &str) -> Answer<()> {
        self.delete(format!("/account/sessions/{}", escaped(id))).await
    }

    pub async fn end_other_sessions(&self) -> Answer<()> {
        self.delete("/account/sessions").await
    }

    pub async fn tokens(&self) -> Answer<TokensView> {
        self.get("/account/tokens").await
    }

    pub async fn make_token(&self, body: &TokenIn) -> Answer<TokenMade> {
        self.post("/account/tokens", body).await
    }

    pub async fn revoke_token(&self, id: Uuid) -> Answer<()> {
        self.delete(format!("/account/tokens/{id}")).await
    }

    pub async fn create_service_account(&self, body: &ServiceAccountIn) -> Answer<PersonRowView> {
        self.post("/people/service-accounts", body).await
    }

    pub async fn tokens_of(&self, id: UserId) -> Answer<TokensView> {
        self.get(format!("/people/{id}/tokens")).await
    }

    pub async fn make_token_for(&self, id: UserId, body: &TokenIn) -> Answer<TokenMade> {
        self.post(format!("/people/{id}/tokens"), body).await
    }

    pub async fn revoke_token_of(&self, id: UserId, token: Uuid) -> Answer<()> {
        self.delete(format!("/people/{id}/tokens/{token}")).await
    }

    pub async fn people(&self) -> Answer<PeopleView> {
        self.get("/people").await
    }

    pub async fn person(&self, id: UserId) -> Answer<PersonView> {
        self.get(format!("/people/{id}")).await
    }

    pub async fn may_person(&self, id: UserId, action: Action) -> Answer<MayView> {
        self.get(format!("/people/{id}/may?action={action}")).await
    }

    pub async fn invite(&self, body: &InviteIn) -> Answer<LinkView> {
        self.post("/people/invitations", body).await
    }

    pub async fn withdraw_invitation(&self, id: Uuid) -> Answer<()> {
        self.delete(format!("/people/invitations/{id}")).await
    }

    pub async fn set_role(&self, id: UserId, body: &PersonRoleIn) -> Answer<()> {
        self.post(format!("/people/{id}/role"), body).await
    }

    pub async fn set_contact_roles(&self, id: UserId, body: &ContactRolesIn) -> Answer<()> {
        self.post(format!("/people/{id}/contact-roles"), body).await
    }

    pub async fn set_active(&self, id: UserId, body: &ActiveIn) -> Answer<()> {
        self.post(format!("/people/{id}/active"), body).await
    }

    pub async fn password_link(&self, id: UserId) -> Answer<LinkView> {
        self.post(format!("/people/{id}/password-link"), &json!({})).await
    }

    pub async fn remove_factors(&self, id: UserId) -> Answer<()> {
        self.delete(format!("/people/{id}/factors")).await
    }

    pub async fn end_sessions_of(&self, id: UserId) -> Answer<()> {
        self.delete(format!("/people/{id}/sessions")).await
    }

    /// Who may do what, and why.
    pub async fn roles(&self) -> Answer<AccessView> {
        self.get("/roles").await
    }

    pub async fn save_role(&self, name: &RoleName, body: &RoleIn) -> Answer<()> {
        self.call(Method::Put, format!("/roles/{name}"), Some(body), None).await
    }

    pub async fn delete_role(&self, name: &RoleName) -> Answer<()> {
        self.delete(format!("/roles/{name}")).await
    }

    pub(super) async fn delete(&self, path: impl Into<String>) -> Answer<()> {
        self.call(Method::Delete, path.into(), None::<&()>, None).await
    }
}
