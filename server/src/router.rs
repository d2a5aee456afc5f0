//! The whole surface: every address, and the layers around it. No handler does anything here.

use std::time::Duration;

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn, from_fn_with_state, map_response, map_response_with_state},
    response::{IntoResponse as _, Response},
    routing::{any, delete, get, post, put},
};
use http::{HeaderMap, Uri};
use shared::api::error::ErrorCode;
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};

use crate::{
    AppState, assets,
    auth::{address, bearer, denied, origin, session},
    error::{self, AppError},
    extract::BODY_LIMIT,
    headers,
    openapi::{self, Api, Schemas, describe},
    public,
    routes::{
        self, account, alert, answered, audit, contact, drill, events, file, follow_up, incident, inspection, links,
        maintenance, monitor, notice, output, people, plan, readiness, report, role, room, run, secret, sign_in,
        standing_order, statistics, status_page, subscriber, system, task, token, verification,
    },
    shell,
};

/// Longer than the slowest honest answer: the check of a long audit chain.
const ANSWER_SECONDS: u64 = 30;
/// A file over a slow line.
const UPLOAD_SECONDS: u64 = 600;

/// Each line makes the route and its description. In brackets: what its use case refuses with, beyond what the types of its
/// handler say by themselves.
macro_rules! routes {
    ($($method:ident $path:literal => $handler:path $([$($code:ident)*])?,)*) => {
        fn api_routes() -> Router<AppState> {
            Router::new()$(.route(concat!("/api/v1", $path), $method($handler)))*
        }

        /// What the routes are, for programs and people.
        pub(crate) fn described() -> Api {
            let mut schemas = Schemas::with_errors();
            let operations = vec![$(describe(
                $handler,
                (stringify!($method), concat!("/api/v1", $path), stringify!($handler)),
                &[$($(ErrorCode::$code),*)?],
                &mut schemas,
            )),*];
            Api::new(operations, schemas)
        }
    };
}

