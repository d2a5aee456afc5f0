//! The typed client for subscribers. No rule lives here.

use uuid::Uuid;

use super::{Answer, Client, Transport};
use crate::api::{
    List,
    subscriber::{ConcernedQuery, SubscriberView, SubscribersCount},
};

impl<T: Transport> Client<T> {
    pub async fn subscribers_count(&self) -> Answer<SubscribersCount> {
        self.get("/subscribers/count").await
    }

    /// Those whom something about these components (`SYSTEM/COMPONENT`) concerns.
    pub async fn subscribers_concerned(&self, components: &[String]) -> Answer<SubscribersCount> {
        self.get(format!("/subscribers/count{}", ConcernedQuery::of(components).to_query())).await
    }

    /// With their addresses.
    pub async fn subscribers(&self) -> Answer<List<SubscriberView>> {
        self.get("/subscribers").await
    }

    pub async fn remove_subscriber(&self, id: Uuid) -> Answer<()> {
        self.delete(format!("/subscribers/{id}")).await
    }
}
