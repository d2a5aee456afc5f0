//! The door in a real browser: invited in, a passkey and an authenticator app with their second step, a fresh proof that is asked
//! for in between, and the pages for who manages people.

use chromiumoxide::cdp::browser_protocol::web_authn::{
    AddVirtualAuthenticatorParams, AuthenticatorProtocol, AuthenticatorTransport, EnableParams,
    VirtualAuthenticatorOptions,
};
use shared::{
    api::people::{PersonRoleIn, RoleIn},
    domain::access::{Action, Role, RoleName},
};
use tests::{
    browser::{Chromium, Tab, id},
    muster::Muster,
    persona::Persona,
    scene::eventually,
};
use totp_rs::{Builder, Secret};

use super::pictures;

const PASSWORD: &str = "violet ladder under nine";

fn code(secret: &str, steps_ahead: u64) -> String {
    let secret = Secret::try_from_base32(secret.trim()).unwrap();
    let app = Builder::new().with_secret(secret).with_account_name("x").build().unwrap();
    let now = time::OffsetDateTime::now_utc().unix_timestamp().cast_unsigned();
    app.generate(now + steps_ahead * 30).to_string()
}

/// A key like the one in a phone: it keeps what it makes, and its owner is there and unlocks it.
async fn with_key(tab: &Tab) {
    tab.page.execute(EnableParams::default()).await.unwrap();
    let options = VirtualAuthenticatorOptions::builder()
        .protocol(AuthenticatorProtocol::Ctap2)
        .transport(AuthenticatorTransport::Internal)
        .has_resident_key(true)
        .has_user_verification(true)
        .is_user_verified(true)
        .automatic_presence_simulation(true)
        .build()
        .unwrap();
    tab.page.execute(AddVirtualAuthenticatorParams::new(options)).await.unwrap();
}

async fn sign_in(tab: &Tab, email: &str, password: &str) {
    tab.ready().await.unwrap();
    tab.fill("input[type=email]", email).await.unwrap();
    tab.fill("input[type=password]", password).await.unwrap();
    tab.click(&id("sign-in")).await.unwrap();
}

async fn sign_out(tab: &Tab, base: &str) {
    tab.eval::<bool>("fetch('/api/v1/session', {method: 'DELETE'}).then(r => r.ok)").await.unwrap();
    tab.go(&format!("{base}/login")).await.unwrap();
    tab.ready().await.unwrap();
}

/// As if the person had been away from the desk for a while.
async fn grows_old(muster: &Muster, email: &str) {
    let pool = sqlx::PgPool::connect(&muster.database.url).await.unwrap();
    sqlx::query(
        "UPDATE session SET content = jsonb_set(content - 'stepped_up', '{signed_in}',
             (content -> 'signed_in') || jsonb_build_object('since', $2::text, 'stepped_up', NULL))
         WHERE content #>> '{signed_in,user}' = (SELECT id::text FROM app_user WHERE email = $1)",
    )
    .bind(email)
    .bind(long_ago())
    .execute(&pool)
    .await
    .unwrap();
}

