//! The client's part for who may see an incident and which others it has to do with. Knows no address and no cookie.

use super::{Answer, Client, Transport};
use crate::{
    api::{
        List,
        incident::IncidentView,
        related::{MergeIn, RelationIn},
        restricted::{OpenIn, ReaderIn, RestrictIn},
    },
    domain::incident::Person,
};

impl<T: Transport> Client<T> {
    /// Everybody who opens the console: who can be let in.
    pub async fn console_people(&self) -> Answer<List<Person>> {
        self.get("/readers").await
    }

    pub async fn restrict(&self, number: i64, body: &RestrictIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/restrict"), body).await
    }

    pub async fn open_to_all(&self, number: i64, body: &OpenIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/open"), body).await
    }

    pub async fn change_reader(&self, number: i64, body: &ReaderIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/readers"), body).await
    }

    pub async fn merge(&self, number: i64, body: &MergeIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/merge"), body).await
    }

    pub async fn relate(&self, number: i64, body: &RelationIn) -> Answer<IncidentView> {
        self.post(format!("/incidents/{number}/relations"), body).await
    }
}
