//! The typed client for subscribers. No rule lives here.

use uuid::Uuid;

use super::{Answer, Client, Transport};
use crate::api::{
    List,
    subscriber::{SubscriberView, SubscribersCount},
};

impl<T: Transport> Client<T> {
    pub async fn subscribers_count(&self) -> Answer<SubscribersCount> {
        self.get("/subscribers/count").await
    }

    /// With their addresses.
    pub async fn subscribers(&self) -> Answer<List<SubscriberView>> {
        self.get("/subscribers").await
    }

    pub async fn remove_subscriber(&self, id: Uuid) -> Answer<()> {
        self.delete(format!("/subscribers/{id}")).await
    }
}