routes! {
    post "/session" => routes::session::sign_in [WrongCredentials SecondFactorNeeded TooManyRequests],
    get "/session" => routes::session::me,
    delete "/session" => routes::session::sign_out,
    post "/session/challenge" => routes::session::challenge [NotNow TooManyRequests],
    post "/session/second" => routes::session::second [WrongCredentials NotNow TooManyRequests],
    post "/session/proof" => routes::session::prove [WrongCredentials NotNow TooManyRequests],
    post "/links/look" => people::look [NotFound TooManyRequests],
    post "/links/use" => people::use_up [NotFound NotNow TooManyRequests],
    get "/account" => account::view,
    post "/account/password" => account::change_password [NotNow TooManyRequests],
    post "/account/totp" => account::totp_begin [NotNow],
    post "/account/totp/confirm" => account::totp_confirm [NotNow TooManyRequests],
    delete "/account/totp" => account::totp_remove [NotFound NotNow],
    post "/account/passkeys/challenge" => account::passkey_begin [NotNow],
    post "/account/passkeys" => account::passkey_add [NotNow],
    delete "/account/passkeys/{id}" => account::passkey_remove [NotNow],
    post "/account/recovery-codes" => account::recovery_codes [NotNow],
    delete "/account/sessions" => account::other_sessions_end,
    delete "/account/sessions/{id}" => account::session_end,
    get "/account/tokens" => token::own,
    post "/account/tokens" => token::make_own [NotNow],
    delete "/account/tokens/{id}" => token::revoke_own,
    get "/account/ways" => contact::ways,
    post "/account/ways" => contact::add_way [Invalid NotNow TooManyRequests],
    delete "/account/ways/{id}" => contact::remove_way,
    post "/account/ways/{id}/code" => contact::send_code [NotNow],
    post "/account/ways/{id}/confirm" => contact::confirm_way [Invalid NotNow],
    put "/account/quiet-hours" => contact::set_quiet [Invalid],
    get "/people" => people::list,
    post "/people/service-accounts" => token::create_service_account,
    get "/people/{id}/tokens" => token::of,
    post "/people/{id}/tokens" => token::make_for [NotNow],
    delete "/people/{id}/tokens/{token}" => token::revoke_of,
    post "/people/invitations" => people::invite [NotNow],
    delete "/people/invitations/{id}" => people::withdraw,
    get "/people/{id}" => people::view,
    get "/people/{id}/may" => people::may,
    post "/people/{id}/role" => people::set_role [NotNow],
    post "/people/{id}/contact-roles" => people::set_contact_roles,
    post "/people/{id}/active" => people::set_active [NotNow],
    post "/people/{id}/password-link" => people::password_link [NotNow],
    delete "/people/{id}/factors" => people::remove_factors [NotNow],
    delete "/people/{id}/sessions" => people::end_sessions,
    get "/roles" => role::table,
    put "/roles/{name}" => role::save [NotNow],
    delete "/roles/{name}" => role::delete [NotNow Invalid],
    get "/session/ways" => sign_in::ways,
    post "/session/provider" => sign_in::depart [NotFound NotNow ProviderSilent TooManyRequests],
    get "/status-page" => status_page::view,
    put "/status-page" => status_page::save [EditConflict Invalid],
    get "/status-page/brand" => status_page::brand,
    put "/status-page/brand" => status_page::save_brand [EditConflict Invalid],
    get "/maintenance" => maintenance::list,
    post "/maintenance" => maintenance::plan,
    get "/maintenance/{number}" => maintenance::view,
    post "/maintenance/{number}/updates" => maintenance::post [NotNow],
    post "/maintenance/{number}/times" => maintenance::change_times [NotNow Invalid],
    post "/maintenance/{number}/finish" => maintenance::finish [NotNow],
    post "/maintenance/{number}/cancel" => maintenance::cancel [NotNow],
    get "/subscribers/count" => subscriber::count,
    get "/subscribers" => subscriber::list,
    delete "/subscribers/{id}" => subscriber::remove,
    get "/systems" => system::list,
    get "/systems/{slug}/plan" => plan::view,
    post "/systems/{slug}/plan" => plan::save [PlanChanged],
    get "/systems/{slug}/plan/source" => plan::source,
    get "/systems/{slug}/plan/versions" => plan::versions,
    get "/systems/{slug}/plan/versions/{number}" => plan::version,
    get "/systems/{slug}/plan/versions/{number}/diff" => plan::diff [Invalid],
    get "/systems/{slug}/secrets" => secret::list,
    put "/systems/{slug}/secrets/{name}" => secret::set [Invalid],
    delete "/systems/{slug}/secrets/{name}" => secret::delete,
    get "/systems/{slug}/contacts" => contact::list,
    put "/systems/{slug}/contacts/{role}" => contact::set [Invalid],
    post "/systems/{slug}/contacts/test" => contact::test [Invalid],
    get "/systems/{slug}/contacts/drills" => contact::drills,
    post "/systems/{slug}/contacts/drills" => contact::begin_drill [Invalid NotNow],
    post "/incidents/preview" => routes::post::preview_declared [NotNow],
    post "/incidents/{number}/updates/preview" => routes::post::preview [NotNow Invalid],
    get "/incidents/{number}/post-templates" => routes::post::templates_for [NotNow],
    get "/incidents/{number}/scheduled-posts" => routes::post::scheduled,
    post "/incidents/{number}/scheduled-posts" => routes::post::schedule [NotNow Invalid],
    put "/incidents/{number}/scheduled-posts/{post}" => routes::post::reschedule [NotNow Invalid ContentChanged],
    delete "/incidents/{number}/scheduled-posts/{post}" => routes::post::cancel,
    get "/incidents/{number}/prepared-texts" => routes::post::prepared_for_incident [NotNow],
    post "/incidents/{number}/prepared-texts" => routes::post::hand_on_incident [NotNow ContentChanged],
    post "/maintenance/{number}/prepared-texts" => routes::post::hand_on_maintenance [NotNow ContentChanged],
    get "/maintenance/{number}/prepared-texts" => routes::post::prepared_for_maintenance [NotNow],
    post "/maintenance/post-templates" => routes::post::templates_for_work [NotNow],
    get "/post-templates" => routes::post::templates,
    post "/post-templates" => routes::post::add_template [NotNow Invalid],
    put "/post-templates/{id}" => routes::post::change_template [Invalid ContentChanged],
    delete "/post-templates/{id}" => routes::post::remove_template,
    get "/incidents" => incident::list,
    post "/incidents" => incident::declare,
    get "/incidents/{number}" => incident::view,
    get "/incidents/{number}/calls" => contact::calls,
    post "/incidents/{number}/acknowledge" => incident::acknowledge [NotNow],
    post "/incidents/{number}/work" => incident::start_work [NotNow],
    post "/incidents/{number}/notes" => incident::note [NotNow],
    post "/incidents/{number}/level" => incident::change_level [NotNow],
    post "/incidents/{number}/updates" => incident::post_update [NotNow],
    post "/incidents/{number}/resolve" => incident::resolve [NotNow],
    post "/incidents/{number}/close" => incident::close [NotNow],
    post "/incidents/{number}/state" => room::set_state [NotNow],
    post "/incidents/{number}/affected" => room::change_affected [NotNow],
    post "/incidents/{number}/reopen" => room::reopen [NotNow],
    get "/incidents/{number}/people" => room::people,
    post "/incidents/{number}/duties" => room::duty [NotNow],
    post "/incidents/{number}/corrections" => room::correct [NotNow],
    post "/incidents/{number}/pins" => room::pin [NotNow],
    get "/incidents/{number}/readers" => task::readers,
    get "/readers" => links::people,
    post "/incidents/{number}/restrict" => links::restrict [NotNow],
    post "/incidents/{number}/open" => links::open [NotNow],
    post "/incidents/{number}/readers" => links::change_reader [NotNow],
    post "/incidents/{number}/merge" => links::merge [NotNow],
    post "/incidents/{number}/relations" => links::relate [NotNow],
    post "/incidents/{number}/tasks" => task::add [NotNow],
    post "/incidents/{number}/tasks/{task}" => task::act [NotNow],
    get "/tasks" => task::own,
    get "/nudges" => task::nudges,
    post "/nudges/{number}/seen" => task::put_nudge_away,
    post "/incidents/{number}/files" => file::attach [NotNow],
    get "/incidents/{number}/files/{file}" => file::read,
    post "/incidents/{number}/runs" => run::request [NotNow ContentChanged TargetBusy],
    get "/runs" => run::list,
    get "/runs/{number}" => run::view,
    get "/runs/{number}/output" => output::part,
    get "/runs/{number}/output/search" => output::search [Invalid],
    get "/runs/{number}/output.txt" => output::download,
    post "/runs/{number}/decision" => run::decide [Forbidden NotNow ContentChanged],
    post "/runs/{number}/glass" => run::break_glass [NotNow ContentChanged],
    post "/runs/{number}/review" => run::review [Forbidden NotNow],
    post "/runs/{number}/withdraw" => run::withdraw [NotNow],
    post "/runs/{number}/priority" => run::prioritise [NotNow],
    post "/runs/{number}/answer" => run::answer [NotNow],
    post "/runs/{number}/confirm" => run::confirm [Forbidden NotNow ContentChanged],
    post "/runs/{number}/check" => run::check [NotNow],
    post "/runs/{number}/cancel" => run::cancel [NotNow],
    get "/standing-orders" => standing_order::list,
    post "/standing-orders/{number}/decision" => standing_order::decide [Forbidden NotNow ContentChanged],
    post "/standing-orders/{number}/suspend" => standing_order::suspend [NotNow],
    post "/standing-orders/{number}/resume" => standing_order::resume [NotNow],
    post "/standing-orders/{number}/revoke" => standing_order::revoke [NotNow],
    post "/systems/{slug}/standing-orders" => standing_order::propose [NotNow ContentChanged],
    post "/systems/{slug}/hands-off" => standing_order::hands_off [NotNow],
    get "/freeze" => run::frozen,
    post "/freeze" => run::freeze [NotNow],
    get "/notices" => notice::list,
    post "/notices/{number}/acknowledge" => notice::acknowledge [Forbidden NotNow],
    get "/incidents/{number}/alerts" => alert::of_incident,
    get "/alerts" => alert::list,
    get "/silences" => alert::silences,
    post "/systems/{slug}/silences" => alert::silence,
    delete "/silences/{id}" => alert::end_silence,
    get "/alert-sources" => alert::sources,
    post "/alert-sources/try" => alert::attempt,
    post "/systems/{slug}/alert-sources" => alert::create_source,
    put "/alert-sources/{id}" => alert::change_source [ContentChanged],
    delete "/alert-sources/{id}" => alert::retire_source [NotNow],
    post "/alert-sources/{id}/key" => alert::renew_key [NotNow],
    get "/monitors" => monitor::list,
    get "/monitors/{id}" => monitor::view,
    get "/monitors/{id}/history" => monitor::history,
    put "/monitors/{id}" => monitor::change [ContentChanged],
    delete "/monitors/{id}" => monitor::remove,
    post "/monitors/{id}/check" => monitor::check_now [NotNow],
    get "/systems/{slug}/monitors/suggested" => monitor::suggested,
    post "/systems/{slug}/monitors" => monitor::create,
    get "/systems/{slug}/verifications" => verification::list,
    put "/systems/{slug}/verifications" => verification::set [ContentChanged],
    post "/systems/{slug}/verifications" => verification::ask [NotNow],
    get "/verifications/{id}" => verification::view,
    post "/verifications/{id}/cancel" => verification::cancel [NotNow],
    get "/systems/{slug}/readiness" => readiness::view,
    get "/systems/{slug}/readiness/report" => readiness::report [Invalid NotNow],
    get "/systems/{slug}/readiness/report/print" => readiness::print [Invalid NotNow],
    get "/systems/{slug}/drills" => drill::view,
    get "/systems/{slug}/drills.ics" => drill::calendar,
    post "/systems/{slug}/drills" => drill::begin [NotNow ContentChanged],
    get "/drills/{number}" => drill::one,
    post "/drills/{number}/stop" => drill::stop [NotNow],
    post "/drills/{number}/verdict" => drill::judge [NotNow],
    post "/systems/{slug}/drill-schedules" => drill::schedule [NotNow],
    put "/drill-schedules/{id}" => drill::change_schedule [ContentChanged],
    delete "/drill-schedules/{id}" => drill::end_schedule,
    post "/systems/{slug}/drill-windows" => drill::block [NotNow],
    delete "/drill-windows/{id}" => drill::unblock,
    get "/systems/{slug}/inspections" => inspection::list,
    post "/systems/{slug}/inspections" => inspection::begin [NotNow],
    get "/inspections/{number}" => inspection::view,
    put "/inspections/{number}/lines/{place}" => inspection::decide [NotNow ContentChanged Forbidden],
    post "/inspections/{number}/sign-off" => inspection::sign_off [NotNow],
    post "/inspections/{number}/call-off" => inspection::call_off [NotNow],
    get "/inspections/{number}/export.csv" => inspection::csv,
    get "/inspections/{number}/print" => inspection::print,
    get "/statistics" => statistics::view [Invalid],
    get "/follow-ups" => follow_up::list,
    post "/follow-ups/{number}" => follow_up::change [ContentChanged NotNow],
    post "/follow-ups/{number}/state" => follow_up::settle [ContentChanged NotNow],
    get "/incidents/{number}/plan-proposal" => plan::proposal,
    post "/incidents/{number}/plan-proposal" => plan::adopt [PlanChanged],
    get "/incidents/{number}/follow-ups" => follow_up::of_incident,
    post "/incidents/{number}/follow-ups" => follow_up::add,
    post "/intake/{kind}/{key}" => alert::take [TooManyRequests],
    get "/incidents/{number}/report" => report::view,
    post "/incidents/{number}/report" => report::write_draft,
    put "/incidents/{number}/report" => report::save [EditConflict],
    get "/incidents/{number}/report/versions" => report::versions,
    get "/incidents/{number}/report/versions/{version}" => report::version,
    post "/incidents/{number}/report/comments" => report::comment [NotFound],
    post "/incidents/{number}/report/comments/{comment}" => report::settle,
    get "/incidents/{number}/report/reviewers" => report::reviewers,
    post "/incidents/{number}/report/review-requests" => report::ask [ContentChanged],
    post "/incidents/{number}/report/reviews" => report::judge [NotNow ContentChanged],
    post "/incidents/{number}/report/public-preview" => report::preview [ContentChanged],
    post "/incidents/{number}/report/publish" => report::publish [NotNow ContentChanged],
    get "/incidents/{number}/report/print" => report::print,
    get "/incidents/{number}/report/export.html" => report::export_html,
    get "/incidents/{number}/report/export.md" => report::export_markdown,
    get "/audit" => audit::list,
    get "/audit/choices" => audit::choices,
    get "/audit/export" => audit::export,
    get "/audit/heads" => audit::heads,
    get "/audit/verify" => audit::verify,
    get "/events" => events::stream,
    get "/openapi.json" => openapi::show,
}

