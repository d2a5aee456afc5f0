//! The site map: every route and the frame around it. No page is written here.

use leptos::prelude::*;
use leptos_router::{
    components::{Outlet, ParentRoute, Redirect, Route, Router, Routes},
    hooks::{use_location, use_navigate},
    path,
};
use shared::api::live::Topic;

use crate::{
    components::{
        button::Button,
        dialog::Dialog,
        error_note::{AskedAgain, ErrorNote},
        freeze::FreezeBanner,
        nav::{Connected, Rail, Shortcuts},
        palette::Palette,
        proof_dialog::ProofDialog,
        sign_in_form::SignInForm,
        time,
    },
    live::{provide_live, use_live},
    pages::{
        access::AccessPage,
        account::AccountPage,
        alert_source::AlertSourcePage,
        alert_sources::AlertSourcesPage,
        alerts::AlertsPage,
        audit::AuditPage,
        contacts::ContactsPage,
        declare::DeclarePage,
        drills::DrillsPage,
        follow_ups::FollowUpsPage,
        home::HomePage,
        incident::IncidentPage,
        incidents::IncidentsPage,
        inspection::InspectionPage,
        join::JoinPage,
        login::LoginPage,
        maintenance::{MaintenancePage, new::NewMaintenancePage},
        maintenances::MaintenancesPage,
        missing::MissingPage,
        monitor::{MonitorPage, NewMonitorPage},
        monitors::MonitorsPage,
        people::PeoplePage,
        person::PersonPage,
        plan::PlanPage,
        plan_edit::PlanEditPage,
        plan_proposal::PlanProposalPage,
        plan_version::PlanVersionPage,
        plan_versions::PlanVersionsPage,
        post_templates::PostTemplatesPage,
        readiness::ReadinessPage,
        report::ReportPage,
        run::RunPage,
        runs::RunsPage,
        secrets::SecretsPage,
        standing_orders::{StandingOrdersPage, new::NewStandingOrderPage},
        statistics::StatisticsPage,
        status_brand::StatusBrandPage,
        status_page::StatusPagePage,
        subscribers::SubscribersPage,
        verification::VerificationPage,
        verifications::VerificationsPage,
    },
    proof::provide_desk,
    session::{provide_session, use_session},
};

