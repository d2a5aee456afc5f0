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
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};

use crate::{
    AppState, assets,
    auth::{origin, session},
    error::{self, AppError},
    extract::BODY_LIMIT,
    headers, public,
    routes::{
        self, account, audit, events, incident, notice, output, people, plan, report, role, run, secret, sign_in,
        system,
    },
    shell,
};

/// Longer than the slowest honest answer: the check of a long audit chain.
const ANSWER_SECONDS: u64 = 30;

macro_rules! routes {
    ($($method:ident $path:literal => $handler:path,)*) => {
        /// Method and path of every route of the API, for tests that must cover them all.
        pub const API: &[(&str, &str)] = &[$((stringify!($method), concat!("/api/v1", $path)),)*];

        fn api_routes() -> Router<AppState> {
            Router::new()$(.route(concat!("/api/v1", $path), $method($handler)))*
        }
    };
}

routes! {
    post "/session" => routes::session::sign_in,
    get "/session" => routes::session::me,
    delete "/session" => routes::session::sign_out,
    post "/session/challenge" => routes::session::challenge,
    post "/session/second" => routes::session::second,
    post "/session/proof" => routes::session::prove,
    post "/links/look" => people::look,
    post "/links/use" => people::use_up,
    get "/account" => account::view,
    post "/account/password" => account::change_password,
    post "/account/totp" => account::totp_begin,
    post "/account/totp/confirm" => account::totp_confirm,
    delete "/account/totp" => account::totp_remove,
    post "/account/passkeys/challenge" => account::passkey_begin,
    post "/account/passkeys" => account::passkey_add,
    delete "/account/passkeys/{id}" => account::passkey_remove,
    post "/account/recovery-codes" => account::recovery_codes,
    delete "/account/sessions" => account::other_sessions_end,
    delete "/account/sessions/{id}" => account::session_end,
    get "/people" => people::list,
    post "/people/invitations" => people::invite,
    delete "/people/invitations/{id}" => people::withdraw,
    get "/people/{id}" => people::view,
    get "/people/{id}/may" => people::may,
    post "/people/{id}/role" => people::set_role,
    post "/people/{id}/contact-roles" => people::set_contact_roles,
    post "/people/{id}/active" => people::set_active,
    post "/people/{id}/password-link" => people::password_link,
    delete "/people/{id}/factors" => people::remove_factors,
    delete "/people/{id}/sessions" => people::end_sessions,
    get "/roles" => role::table,
    put "/roles/{name}" => role::save,
    delete "/roles/{name}" => role::delete,
    get "/session/ways" => sign_in::ways,
    post "/session/provider" => sign_in::depart,
    get "/systems" => system::list,
    get "/systems/{slug}/plan" => plan::view,
    post "/systems/{slug}/plan" => plan::save,
    get "/systems/{slug}/plan/source" => plan::source,
    get "/systems/{slug}/plan/versions" => plan::versions,
    get "/systems/{slug}/plan/versions/{number}" => plan::version,
    get "/systems/{slug}/plan/versions/{number}/diff" => plan::diff,
    get "/systems/{slug}/secrets" => secret::list,
    put "/systems/{slug}/secrets/{name}" => secret::set,
    delete "/systems/{slug}/secrets/{name}" => secret::delete,
    get "/incidents" => incident::list,
    post "/incidents" => incident::declare,
    get "/incidents/{number}" => incident::view,
    post "/incidents/{number}/acknowledge" => incident::acknowledge,
    post "/incidents/{number}/work" => incident::start_work,
    post "/incidents/{number}/notes" => incident::note,
    post "/incidents/{number}/level" => incident::change_level,
    post "/incidents/{number}/updates" => incident::post_update,
    post "/incidents/{number}/resolve" => incident::resolve,
    post "/incidents/{number}/close" => incident::close,
    post "/incidents/{number}/runs" => run::request,
    get "/runs" => run::list,
    get "/runs/{number}" => run::view,
    get "/runs/{number}/output" => output::part,
    get "/runs/{number}/output/search" => output::search,
    get "/runs/{number}/output.txt" => output::download,
    post "/runs/{number}/decision" => run::decide,
    post "/runs/{number}/glass" => run::break_glass,
    post "/runs/{number}/review" => run::review,
    post "/runs/{number}/withdraw" => run::withdraw,
    post "/runs/{number}/priority" => run::prioritise,
    post "/runs/{number}/answer" => run::answer,
    post "/runs/{number}/confirm" => run::confirm,
    post "/runs/{number}/check" => run::check,
    post "/runs/{number}/cancel" => run::cancel,
    get "/freeze" => run::frozen,
    post "/freeze" => run::freeze,
    get "/notices" => notice::list,
    post "/notices/{number}/acknowledge" => notice::acknowledge,
    get "/incidents/{number}/report" => report::view,
    post "/incidents/{number}/report" => report::write_draft,
    put "/incidents/{number}/report" => report::save,
    post "/incidents/{number}/report/publish" => report::publish,
    get "/incidents/{number}/report/export.html" => report::export_html,
    get "/incidents/{number}/report/export.md" => report::export_markdown,
    get "/audit" => audit::list,
    get "/audit/choices" => audit::choices,
    get "/audit/export" => audit::export,
    get "/audit/heads" => audit::heads,
    get "/audit/verify" => audit::verify,
    get "/events" => events::stream,
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
        .layer(from_fn_with_state(state.clone(), origin::guard))
        .layer(TraceLayer::new_for_http())
        .layer(map_response(error::enveloped));
    let rest = Router::new()
        .merge(api)
        .route("/healthz", get(routes::health::alive))
        .route("/readyz", get(routes::health::ready))
        .merge(sign_in::pages(&state))
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
    let answer = tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS), next.run(request)).await;
    answer.unwrap_or_else(|_| AppError::too_slow(ANSWER_SECONDS).into_response())
}

async fn no_such_address(address: Uri) -> AppError {
    AppError::not_found(format!("address {} in this API", address.path()))
}