fn long_ago() -> String {
    let at = time::OffsetDateTime::now_utc() - time::Duration::hours(1);
    serde_json::to_value(shared::timestamp::Timestamp::new(at)).unwrap().as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_is_invited_adds_a_passkey_and_signs_in_by_it_alone() {
    let muster = Muster::start_named().await.unwrap();
    let base = muster.state.settings.public_url.to_string();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let tab = chromium.open(&format!("{base}/login?next=%2Fconsole%2Fpeople")).await.unwrap();
    sign_in(&tab, &admin.email, &admin.password).await;
    tab.see(&id("people")).await.unwrap();
    tab.click(&id("invite")).await.unwrap();
    tab.see("dialog[open] input[type=email]").await.unwrap();
    tab.fill("dialog[open] input[type=text]", "Ada Lovelace").await.unwrap();
    tab.fill("dialog[open] input[type=email]", "ada@example.org").await.unwrap();
    tab.until("the roles are there", "document.querySelector('dialog[open] option[value=operator]')").await.unwrap();
    tab.choose_option("dialog[open] select", "operator").await.unwrap();
    pictures(&tab, "invite").await;
    tab.click(&id("invite-send")).await.unwrap();
    tab.see(&id("secret-once")).await.unwrap();
    let link = tab.text(&id("secret-once")).await.unwrap();
    tab.press("Done").await.unwrap();
    tab.see(&id("invitations")).await.unwrap();
    pictures(&tab, "people").await;

    // In another browser, the person with the link.
    let theirs = Chromium::launch().await.unwrap();
    let tab = theirs.open(link.trim()).await.unwrap();
    tab.ready().await.unwrap();
    tab.read("invites you").await.unwrap();
    assert_eq!(tab.eval::<String>("location.href").await.unwrap(), format!("{base}/join"), "the token has left");
    pictures(&tab, "join").await;
    tab.fill("input[type=password]", PASSWORD).await.unwrap();
    tab.click(&id("join")).await.unwrap();
    tab.until("the console is open", "location.pathname === '/console'").await.unwrap();
    with_key(&tab).await;
    tab.go(&format!("{base}/console/account")).await.unwrap();
    tab.click(&id("add-passkey")).await.unwrap();
    tab.see("dialog[open] input[type=text]").await.unwrap();
    tab.fill("dialog[open] input[type=text]", "phone").await.unwrap();
    tab.click(&id("passkey-create")).await.unwrap();
    tab.see(&id("recovery-codes")).await.unwrap();
    pictures(&tab, "account-passkey").await;

    // Password and passkey, then the passkey alone.
    sign_out(&tab, &base).await;
    sign_in(&tab, "ada@example.org", PASSWORD).await;
    tab.see(&id("proof-form")).await.unwrap();
    pictures(&tab, "second-step").await;
    tab.click(&id("proof-send")).await.unwrap();
    tab.until("the console is open", "location.pathname === '/console'").await.unwrap();
    sign_out(&tab, &base).await;
    pictures(&tab, "sign-in").await;
    tab.click(&id("sign-in-passkey")).await.unwrap();
    tab.until("the console is open", "location.pathname === '/console'").await.unwrap();
    let by: Vec<_> = muster.store.audit_list(None, 20).await.unwrap();
    let by: Vec<_> =
        by.iter().filter(|e| e.entry.action == "session.begun").map(|e| e.entry.detail["by"].clone()).collect();
    assert_eq!(by[..2], ["passkey", "password and passkey"]);
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    theirs.close().await.unwrap();
    chromium.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_is_added_where_the_role_asks_for_it_and_signing_in_asks_for_its_code() {
    let muster = Muster::start().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    admin.api.save_role(&Role::Operator.into(), &RoleIn { may: None, second_factor: true }).await.unwrap();
    let (email, password) = muster.account(Role::Operator).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let tab = chromium.open(&format!("{}/login?next=%2Fconsole%2Fincidents", muster.base)).await.unwrap();
    sign_in(&tab, &email, &password).await;
    tab.see(&id("must-enrol")).await.unwrap();
    assert_eq!(tab.eval::<String>("location.pathname").await.unwrap(), "/console/account");
    tab.click(&id("add-totp")).await.unwrap();
    tab.see(&id("totp-secret")).await.unwrap();
    pictures(&tab, "account-app").await;
    let secret = tab.text(&id("totp-secret")).await.unwrap();
    tab.fill("input[autocomplete=one-time-code]", &code(&secret, 0)).await.unwrap();
    tab.click(&id("totp-confirm")).await.unwrap();
    tab.see(&id("recovery-codes")).await.unwrap();
    let codes = tab.text(&id("secret-once")).await.unwrap();
    pictures(&tab, "recovery-codes").await;
    tab.until("the console is open", &format!("!document.querySelector({:?})", id("must-enrol"))).await.unwrap();

    sign_out(&tab, &muster.base).await;
    sign_in(&tab, &email, &password).await;
    tab.see("input[autocomplete=one-time-code]").await.unwrap();
    tab.fill("input[autocomplete=one-time-code]", "000000").await.unwrap();
    tab.click(&id("proof-send")).await.unwrap();
    tab.read("does not fit").await.unwrap();
    tab.fill("input[autocomplete=one-time-code]", &code(&secret, 1)).await.unwrap();
    tab.click(&id("proof-send")).await.unwrap();
    tab.until("the console is open", "location.pathname === '/console'").await.unwrap();
    // The phone is lost.
    sign_out(&tab, &muster.base).await;
    sign_in(&tab, &email, &password).await;
    tab.click(&id("proof-recovery-code")).await.unwrap();
    tab.fill("form[data-testid=proof-form] input", codes.lines().next().unwrap()).await.unwrap();
    tab.click(&id("proof-send")).await.unwrap();
    tab.until("the console is open", "location.pathname === '/console'").await.unwrap();
    chromium.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_needs_a_fresh_proof_waits_for_it_and_then_goes_through() {
    let muster = Muster::start().await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let ada = muster.persona(Role::Viewer).await.unwrap();
    let night = RoleName::parse("night-shift").unwrap();
    let may = RoleIn { may: Some(vec![Action::DeclareIncident, Action::Freeze]), second_factor: false };
    admin.api.save_role(&night, &may).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let page = format!("/console/people/{}", ada.id);
    let tab = chromium.open(&format!("{}/login?next={page}", muster.base)).await.unwrap();
    sign_in(&tab, &admin.email, &admin.password).await;
    tab.see(&id("may-answer")).await.unwrap();
    tab.read("does not allow to").await.unwrap();
    pictures(&tab, "person").await;
    grows_old(&muster, &admin.email).await;

    let to = async |tab: &Tab, role: &str| {
        tab.click(&id("change-role")).await.unwrap();
        tab.until("the roles are there", &format!("document.querySelector('dialog[open] option[value={role}]')"))
            .await
            .unwrap();
        tab.choose_option("dialog[open] select", role).await.unwrap();
        tab.click(&id("person-send")).await.unwrap();
        tab.see("dialog[open] form[data-testid=proof-form]").await.unwrap();
    };
    // Asked, and cancelled: nothing was done, and what was chosen is still there.
    to(&tab, "night-shift").await;
    // The button behind it goes on turning.
    tab.keep_picture("fresh-proof-wide-light").await.unwrap();
    tab.press("Cancel").await.unwrap();
    tab.read("you must show anew that it is you").await.unwrap();
    assert_eq!(ada.api.me().await.unwrap().role.as_str(), "viewer");
    tab.click(&id("person-send")).await.unwrap();
    tab.see("dialog[open] form[data-testid=proof-form]").await.unwrap();
    tab.fill("form[data-testid=proof-form] input", "somebody else's").await.unwrap();
    tab.click(&id("proof-send")).await.unwrap();
    tab.read("not your password").await.unwrap();
    tab.fill("form[data-testid=proof-form] input", &admin.password).await.unwrap();
    tab.click(&id("proof-send")).await.unwrap();
    eventually("the role is given", async || ada.api.me().await.is_ok_and(|me| me.role == night)).await.unwrap();
    tab.until(
        "the page shows it",
        &format!("document.querySelector({:?}).textContent.includes('night-shift')", id("person-role")),
    )
    .await
    .unwrap();

    tab.go(&format!("{}/console/people/access", muster.base)).await.unwrap();
    tab.see(&id("access-table")).await.unwrap();
    pictures(&tab, "access").await;
    tab.click(&id("new-role")).await.unwrap();
    tab.see(&id("role-form")).await.unwrap();
    pictures(&tab, "new-role").await;
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());
    // What is given by others shows on open pages.
    let other: Persona = Persona::sign_in(&muster.base, &admin.email, &admin.password).await.unwrap();
    other.api.set_role(ada.id, &PersonRoleIn { role: Role::Operator.into() }).await.unwrap();
    tab.read("1 person").await.unwrap();
    chromium.close().await.unwrap();
}
