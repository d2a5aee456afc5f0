//! Every kind of public page, looked at by axe-core in a real browser, walked through with the Tab key, and weighed. In both languages,
//! light and dark, wide and narrow.

use std::path::PathBuf;

use serde::Deserialize;
use shared::{
    api::{
        maintenance::{MaintenanceComponentIn, MaintenanceIn},
        status_brand::BrandIn,
    },
    domain::{
        access::Role,
        brand::{Brand, Colour, Language, WebLink, ZoneName},
        text::{Caption, Name, Title},
    },
};
use sqlx::PgPool;
use tests::{
    browser::{Chromium, Tab},
    history,
    muster::Muster,
    persona::{Http, Persona},
    scene::{eventually, message, plan, publish},
    testnet::root,
};

/// Rules of WCAG 2.2 AA and what it stands on. The size of targets axe leaves out unless it is asked.
const RULES: &str = "{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], rules: { 'target-size': { enabled: true } } }";
/// The most that a visitor's first view may weigh, compressed, without a logo.
const LIMIT: usize = 30_000;

#[derive(Deserialize)]
struct Verdict {
    violations: Vec<String>,
    n_passed: usize,
}

/// Through the browser's own door: the page's policy lets no foreign script in, and is not loosened for this.
async fn axe(tab: &Tab) -> Verdict {
    let run = format!(
        "axe.run(document, {RULES}).then(said => ({{ n_passed: said.passes.length, violations: said.violations.map(v =>
           v.id + ' (' + v.help + '): ' + v.nodes.map(n => n.target.join(' ') + ' ' + n.html.slice(0, 120) + ' ' + n.failureSummary).join('; ')) }}))"
    );
    tab.eval(&run).await.unwrap()
}

