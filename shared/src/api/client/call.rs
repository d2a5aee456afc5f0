//! The typed client for people to call: own ways to be reached, contacts, who was called. No rule lives here.

use serde_json::json;
use uuid::Uuid;

use super::{Answer, Client, Method, Transport, escaped};
use crate::{
    api::contact::{
        CallsView, ContactDrillIn, ContactDrillsView, ContactTestIn, ContactsIn, ContactsView, QuietHoursIn, WayCodeIn,
        WayIn, WayMade, WaysView,
    },
    domain::quiet::QuietHours,
    ids::UserId,
};

impl<T: Transport> Client<T> {
    pub async fn own_ways(&self) -> Answer<WaysView> {
        self.get("/account/ways").await
    }

    pub async fn add_way(&self, body: &WayIn) -> Answer<WayMade> {
        self.post("/account/ways", body).await
    }

    pub async fn send_way_code(&self, id: Uuid) -> Answer<()> {
        self.post(format!("/account/ways/{id}/code"), &json!({})).await
    }

    pub async fn confirm_way(&self, id: Uuid, code: &str) -> Answer<()> {
        self.post(format!("/account/ways/{id}/confirm"), &WayCodeIn { code: code.to_owned() }).await
    }

    pub async fn remove_way(&self, id: Uuid) -> Answer<()> {
        self.delete(format!("/account/ways/{id}")).await
    }

    pub async fn set_quiet_hours(&self, hours: Option<QuietHours>) -> Answer<()> {
        self.call(Method::Put, "/account/quiet-hours".into(), Some(&QuietHoursIn { hours }), None).await
    }

    pub async fn contact_drills(&self, system: &str) -> Answer<ContactDrillsView> {
        self.get(format!("/systems/{}/contacts/drills", escaped(system))).await
    }

    /// Calls everybody, as a drill.
    pub async fn begin_contact_drill(&self, system: &str, level: u8) -> Answer<()> {
        self.post(format!("/systems/{}/contacts/drills", escaped(system)), &ContactDrillIn { level }).await
    }

    pub async fn contacts(&self, system: &str) -> Answer<ContactsView> {
        self.get(format!("/systems/{}/contacts", escaped(system))).await
    }

    /// Who is meant by a role, in order.
    pub async fn set_contacts(&self, system: &str, role: &str, people: &[UserId]) -> Answer<ContactsView> {
        let path = format!("/systems/{}/contacts/{}", escaped(system), escaped(role));
        self.call(Method::Put, path, Some(&ContactsIn { people: people.to_vec() }), None).await
    }

    pub async fn test_contact(&self, system: &str, person: UserId) -> Answer<ContactsView> {
        self.post(format!("/systems/{}/contacts/test", escaped(system)), &ContactTestIn { person }).await
    }

    pub async fn calls(&self, incident: i64) -> Answer<CallsView> {
        self.get(format!("/incidents/{incident}/calls")).await
    }
}
