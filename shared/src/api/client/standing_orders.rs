//! Standing orders as the client asks for them. Knows no rule.

use serde_json::json;

use super::{Answer, Client, Transport, escaped};
use crate::api::{
    List,
    standing_order::{HandsOffView, OrderDecisionIn, OrderIn, OrderView, OrderWhyIn},
};

impl<T: Transport> Client<T> {
    pub async fn standing_orders(&self) -> Answer<List<OrderView>> {
        self.get("/standing-orders").await
    }

    pub async fn propose_order(&self, system: &str, body: &OrderIn) -> Answer<OrderView> {
        self.post(format!("/systems/{}/standing-orders", escaped(system)), body).await
    }

    pub async fn decide_order(&self, number: i64, body: &OrderDecisionIn) -> Answer<OrderView> {
        self.post(format!("/standing-orders/{number}/decision"), body).await
    }

    pub async fn suspend_order(&self, number: i64, body: &OrderWhyIn) -> Answer<OrderView> {
        self.post(format!("/standing-orders/{number}/suspend"), body).await
    }

    pub async fn resume_order(&self, number: i64) -> Answer<OrderView> {
        self.post(format!("/standing-orders/{number}/resume"), &json!({})).await
    }

    pub async fn revoke_order(&self, number: i64, body: &OrderWhyIn) -> Answer<OrderView> {
        self.post(format!("/standing-orders/{number}/revoke"), body).await
    }

    /// Suspends every order of the system, and stops what they have begun.
    pub async fn hands_off(&self, system: &str, body: &OrderWhyIn) -> Answer<HandsOffView> {
        self.post(format!("/systems/{}/hands-off", escaped(system)), body).await
    }
}