/// The server as one service; used by `serve` and by tests.
pub fn build(state: AppState) -> Router {
    let https = state.settings.public_url.is_https();
    let api = api_routes()
        .route("/api", any(no_such_address))
        .route("/api/{*rest}", any(no_such_address))
        .method_not_allowed_fallback(async || AppError::wrong_method())
        .layer(axum::extract::DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(from_fn(in_time))
        .layer(session::layer(state.store.clone(), https))
        .layer(from_fn_with_state(state.clone(), bearer::layer))
        .layer(from_fn_with_state(state.clone(), origin::guard))
        .layer(from_fn_with_state(state.clone(), address::note))
        .layer(TraceLayer::new_for_http().make_span_with(|request: &Request| {
            tracing::debug_span!("request", asked = denied::asked(request.method(), request.uri().path()))
        }))
        .layer(map_response(error::enveloped));
    let rest = Router::new()
        .merge(api)
        .route("/healthz", get(routes::health::alive))
        .route("/readyz", get(routes::health::ready))
        .merge(sign_in::pages(&state))
        .merge(answered::pages(&state))
        .merge(public::subscribe::router(&state))
        .merge(shell::router())
        .merge(assets::router(&state))
        .layer(CatchPanicLayer::custom(error::panicked));
    // The public pages carry prepared headers and must stay as cheap as the bytes they are.
    let mut pages: Router<AppState> =
        public::router(state.public.clone()).with_state(()).layer(CatchPanicLayer::custom(error::panicked));
    if https {
        pages = pages.layer(map_response_with_state(state.clone(), headers::strict_transport));
    }
    let nowhere = state.clone();
    headers::secured(rest, &state)
        .merge(pages)
        .fallback(async move |request: HeaderMap| headers::transport(&nowhere, nowhere.public.not_found(&request)))
        .with_state(state)
}

/// Until an answer begins; streams may go on.
async fn in_time(request: Request, next: Next) -> Response {
    let seconds = if origin::is_upload(request.uri().path()) { UPLOAD_SECONDS } else { ANSWER_SECONDS };
    let answer = tokio::time::timeout(Duration::from_secs(seconds), next.run(request)).await;
    answer.unwrap_or_else(|_| AppError::too_slow(seconds).into_response())
}

async fn no_such_address(address: Uri) -> AppError {
    AppError::not_found(format!("address {} in this API", address.path()))
}
