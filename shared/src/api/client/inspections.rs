//! The typed client for reviews of access and audits of security. No rule lives here.

use super::{Answer, Client, Method, Transport, escaped};
use crate::api::inspection::{DecideIn, EndIn, InspectionIn, InspectionView, InspectionsView};

impl<T: Transport> Client<T> {
    pub async fn inspections(&self, system: &str) -> Answer<InspectionsView> {
        self.get(format!("/systems/{}/inspections", escaped(system))).await
    }

    pub async fn inspection(&self, number: i64) -> Answer<InspectionView> {
        self.get(format!("/inspections/{number}")).await
    }

    pub async fn begin_inspection(&self, system: &str, body: &InspectionIn) -> Answer<InspectionView> {
        self.post(format!("/systems/{}/inspections", escaped(system)), body).await
    }

    pub async fn decide_inspection(&self, number: i64, place: u32, body: &DecideIn) -> Answer<InspectionView> {
        self.call(Method::Put, format!("/inspections/{number}/lines/{place}"), Some(body), None).await
    }

    pub async fn sign_inspection_off(&self, number: i64, body: &EndIn) -> Answer<InspectionView> {
        self.post(format!("/inspections/{number}/sign-off"), body).await
    }

    pub async fn call_inspection_off(&self, number: i64, body: &EndIn) -> Answer<InspectionView> {
        self.post(format!("/inspections/{number}/call-off"), body).await
    }
}
