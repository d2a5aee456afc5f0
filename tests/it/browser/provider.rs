//! Signing in through a real provider's own login page, as a person does: the button, the other site, and back inside.

use server::auth::oidc::provider::CALLBACK;
use shared::domain::access::Role;
use tests::{
    browser::{Chromium, id},
    muster::Muster,
    provider::{Provider, password},
};

use super::pictures;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_comes_in_by_the_providers_own_page_and_stays_in() {
    let mut provider = Provider::start().await.unwrap();
    let settings = provider.settings("ops=operator").unwrap();
    let muster = Muster::start_with(|to| to.oidc = Some(settings)).await.unwrap();
    provider.knows(&muster.base).await.unwrap();
    provider.person("ada", &["ops"]).await.unwrap();
    let chromium = Chromium::launch().await.unwrap();
    let tab = chromium.open(&format!("{}/login?next=/console/runs", muster.base)).await.unwrap();
    tab.ready().await.unwrap();
    tab.read("Sign in with Example ID").await.unwrap();
    pictures(&tab, "provider-button").await;
    tab.click(&id("sign-in-provider")).await.unwrap();

    tab.until("the provider's page is open", &format!("location.href.startsWith({:?})", provider.base)).await.unwrap();
    tab.fill("#username", "ada").await.unwrap();
    tab.fill("#password", &password("ada")).await.unwrap();
    tab.click("#loginbut").await.unwrap();
    tab.keep_picture("provider-grant").await.unwrap();
    // Glewlwyd asks whether Muster may know who she is.
    tab.press("Grant access").await.unwrap();
    // It shows nothing when that is saved.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    tab.press("Continue").await.unwrap();
    tab.until("the console is open where she wanted", "location.pathname === '/console/runs'").await.unwrap();
    tab.ready().await.unwrap();
    tab.read("ada").await.unwrap();
    // The strict cookie: a page that she opens by herself knows her still, and no script can read any of the cookies.
    tab.go(&format!("{}/console", muster.base)).await.unwrap();
    tab.ready().await.unwrap();
    tab.read("ada").await.unwrap();
    // (The provider's own, on another port of this machine, is not ours to hide.)
    let cookies = tab.eval::<String>("document.cookie").await.unwrap();
    assert!(!cookies.contains("muster"), "{cookies}");
    assert_eq!(muster.store.user_list().await.unwrap()[0].role, Role::Operator.into());
    assert!(tab.complaints().is_empty(), "{:?}", tab.complaints());

    // An answer that was used already, from the history.
    tab.go(&format!("{}{CALLBACK}?code=x&state=y", muster.base)).await.unwrap();
    tab.read("Not signed in").await.unwrap();
    pictures(&tab, "provider-refused").await;
    tab.press("Back to the sign-in page").await.unwrap();

    provider.stop();
    let other = Chromium::launch().await.unwrap();
    let tab = other.open(&format!("{}/login", muster.base)).await.unwrap();
    tab.ready().await.unwrap();
    // What many share is fresh for five seconds; only then does Muster ask anew.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    tab.click(&id("sign-in-provider")).await.unwrap();
    tab.read("Example ID does not answer").await.unwrap();
    pictures(&tab, "provider-down").await;
    let (email, password) = muster.account(Role::Viewer).await.unwrap();
    tab.fill("input[type=email]", &email).await.unwrap();
    tab.fill("input[type=password]", &password).await.unwrap();
    tab.click(&id("sign-in")).await.unwrap();
    tab.until("the console is open", "location.pathname === '/console'").await.unwrap();
    chromium.close().await.unwrap();
    other.close().await.unwrap();
}