fn axe_script() -> String {
    let directory = std::env::var_os("MUSTER_TEST_NPM").map_or_else(|| root().join("target/npm"), PathBuf::from);
    let file = directory.join("node_modules/axe-core/axe.min.js");
    std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask test` installs it", file.display()))
}

#[derive(Deserialize)]
struct Step {
    at: i64,
    what: String,
    fault: String,
}

/// What is wrong for somebody who only has the Tab key: each thing to press must get the focus in its order, be seen to have it, and
/// be in the window, uncovered.
async fn walk(tab: &Tab) -> Vec<String> {
    let begin = "(document.activeElement.blur(), getSelection().collapse(document.body, 0), scrollTo(0, 0),
        window.all = [...document.querySelectorAll('a[href], summary, button, input, select, textarea, [tabindex]')].filter(e => e.checkVisibility()),
        window.all.length)";
    // A frame later: only then has the window followed the focus.
    let look = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))).then(() => document.activeElement).then(e => {
        const style = getComputedStyle(e), box = e.getClientRects()[0] ?? e.getBoundingClientRect();
        const light = colour => { const [r, g, b] = colour.match(/[\\d.]+/g).map(c => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
        const [one, other] = [style.outlineColor, getComputedStyle(document.body).backgroundColor].map(light).sort((a, b) => b - a);
        const there = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        const fault = !e.matches(':focus-visible') || style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2 ? 'its focus cannot be seen'
          : (one + .05) / (other + .05) < 3 ? 'its focus is too pale: ' + style.outlineColor
          : box.top < -1 || box.bottom > innerHeight + 1 || box.left < -1 || box.right > innerWidth + 1 ? 'it is outside of the window: ' + [box.left, box.top, box.right, box.bottom]
          : !there || !(e.contains(there) || there.contains(e)) ? 'something lies over it' : '';
        return { at: all.indexOf(e), what: e.outerHTML.slice(0, 100), fault };
      })";
    let n: i64 = tab.eval(begin).await.unwrap();
    assert!(n > 0, "every page leads on");
    let mut faults = vec![];
    for expected in 0..n {
        tab.key("Tab").await.unwrap();
        let step: Step = tab.eval(look).await.unwrap();
        if step.at != expected {
            faults.push(format!("the {expected}th to get the focus is {} ({})", step.what, step.at));
            break;
        }
        if !step.fault.is_empty() {
            faults.push(format!("{}: {}", step.what, step.fault));
        }
    }
    faults
}

struct Visitor {
    tab: Tab,
    axe: String,
    http: Http,
}

impl Visitor {
    async fn open(&self, path: &str) {
        self.tab.go(&format!("{}{path}", self.http.base)).await.unwrap();
        self.tab.page.evaluate(self.axe.as_str()).await.unwrap();
    }

    async fn visit(&self, name: &str, path: &str) {
        let bytes = self.weigh(path).await;
        assert!(bytes <= LIMIT, "{name} weighs {bytes} bytes");
        for (look, width, height, dark) in super::LOOKS.iter().filter(|look| look.1 != 768) {
            self.tab.size(*width, *height).await.unwrap();
            self.tab.dark(*dark).await.unwrap();
            self.open(path).await;
            self.tab.settled().await.unwrap();
            let verdict = axe(&self.tab).await;
            assert!(verdict.n_passed >= 10, "{name} {look}: only {} rules found something", verdict.n_passed);
            assert!(verdict.violations.is_empty(), "{name} {look}: {:#?}", verdict.violations);
            // Once in each colour and in each width.
            if *dark == (*width < 640) {
                let faults = walk(&self.tab).await;
                assert!(faults.is_empty(), "{name} {look}: {faults:#?}");
            }
            self.tab.keep_picture(&format!("accessible-{name}-{look}")).await.unwrap();
        }
        self.tab.keep_print(&format!("accessible-{name}")).await.unwrap();
    }

    /// The page and what it loads.
    async fn weigh(&self, path: &str) -> usize {
        let fetch = async |path: &str| {
            let request = self.http.client.get(format!("{}{path}", self.http.base));
            request.header("accept-encoding", "gzip").send().await.unwrap().bytes().await.unwrap().len()
        };
        let (_, html) = self.http.page(path).await.unwrap();
        let mut sum = fetch(path).await;
        for asset in html.split('"').filter(|part| part.starts_with("/assets/")) {
            sum += fetch(asset).await;
        }
        sum
    }
}

fn brand(language: Language) -> Brand {
    Brand {
        name: Some(Name::parse("Hafen & Söhne").unwrap()),
        about: Some(Caption::parse("Fähren und Kräne im Überseehafen").unwrap()),
        home: Some(WebLink::parse("https://harbour.example").unwrap()),
        support: Some(WebLink::parse("mailto:help@harbour.example").unwrap()),
        accent: Some(Colour::parse("#ff6600").unwrap()),
        zone: ZoneName::parse("Europe/Berlin").unwrap(),
        language,
        logo: None,
    }
}

/// Days with outages, so that there are bars to see.
async fn outages(pool: &PgPool) {
    let since = "UPDATE component_state SET first_seen_at = first_seen_at - interval '70 days'";
    sqlx::query(since).execute(pool).await.unwrap();
    let days = "INSERT INTO component_day (system_id, component, day, degraded_seconds, partial_seconds, major_seconds)
         SELECT system_id, component, (now() - make_interval(days => d))::date, 600 * (d % 3), 1200 * (d % 2), 300 * (d % 5 / 4)
         FROM component_state, generate_series(3, 60, 7) AS d WHERE component LIKE 'validator%'";
    sqlx::query(days).execute(pool).await.unwrap();
}

/// Something that is planned, so that there is a page of it.
async fn announce(muster: &Muster, by: &Persona) {
    let now = muster.store.now().await.unwrap();
    let body = MaintenanceIn {
        title: Title::parse("New disks").unwrap(),
        text: message("Both nodes get **new disks**."),
        components: vec![MaintenanceComponentIn { system: "bt2c".into(), component: "validator1".into() }],
        from_at: now.plus_seconds(3 * 3600),
        to_at: now.plus_seconds(5 * 3600),
        notify: false,
    };
    by.api.plan_maintenance(&body, "announced").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_public_page_passes_axe_is_walked_with_the_tab_key_and_is_light() {
    // Nothing is sent: a mail server that is set is what offers updates to visitors.
    let mail =
        server::outbox::mail::MailSettings::parse("smtp://127.0.0.1:1", Some("status@example.org"), None).unwrap();
    let muster = Muster::start_with(|to| to.mail = Some(mail)).await.unwrap();
    muster.give_plan(&plan().unwrap(), "bt2c").await.unwrap();
    let (operator, approver) =
        tokio::try_join!(muster.persona(Role::Operator), muster.persona(Role::Approver)).unwrap();
    let pool = PgPool::connect(&muster.database.url).await.unwrap();
    // So many that there is a list of months; most of them long ago, as walking takes its time.
    history::fill(&pool, 105).await.unwrap();
    let earlier = "UPDATE incident SET declared_at = declared_at - interval '60 days', acknowledged_at = acknowledged_at - interval '60 days',
         resolved_at = resolved_at - interval '60 days' WHERE number <= 99";
    sqlx::query(earlier).execute(&pool).await.unwrap();
    outages(&pool).await;
    operator.api.draft_report(105).await.unwrap();
    publish(&approver, 105, true).await.unwrap();
    announce(&muster, &operator).await;
    // Another server, which finds it all there.
    let server = muster.another_server().await.unwrap();
    let http = Http::new(&server.base).unwrap();
    let says = async |path: &str, text: &str| {
        eventually(text, async || http.page(path).await.unwrap().1.contains(text)).await.unwrap();
    };
    says("/incidents/105/report", "<h1").await;
    says("/incidents/105", "Old incident 105").await;
    says("/maintenance/1", "New disks").await;
    let (_, html) = http.page("/history").await.unwrap();
    let month = html.split("href=\"/history/").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();

    let chromium = Chromium::launch().await.unwrap();
    let tab = chromium.open("about:blank").await.unwrap();
    let visitor = Visitor { tab, axe: axe_script(), http: http.clone() };
    let pages = [
        ("home", "/".to_owned()),
        ("history", "/history".into()),
        ("month", format!("/history/{month}")),
        ("incident", "/incidents/105".into()),
        ("report", "/incidents/105/report".into()),
        ("nowhere", "/nowhere".into()),
        ("maintenance", "/maintenance/1".into()),
        ("subscribe", "/subscribe".into()),
        ("subscribe-webhook", "/subscribe/webhook".into()),
    ];
    for (name, path) in &pages {
        visitor.visit(name, path).await;
    }
    let branded = |language, base| BrandIn { brand: brand(language), base, picture: None };
    operator.api.save_status_brand(&branded(Language::German, 0)).await.unwrap();
    says("/", "lang=\"de\"").await;
    for (name, path) in pages.iter().filter(|(name, _)| !["history", "subscribe-webhook"].contains(name)) {
        visitor.visit(&format!("german-{name}"), path).await;
    }
    let open = muster.declare(&operator, "validator1").await.unwrap().number;
    let open = format!("/incidents/{open}");
    says("/", &open).await;
    visitor.visit("german-broken", "/").await;
    visitor.visit("german-open", &open).await;
    operator.api.save_status_brand(&branded(Language::English, 1)).await.unwrap();
    says("/", "lang=\"en\"").await;
    visitor.visit("broken", "/").await;
    visitor.visit("open", &open).await;

    // The eyes are open: what is wrong is found.
    visitor.open("/").await;
    let spoil = "(document.documentElement.removeAttribute('lang'), document.querySelector('h1').style.cssText = 'color: #777; background: #888', true)";
    visitor.tab.eval::<bool>(spoil).await.unwrap();
    let found = axe(&visitor.tab).await.violations.join("\n");
    assert!(found.contains("html-has-lang") && found.contains("color-contrast"), "{found}");
    let hide = "(sheet => (sheet.replaceSync(':focus-visible { outline: none }'), document.adoptedStyleSheets.push(sheet)))(new CSSStyleSheet())";
    visitor.tab.eval::<i64>(hide).await.unwrap();
    assert!(walk(&visitor.tab).await.iter().any(|fault| fault.contains("cannot be seen")));
    chromium.close().await.unwrap();
}
