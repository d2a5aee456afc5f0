//! People who are called over a real mail server: a team with contacts, and what one asks about it. Asserts nothing.

use shared::{
    api::{
        contact::{CallView, CallsView},
        incident::DeclareIn,
    },
    domain::{access::Role, escalation::Why, incident::IncidentEvent, outbox::MessageState},
};
use sqlx::PgPool;
use tests::{
    mailbox::MailServer,
    muster::{Muster, declaration},
    persona::Persona,
    scene::{eventually, plan},
};

/// Ada and Bob administer the system, Cleo the database; Dora administers Muster.
pub(crate) struct Team {
    pub(crate) muster: Muster,
    pub(crate) mail: MailServer,
    pub(crate) ada: Persona,
    pub(crate) bob: Persona,
    pub(crate) cleo: Persona,
    pub(crate) dora: Persona,
}

impl Team {
    pub(crate) async fn with(ada: &str) -> Self {
        let mail = MailServer::start().unwrap();
        let settings = server::outbox::mail::MailSettings::parse(&mail.url, Some("Muster <calls@example.org>"), None)
            .and_then(|settings| settings.answered_at(Some("calls@example.org")));
        let muster = Muster::start_with(|to| to.mail = Some(settings.unwrap())).await.unwrap();
        muster.give_plan(&plan().unwrap(), "bt2c").await.unwrap();
        let (ada, bob, cleo, dora) = tokio::try_join!(
            muster.local(ada, Role::Responder),
            muster.local("bob@example.org", Role::Operator),
            muster.local("cleo@example.org", Role::Responder),
            muster.local("dora@example.org", Role::Administrator),
        )
        .unwrap();
        let team = Self { muster, mail, ada, bob, cleo, dora };
        team.dora.api.set_contacts("bt2c", "System Administrator", &[team.ada.id, team.bob.id]).await.unwrap();
        team.dora.api.set_contacts("bt2c", "Database Administrator", &[team.cleo.id]).await.unwrap();
        team
    }

    pub(crate) async fn set() -> Self {
        Self::with("ada@example.org").await
    }

    pub(crate) async fn declare(&self, level: u8) -> i64 {
        let body = DeclareIn { level, ..declaration("validator1").unwrap() };
        self.dora.api.declare(&body, &uuid::Uuid::new_v4().to_string()).await.unwrap().number
    }

    pub(crate) async fn calls(&self, incident: i64) -> CallsView {
        self.ada.api.calls(incident).await.unwrap()
    }

    /// Until so many people were called and everything about it has ended.
    pub(crate) async fn called(&self, incident: i64, n: usize) -> Vec<CallView> {
        let so = async || {
            let calls = self.calls(incident).await.items;
            let done =
                |call: &CallView| call.messages.iter().all(|m| m.next_at.is_none() && m.state != MessageState::Sending);
            calls.len() == n && calls.iter().all(done)
        };
        eventually(&format!("{n} were called for incident {incident}"), so).await.unwrap();
        self.calls(incident).await.items
    }

    pub(crate) async fn reasons(&self, incident: i64) -> Vec<(Vec<String>, Why)> {
        let timeline = self.ada.api.incident(incident).await.unwrap().timeline;
        let paged = timeline.into_iter().filter_map(|entry| match entry.event {
            IncidentEvent::Paged { people, reason } => Some((people.into_iter().map(|one| one.name).collect(), reason)),
            _ => None,
        });
        paged.collect()
    }

    /// As if all this had begun so much earlier.
    pub(crate) async fn later(&self, seconds: i64) {
        let pool = PgPool::connect(&self.muster.database.url).await.unwrap();
        let ago = format!(
            "UPDATE paging SET begun_at = begun_at - interval '{seconds} s', stepped_at = stepped_at - interval '{seconds} s',
                    next_at = next_at - interval '{seconds} s'"
        );
        sqlx::query(sqlx::AssertSqlSafe(ago)).execute(&pool).await.unwrap();
    }

    pub(crate) fn names(&self) -> [String; 3] {
        [&self.ada, &self.bob, &self.cleo].map(|who| who.me.name.clone())
    }
}