#[component]
pub(crate) fn App() -> impl IntoView {
    time::provide_now();
    let desk = provide_desk();
    let session = provide_session(provide_live());
    session.ask();
    // Tests and slow lines: from now on clicks are heard.
    Effect::new(|_| {
        if let Some(html) = document().document_element() {
            // Fails only for a malformed attribute name.
            let _ = html.set_attribute("data-ready", "true");
        }
    });
    view! {
        <ProofDialog desk/>
        <Router>
            <Routes fallback=|| view! { <Redirect path="/console"/> }>
                <Route path=path!("/login") view=LoginPage/>
                <Route path=path!("/join") view=JoinPage/>
                <ParentRoute path=path!("/console") view=Frame>
                    <Route path=path!("") view=HomePage/>
                    <Route path=path!("incidents") view=IncidentsPage/>
                    <Route path=path!("incidents/new") view=DeclarePage/>
                    <Route path=path!("incidents/:number") view=IncidentPage/>
                    <Route path=path!("statistics") view=StatisticsPage/>
                    <Route path=path!("follow-ups") view=FollowUpsPage/>
                    <Route path=path!("runs") view=RunsPage/>
                    <Route path=path!("runs/:number") view=RunPage/>
                    <Route path=path!("reports/:number") view=ReportPage/>
                    <Route path=path!("reports/:number/plan") view=PlanProposalPage/>
                    <Route path=path!("plan") view=PlanPage/>
                    <Route path=path!("plan/:slug/edit") view=PlanEditPage/>
                    <Route path=path!("plan/:slug/versions") view=PlanVersionsPage/>
                    <Route path=path!("plan/:slug/versions/:number") view=PlanVersionPage/>
                    <Route path=path!("plan/:slug/secrets") view=SecretsPage/>
                    <Route path=path!("alerts") view=AlertsPage/>
                    <Route path=path!("alerts/sources") view=AlertSourcesPage/>
                    <Route path=path!("alerts/sources/:id") view=AlertSourcePage/>
                    <Route path=path!("monitors") view=MonitorsPage/>
                    <Route path=path!("readiness") view=ReadinessPage/>
                    <Route path=path!("verifications") view=VerificationsPage/>
                    <Route path=path!("verifications/:id") view=VerificationPage/>
                    <Route path=path!("standing-orders") view=StandingOrdersPage/>
                    <Route path=path!("standing-orders/new") view=NewStandingOrderPage/>
                    <Route path=path!("drills") view=DrillsPage/>
                    <Route path=path!("inspections/:number") view=InspectionPage/>
                    <Route path=path!("monitors/new") view=NewMonitorPage/>
                    <Route path=path!("monitors/:id") view=MonitorPage/>
                    <Route path=path!("plan/:slug/contacts") view=ContactsPage/>
                    <Route path=path!("status-page") view=StatusPagePage/>
                    <Route path=path!("status-page/brand") view=StatusBrandPage/>
                    <Route path=path!("status-page/subscribers") view=SubscribersPage/>
                    <Route path=path!("status-page/texts") view=PostTemplatesPage/>
                    <Route path=path!("maintenance") view=MaintenancesPage/>
                    <Route path=path!("maintenance/new") view=NewMaintenancePage/>
                    <Route path=path!("maintenance/:number") view=MaintenancePage/>
                    <Route path=path!("audit") view=AuditPage/>
                    <Route path=path!("account") view=AccountPage/>
                    <Route path=path!("people") view=PeoplePage/>
                    <Route path=path!("people/access") view=AccessPage/>
                    <Route path=path!("people/:id") view=PersonPage/>
                    <Route path=path!("*any") view=MissingPage/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// What stays while one moves about: the rail, the connection's state, the shortcuts. Only for who is signed in.
#[component]
fn Frame() -> impl IntoView {
    let session = use_session();
    let path = use_location().pathname;
    let navigate = use_navigate();
    Effect::new(move |_| {
        if session.known.get() && session.me.with(Option::is_none) && path.with_untracked(|p| p.starts_with("/console"))
        {
            let here = path.get_untracked() + &location().search().unwrap_or_default();
            let next = String::from(js_sys::encode_uri_component(&here));
            navigate(
                &format!("/login?next={next}"),
                leptos_router::NavigateOptions { replace: true, ..Default::default() },
            );
        }
    });
    only_the_account_of_who_must_enrol();
    use_live().on(move |event| {
        if matches!(event.topic, Topic::People {}) {
            session.look_again();
        }
    });
    follow_with_focus();
    let inside = Memo::new(move |_| session.me.with(Option::is_some));
    view! {
        <Show
            when=move || inside.get()
            fallback=move || {
                view! {
                    <main class="alone">
                        <ErrorNote error=session.failed>
                            <Button on_press=move |()| session.ask()>"Try again"</Button>
                            <AskedAgain error=session.failed/>
                        </ErrorNote>
                        <Show when=move || session.failed.with(Option::is_none)>
                            <p class="loading" role="status">
                                "Opening the console…"
                            </p>
                        </Show>
                    </main>
                }
            }
        >
            <a class="skip-link" href="#content">
                "Skip to the content"
            </a>
            <div class="frame">
                <Rail/>
                <div class="frame-main">
                    <Show when=move || session.me.with(|me| me.as_ref().is_some_and(|me| !me.must_enrol))>
                        <Connected/>
                    </Show>
                    <FreezeBanner/>
                    <main id="content" class="content" tabindex="-1">
                        <Outlet/>
                    </main>
                </div>
            </div>
            <Shortcuts/>
            <Palette/>
            <SignInAgain/>
        </Show>
    }
}

/// Whose role asks for a second factor that they do not have: everything else would only be refused.
fn only_the_account_of_who_must_enrol() {
    let session = use_session();
    let path = use_location().pathname;
    let navigate = use_navigate();
    Effect::new(move |_| {
        let must = session.me.with(|me| me.as_ref().is_some_and(|me| me.must_enrol));
        if must && path.get() != "/console/account" {
            navigate("/console/account", leptos_router::NavigateOptions { replace: true, ..Default::default() });
        }
    });
}

/// After a change of page the focus starts at its content, as after a real page load.
fn follow_with_focus() {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_some_and(|before| before != path) {
            request_animation_frame(|| {
                window().scroll_to_with_x_and_y(0.0, 0.0);
                let content = document().get_element_by_id("content");
                let busy = document()
                    .active_element()
                    .is_some_and(|e| e.closest("#content").ok().flatten().is_some() && e.id() != "content");
                if let (Some(content), false) = (content, busy) {
                    use wasm_bindgen::JsCast;
                    // Focusing a connected element does not fail.
                    let _ = content.dyn_into::<web_sys::HtmlElement>().map(|content| content.focus());
                }
            });
        }
        path
    });
}

/// A session that ended is renewed on the spot: nothing typed is lost.
#[component]
fn SignInAgain() -> impl IntoView {
    let session = use_session();
    let email = move || session.me.with(|me| me.as_ref().map(|me| me.email.clone())).unwrap_or_default();
    view! {
        <Dialog open=session.ended title="Sign in again" dismissible=false>
            <p>"Your session has ended. Nothing you typed on this page is lost; sign in and go on."</p>
            <SignInForm email=email() on_done=move |me| session.signed_in(me)/>
        </Dialog>
    }
}
