//! The typed client for verifications of backups. No rule lives here.

use serde_json::json;
use uuid::Uuid;

use super::{Answer, Client, Method, Transport, escaped};
use crate::api::verification::{VerificationSettingsIn, VerificationView, VerificationsView};

impl<T: Transport> Client<T> {
    pub async fn verifications(&self, system: &str) -> Answer<VerificationsView> {
        self.get(format!("/systems/{}/verifications", escaped(system))).await
    }

    /// With everything that was compared.
    pub async fn verification(&self, id: Uuid) -> Answer<VerificationView> {
        self.get(format!("/verifications/{id}")).await
    }

    pub async fn set_verifications(&self, system: &str, body: &VerificationSettingsIn) -> Answer<VerificationsView> {
        self.call(Method::Put, format!("/systems/{}/verifications", escaped(system)), Some(body), None).await
    }

    pub async fn verify_now(&self, system: &str) -> Answer<VerificationView> {
        self.post(format!("/systems/{}/verifications", escaped(system)), &json!({})).await
    }

    pub async fn cancel_verification(&self, id: Uuid) -> Answer<VerificationView> {
        self.post(format!("/verifications/{id}/cancel"), &json!({})).await
    }
}
