//! The client's part for the incident room: states, components, duties, entries. Knows no address and no cookie.

use super::{Answer, Client, Transport};
use crate::{
    api::{
        List,
        incident::{AffectedChangeIn, CorrectionIn, DutyIn, IncidentView, PinIn, ReopenIn, StateIn},
    },
    domain::incident::Person,
};

impl<T: Transport> Client<T> {
    pub async fn set_state(&self, number: i64, body: &StateIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/state"), body).await
    }

    pub async fn change_affected(&self, number: i64, body: &AffectedChangeIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/affected"), body).await
    }

    pub async fn reopen(&self, number: i64, body: &ReopenIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/reopen"), body).await
    }

    /// Who can be asked to take a duty.
    pub async fn incident_people(&self, number: i64) -> Answer<List<Person>> {
        self.get(format!("/incidents/{number}/people")).await
    }

    pub async fn duty(&self, number: i64, body: &DutyIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/duties"), body).await
    }

    pub async fn correct(&self, number: i64, body: &CorrectionIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/corrections"), body).await
    }

    pub async fn pin(&self, number: i64, body: &PinIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/pins"), body).await
    }
}
