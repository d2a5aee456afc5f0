//! A real identity provider (Glewlwyd) of the test's own: a database in a scratch directory, a free port, its own login page.
//! Touches nothing of a Glewlwyd that the machine may have. Gone when dropped.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{Client, header};
use serde_json::{Value, json};
use server::auth::oidc::settings::{OidcSettings, Raw};

use crate::{programs::Scratch, testnet::free_port};

/// Its tables and its first administrator, as its package brings them.
const TABLES: &str = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";
const CLIENT_SECRET: &str = "Musters-own-secret-at-the-provider";

pub struct Provider {
    pub base: String,
    api: Client,
    scratch: Scratch,
    child: Child,
}

impl Provider {
    /// With a client for the Muster at this address.
    ///
    /// # Errors
    /// If it is not installed or does not start.
    pub async fn start() -> Result<Self> {
        let scratch = Scratch::new()?;
        let port = free_port()?;
        let base = format!("http://127.0.0.1:{port}");
        let database = scratch.path().join("db");
        let tables = fs::File::open(TABLES).context("glewlwyd is not installed: cargo xtask test installs it")?;
        let made = Command::new("sqlite3").arg(&database).stdin(tables).stdout(Stdio::null()).status()?;
        ensure!(made.success(), "its database could not be made");
        let pages = pages(&scratch)?;
        let config = scratch.file("glewlwyd.conf", configuration(port, &base, &database, &pages))?;
        let log = fs::File::create(scratch.path().join("log"))?;
        let child = Command::new("glewlwyd").arg("-c").arg(config).stdin(Stdio::null()).stdout(log).spawn()?;
        let api = Client::builder().cookie_store(true).build()?;
        let mut provider = Self { base, api, scratch, child };
        let deadline = Instant::now() + Duration::from_secs(20);
        let administrator = json!({"username": "admin", "password": "password"});
        while provider.call("POST", "auth/", Some(&administrator)).await.is_err() {
            let ended = provider.child.try_wait()?;
            ensure!(ended.is_none() && Instant::now() < deadline, "glewlwyd does not answer: {}", provider.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        provider.set_up().await?;
        Ok(provider)
    }

    async fn set_up(&self) -> Result<()> {
        let mut users = self.call("GET", "mod/user/database", None).await?;
        users["parameters"]["data-format"] = json!({"groups": {"multiple": true, "read": true, "write": true, "profile-read": false, "profile-write": false}});
        self.call("PUT", "mod/user/database", Some(&users)).await?;
        self.call("PUT", "mod/user/database/reset", None).await?;
        let key = openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])?;
        let key_file = self.scratch.file("key", &key)?;
        let public = openssl(&["rsa", "-pubout", "-in", &key_file.display().to_string()])?;
        let plugin = json!({
            "module": "oidc", "name": "oidc", "display_name": "OIDC", "enabled": true,
            "parameters": {
                "iss": self.issuer(), "jwt-type": "rsa", "jwt-key-size": "256", "key": key, "cert": public, "jwks-show": true,
                "access-token-duration": 3600, "refresh-token-duration": 3600, "code-duration": 600,
                "refresh-token-rolling": false, "allow-non-oidc": false,
                "auth-type-code-enabled": true, "auth-type-id-token-enabled": true,
                "subject-type": "public", "allowed-scope": ["openid"],
                "claims": [{"name": "groups", "user-property": "groups", "type": "string", "mandatory": true, "on-demand": true, "scope": []}],
                "name-claim": "mandatory", "email-claim": "mandatory", "scope-claim": "no",
                "pkce-allowed": true, "pkce-required": true, "pkce-method-plain-allowed": false, "pkce-scopes": [],
                "scope": [], "additional-parameters": [],
            },
        });
        self.call("POST", "mod/plugin/", Some(&plugin)).await?;
        self.call("PUT", "mod/plugin/oidc/enable", None).await.map(drop)
    }

    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/api/oidc", self.base)
    }

    /// What Muster must be told of it.
    ///
    /// # Errors
    /// If the roles cannot be read.
    pub fn settings(&self, roles: &str) -> Result<OidcSettings> {
        settings(&self.issuer(), roles)
    }

    /// Lets the Muster at this address send people.
    ///
    /// # Errors
    /// If it refuses.
    pub async fn knows(&self, muster: &str) -> Result<()> {
        let client = json!({
            "source": "database", "client_id": "muster", "name": "Muster", "enabled": true, "confidential": true,
            "password": CLIENT_SECRET, "redirect_uri": [format!("{muster}/login/oidc/callback")],
            "authorization_type": ["code"], "scope": [],
            "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"],
        });
        self.call("POST", "client/", Some(&client)).await.map(drop)
    }

    /// A new person, whose password is `password of NAME`.
    ///
    /// # Errors
    /// If it refuses.
    pub async fn person(&self, name: &str, groups: &[&str]) -> Result<()> {
        let person = json!({
            "username": name, "name": name, "email": format!("{name}@idp.invalid"), "password": password(name),
            "enabled": true, "scope": ["openid"], "groups": groups,
        });
        self.call("POST", "user/?source=database", Some(&person)).await.map(drop)
    }

    /// The person is in these groups from now on.
    ///
    /// # Errors
    /// If it refuses.
    pub async fn put_into(&self, name: &str, groups: &[&str]) -> Result<()> {
        let person = json!({
            "username": name, "name": name, "email": format!("{name}@idp.invalid"), "enabled": true, "scope": ["openid"],
            "groups": groups,
        });
        self.call("PUT", &format!("user/{name}?source=database"), Some(&person)).await.map(drop)
    }

    /// What a browser does there: the person signs in, lets Muster know who they are, and is sent back to this address.
    ///
    /// # Errors
    /// If the provider lets nobody go on.
    pub async fn sign_in(&self, name: &str, address: &str) -> Result<String> {
        let none = reqwest::redirect::Policy::none();
        let browser = Client::builder().cookie_store(true).redirect(none).build()?;
        let api = format!("{}/api", self.base);
        let body = json!({"username": name, "password": password(name)});
        browser.post(format!("{api}/auth/")).json(&body).send().await?.error_for_status()?;
        let grant = json!({"scope": "openid"});
        browser.put(format!("{api}/auth/grant/muster")).json(&grant).send().await?.error_for_status()?;
        let answer = browser.get(format!("{address}&g_continue")).send().await?;
        let back = answer.headers().get(header::LOCATION).context("it sends nobody back")?.to_str()?.to_owned();
        ensure!(back.contains("/login/oidc/callback"), "it leads elsewhere: {back}");
        Ok(back)
    }

    /// It is down from now on.
    pub fn stop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let mut request = self.api.request(method.parse()?, format!("{}/api/{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("{method} {path}: {status}: {text}");
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    #[must_use]
    pub fn said(&self) -> String {
        fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }
}

/// # Errors
/// If the roles cannot be read.
pub fn settings(issuer: &str, roles: &str) -> Result<OidcSettings> {
    let some = |text: &str| Some(text.to_owned());
    let raw = Raw {
        issuer: some(issuer),
        client_id: some("muster"),
        client_secret: some(CLIENT_SECRET),
        name: some("Example ID"),
        groups_claim: None,
        roles: some(roles),
    };
    OidcSettings::parse(raw).map_err(anyhow::Error::msg)?.context("there is an issuer")
}

#[must_use]
pub fn password(name: &str) -> String {
    format!("password of {name}")
}

fn openssl(arguments: &[&str]) -> Result<String> {
    let made = Command::new("openssl").args(arguments).output()?;
    ensure!(made.status.success(), "openssl: {}", String::from_utf8_lossy(&made.stderr));
    Ok(String::from_utf8(made.stdout)?)
}

/// Its login page, with the settings that belong to it where the page looks for them.
fn pages(scratch: &Scratch) -> Result<PathBuf> {
    let pages = scratch.path().join("pages");
    let copied = Command::new("cp").args(["-rL", "/usr/share/glewlwyd/webapp"]).arg(&pages).status()?;
    ensure!(copied.success(), "its pages could not be copied");
    let settings = pages.join("config.json");
    if settings.is_dir() {
        fs::remove_dir_all(&settings)?;
    }
    fs::copy("/usr/share/glewlwyd/templates/config.json", &settings)?;
    Ok(pages)
}

fn configuration(port: u16, base: &str, database: &Path, pages: &Path) -> String {
    let (database, pages) = (database.display(), pages.display());
    let mime =
        [("html", "text/html"), ("css", "text/css"), ("js", "application/javascript"), ("json", "application/json")];
    let mime = mime.map(|(end, kind)| format!("{{ extension = \".{end}\"; mime_type = \"{kind}\"; }}")).join(", ");
    format!(
        "port={port}\nbind_address=\"127.0.0.1\"\nexternal_url=\"{base}\"\nlogin_url=\"login.html\"\napi_prefix=\"api\"\n\
         static_files_path=\"{pages}\"\nlog_mode=\"console\"\nlog_level=\"INFO\"\ncookie_secure=0\n\
         session_key=\"GLEWLWYD\"\nadmin_scope=\"g_admin\"\nprofile_scope=\"g_profile\"\nhash_algorithm=\"SHA512\"\n\
         user_module_path=\"/usr/lib/glewlwyd/user\"\nclient_module_path=\"/usr/lib/glewlwyd/client\"\n\
         user_auth_scheme_module_path=\"/usr/lib/glewlwyd/scheme\"\nplugin_module_path=\"/usr/lib/glewlwyd/plugin\"\n\
         database = {{ type = \"sqlite3\"; path = \"{database}\"; }};\nstatic_files_mime_types = ( {mime} )\n"
    )
}

impl Drop for Provider {
    #[expect(clippy::print_stderr, reason = "whoever reads the failed test wants to know")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("glewlwyd said:\n{}", self.said());
        }
        self.stop();
    }
}
