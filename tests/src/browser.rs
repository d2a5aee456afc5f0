//! A real Chromium, one process and profile for each person. Finds things as a person would: by what can be seen or is named.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use chromiumoxide::{
    browser::{Browser, BrowserConfig},
    cdp::{
        browser_protocol::{
            emulation::{
                MediaFeature, SetDeviceMetricsOverrideParams, SetEmulatedMediaParams, SetScriptExecutionDisabledParams,
                SetTimezoneOverrideParams,
            },
            input::{DispatchKeyEventParams, DispatchKeyEventType},
            page::{CaptureScreenshotFormat, PrintToPdfParams},
        },
        js_protocol::runtime::{EventConsoleApiCalled, EventExceptionThrown},
    },
    error::CdpError,
    page::{Page, ScreenshotParams},
};
use futures::StreamExt as _;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::netlink;

/// How long anything may take to appear.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Chromium {
    browser: Browser,
    events: JoinHandle<()>,
    profile: PathBuf,
}

impl Chromium {
    /// # Errors
    /// If Chromium is missing or does not start.
    pub async fn launch() -> Result<Self> {
        netlink::refuse()?;
        let profile = std::env::temp_dir().join(format!("muster-browser-{}", Uuid::new_v4().simple()));
        let program = std::env::var_os("CHROMIUM").map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
        let config = BrowserConfig::builder()
            .chrome_executable(program)
            .user_data_dir(&profile)
            .no_sandbox()
            .window_size(1440, 900)
            .viewport(None)
            .args([
                "disable-gpu",
                "disable-quic",
                "no-first-run",
                "disable-background-networking",
                "disable-component-update",
                "disable-sync",
            ])
            .build()
            .map_err(anyhow::Error::msg)?;
        let (browser, mut handler) = Browser::launch(config).await.context("Chromium did not start")?;
        let events = tokio::spawn(async move { while handler.next().await.is_some() {} });
        Ok(Self { browser, events, profile })
    }

    /// # Errors
    /// If the tab cannot be opened.
    pub async fn open(&self, url: &str) -> Result<Tab> {
        let page = self.browser.new_page("about:blank").await?;
        let complaints = std::sync::Arc::new(std::sync::Mutex::new(vec![]));
        let mut thrown = page.event_listener::<EventExceptionThrown>().await?;
        let mut logged = page.event_listener::<EventConsoleApiCalled>().await?;
        let (a, b) = (complaints.clone(), complaints.clone());
        tokio::spawn(async move {
            while let Some(event) = thrown.next().await {
                note(&a, format!("{:?}", event.exception_details));
            }
        });
        tokio::spawn(async move {
            while let Some(event) = logged.next().await {
                if format!("{:?}", event.r#type) == "Error" {
                    note(&b, format!("{:?}", event.args));
                }
            }
        });
        let tab = Tab { page, complaints };
        tab.go(url).await?;
        Ok(tab)
    }

    /// # Errors
    /// If it does not end.
    pub async fn close(mut self) -> Result<()> {
        self.browser.close().await?;
        self.browser.wait().await?;
        self.events.abort();
        let _ = std::fs::remove_dir_all(&self.profile);
        Ok(())
    }
}

fn note(list: &std::sync::Mutex<Vec<String>>, what: String) {
    if let Ok(mut list) = list.lock() {
        list.push(what);
    }
}

pub struct Tab {
    pub page: Page,
    complaints: std::sync::Arc<std::sync::Mutex<Vec<String>>>,
}

const COVERED: &str = "(() => {
    const above = (e, is) => e && (is(e) || above(e.parentElement, is));
    const sticks = (e) => ['fixed', 'sticky'].includes(getComputedStyle(e).position);
    const root = document.querySelector('dialog[open]') || document;
    return [...root.querySelectorAll('button, a[href], summary, select, textarea, input')].filter((e) => {
        const box = e.getClientRects()[0];
        if (!box || box.width < 2 || e.disabled || !e.checkVisibility({ visibilityProperty: true })) return false;
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        const hit = document.elementFromPoint(x, y);
        if (!hit || e.contains(hit) || hit.contains(e) || above(hit, sticks)) return false;
        const named = [...(e.labels || [])].some((label) => label.contains(hit));
        const hidden = above(e.parentElement, (around) => {
            const its = around.getBoundingClientRect();
            const clips = getComputedStyle(around).overflow !== 'visible';
            return clips && (x < its.left || x > its.right || y < its.top || y > its.bottom);
        });
        return !named && !hidden;
    }).map((e) => `${e.outerHTML.slice(0, 120)} ${e.innerText}`);
})()";

fn answers(end: &str) -> String {
    format!("performance.getEntriesByType('resource').filter((e) => e.name.endsWith({end:?})).length")
}

/// The element with this test id.
#[must_use]
pub fn id(name: &str) -> String {
    format!("[data-testid=\"{name}\"]")
}

impl Tab {
    /// # Errors
    /// If the page does not load.
    pub async fn go(&self, url: &str) -> Result<()> {
        self.page.goto(url).await.with_context(|| format!("cannot open {url}"))?;
        Ok(())
    }

    /// Waits until the console runs: clicks before that would be lost.
    ///
    /// # Errors
    /// If it does not start.
    pub async fn ready(&self) -> Result<()> {
        self.until("the console runs", "document.documentElement.dataset.ready === 'true'").await
    }

    /// Waits until a JavaScript expression is true.
    ///
    /// # Errors
    /// If it does not become true; shows what the page says instead.
    pub async fn until(&self, what: &str, expression: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // While a page is being replaced there is nothing to evaluate in; that is not the answer yet.
            let holds = self.page.evaluate(format!("Boolean({expression})")).await;
            if let Ok(value) = holds
                && value.into_value::<bool>().unwrap_or(false)
            {
                return Ok(());
            }
            if Instant::now() > deadline {
                let text =
                    self.eval::<String>("location.href + '\\n' + document.body.innerText").await.unwrap_or_default();
                bail!("waited in vain until {what}. The page says:\n{text}\nComplaints: {:?}", self.complaints());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// # Errors
    /// If the script throws or gives another type.
    pub async fn eval<T: serde::de::DeserializeOwned>(&self, script: &str) -> Result<T> {
        Ok(self.page.evaluate(script).await?.into_value()?)
    }

    /// Waits until an element is there, visible and not disabled.
    ///
    /// # Errors
    /// If it does not appear.
    pub async fn see(&self, selector: &str) -> Result<()> {
        let script =
            format!("(e => e && e.getClientRects().length && !e.disabled)(document.querySelector({selector:?}))");
        self.until(&format!("{selector} can be used"), &script).await
    }

    /// Waits until the page shows this text.
    ///
    /// # Errors
    /// If it does not appear.
    pub async fn read(&self, text: &str) -> Result<()> {
        self.until(&format!("it reads {text:?}"), &format!("document.body.innerText.includes({text:?})")).await
    }

    /// # Errors
    /// If it cannot be clicked.
    pub async fn click(&self, selector: &str) -> Result<()> {
        let find = format!(
            "(e => e && e.getClientRects().length && !e.disabled ? e : null)(document.querySelector({selector:?}))"
        );
        self.click_found(&format!("{selector} can be used"), &find).await
    }

    /// Clicks the button or link that carries exactly these words.
    ///
    /// # Errors
    /// If there is none.
    pub async fn press(&self, words: &str) -> Result<()> {
        let find = format!(
            "[...document.querySelectorAll('button, a, [role=button], summary')]\
             .find(e => e.innerText.trim() === {words:?} && e.getClientRects().length && !e.disabled)"
        );
        self.click_found(&format!("there is a button {words:?}"), &find).await
    }

    /// Clicks the choice (checkbox, radio) whose label begins with these words.
    ///
    /// # Errors
    /// If there is none.
    pub async fn choose(&self, words: &str) -> Result<()> {
        let find = format!(
            "[...document.querySelectorAll('label')].find(e => e.innerText.trim().startsWith({words:?}) && e.getClientRects().length)"
        );
        self.click_found(&format!("there is a choice {words:?}"), &find).await
    }

    /// Clicks what an expression finds. What was drawn anew between the look and the click is looked for again, as a person would.
    async fn click_found(&self, what: &str, find: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.until(what, &format!("(e => (e?.setAttribute('data-press', '1'), e))({find})")).await?;
            let clicked = self.click_marked().await;
            let _ =
                self.page.evaluate("document.querySelector(\"[data-press='1']\")?.removeAttribute('data-press')").await;
            match clicked {
                Err(CdpError::Chrome(_) | CdpError::ScrollingFailed(_)) if Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                clicked => return clicked.with_context(|| format!("cannot click, though {what}")),
            }
        }
    }

    async fn click_marked(&self) -> Result<(), CdpError> {
        self.page.find_element("[data-press='1']").await?.click().await?;
        Ok(())
    }

    /// Picks an option of a select field by its value.
    ///
    /// # Errors
    /// If there is no such field.
    pub async fn choose_option(&self, selector: &str, value: &str) -> Result<()> {
        self.see(selector).await?;
        let change = "dispatchEvent(new Event('change', {bubbles: true}))";
        let script = format!("{{ const s = document.querySelector({selector:?}); s.value = {value:?}; s.{change} }}");
        self.page.evaluate(script).await?;
        Ok(())
    }

    /// Replaces the text of a field by typing.
    ///
    /// # Errors
    /// If there is no such field.
    pub async fn fill(&self, selector: &str, text: &str) -> Result<()> {
        self.click(selector).await?;
        self.page.evaluate(format!("document.querySelector({selector:?}).select()")).await?;
        self.page.execute(chromiumoxide::cdp::browser_protocol::input::InsertTextParams::new(text)).await?;
        Ok(())
    }

    /// Presses a key by its name (`Tab`, `Enter`): whatever has the focus gets it.
    ///
    /// # Errors
    /// If the browser knows no such key.
    pub async fn key(&self, name: &str) -> Result<()> {
        self.page.find_element("body").await?.press_key(name).await?;
        Ok(())
    }

    /// Presses a letter while Ctrl is held.
    ///
    /// # Errors
    /// If the browser does not obey.
    pub async fn control(&self, letter: char) -> Result<()> {
        for kind in [DispatchKeyEventType::RawKeyDown, DispatchKeyEventType::KeyUp] {
            let key = DispatchKeyEventParams::builder()
                .r#type(kind)
                .modifiers(2)
                .key(letter.to_string())
                .code(format!("Key{}", letter.to_ascii_uppercase()))
                .windows_virtual_key_code(i64::from(u32::from(letter.to_ascii_uppercase())));
            self.page.execute(key.build().map_err(anyhow::Error::msg)?).await?;
        }
        Ok(())
    }

    /// Types into whatever has the focus.
    ///
    /// # Errors
    /// If the browser does not obey.
    pub async fn type_text(&self, text: &str) -> Result<()> {
        self.page.execute(chromiumoxide::cdp::browser_protocol::input::InsertTextParams::new(text)).await?;
        Ok(())
    }

    /// Presses Tab until this element has the focus, as somebody without a mouse does.
    ///
    /// # Errors
    /// If it cannot be reached within a hundred steps.
    pub async fn tab_to(&self, selector: &str) -> Result<()> {
        self.see(selector).await?;
        for _ in 0..100 {
            if self.eval::<bool>(&format!("document.activeElement?.matches({selector:?}) === true")).await? {
                return Ok(());
            }
            self.key("Tab").await?;
        }
        bail!("{selector} cannot be reached with the Tab key")
    }

    /// # Errors
    /// If there is no such element.
    pub async fn text(&self, selector: &str) -> Result<String> {
        self.eval(&format!("document.querySelector({selector:?}).innerText")).await
    }

    /// # Errors
    /// If the browser does not obey.
    pub async fn size(&self, width: i64, height: i64) -> Result<()> {
        self.page.execute(SetDeviceMetricsOverrideParams::new(width, height, 1.0, width < 640)).await?;
        Ok(())
    }

    /// What can be pressed by its looks and cannot with a mouse, because something else lies above it. What sticks to the window's
    /// edge covers nothing for good.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn covered(&self) -> Result<Vec<String>> {
        self.eval(COVERED).await
    }

    /// How often this page has had an answer from an address that ends so.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn answers(&self, end: &str) -> Result<usize> {
        self.eval(&answers(end)).await
    }

    /// Waits until something has been fetched again, and is drawn.
    ///
    /// # Errors
    /// If it is not fetched.
    pub async fn fetched_again(&self, end: &str, before: usize) -> Result<()> {
        self.until(&format!("{end} is fetched again"), &format!("{} > {before}", answers(end))).await?;
        self.eval::<bool>("new Promise((done) => setTimeout(() => requestAnimationFrame(() => done(true)), 100))")
            .await?;
        self.settled().await
    }

    /// Waits until nothing moves or changes its colour any more.
    ///
    /// # Errors
    /// If something moves for ever.
    pub async fn settled(&self) -> Result<()> {
        self.until("nothing moves", "document.getAnimations().every(a => a.playState !== 'running')").await
    }

    /// # Errors
    /// If the browser does not obey.
    pub async fn dark(&self, dark: bool) -> Result<()> {
        let value = if dark { "dark" } else { "light" };
        let feature = MediaFeature::new("prefers-color-scheme", value);
        self.page.execute(SetEmulatedMediaParams::builder().feature(feature).build()).await?;
        Ok(())
    }

    /// Cuts the line, or mends it.
    ///
    /// # Errors
    /// If the browser does not obey.
    #[expect(deprecated, reason = "what replaces it, Chromium of Debian does not know yet")]
    pub async fn offline(&self, offline: bool) -> Result<()> {
        use chromiumoxide::cdp::browser_protocol::network::EmulateNetworkConditionsParams;
        let conditions = EmulateNetworkConditionsParams::builder()
            .offline(offline)
            .latency(0.0)
            .download_throughput(-1.0)
            .upload_throughput(-1.0);
        self.page.execute(conditions.build().map_err(anyhow::Error::msg)?).await?;
        Ok(())
    }

    /// Where the browser's clock hangs: `Asia/Kathmandu`.
    ///
    /// # Errors
    /// If the browser knows no such zone.
    pub async fn zone(&self, name: &str) -> Result<()> {
        self.page.execute(SetTimezoneOverrideParams::new(name)).await?;
        Ok(())
    }

    /// # Errors
    /// If the browser does not obey.
    pub async fn without_javascript(&self) -> Result<()> {
        self.page.execute(SetScriptExecutionDisabledParams::new(true)).await?;
        Ok(())
    }

    /// # Errors
    /// If the picture cannot be taken or written.
    pub async fn picture(&self, file: &Path, whole: bool) -> Result<()> {
        let parameters = ScreenshotParams::builder().format(CaptureScreenshotFormat::Png).full_page(whole).build();
        self.page.save_screenshot(parameters, file).await?;
        Ok(())
    }

    /// A picture for the README or for looking at, if somebody asked for pictures (`MUSTER_PICTURES` names the directory).
    ///
    /// # Errors
    /// If the picture cannot be taken or written.
    pub async fn keep_picture(&self, name: &str) -> Result<()> {
        let Some(dir) = std::env::var_os("MUSTER_PICTURES") else { return Ok(()) };
        std::fs::create_dir_all(&dir)?;
        self.picture(&PathBuf::from(dir).join(format!("{name}.png")), false).await
    }

    /// The page as it is printed, if somebody asked for pictures.
    ///
    /// # Errors
    /// If it cannot be printed or written.
    pub async fn keep_print(&self, name: &str) -> Result<()> {
        let Some(dir) = std::env::var_os("MUSTER_PICTURES") else { return Ok(()) };
        std::fs::create_dir_all(&dir)?;
        self.page.save_pdf(PrintToPdfParams::default(), PathBuf::from(dir).join(format!("{name}.pdf"))).await?;
        Ok(())
    }

    /// The page as it is printed on paper of this size in inches.
    ///
    /// # Errors
    /// If it cannot be printed.
    pub async fn print(&self, width: f64, height: f64) -> Result<Vec<u8>> {
        let paper = PrintToPdfParams::builder().paper_width(width).paper_height(height).build();
        Ok(self.page.pdf(paper).await?)
    }

    /// Exceptions and console errors so far.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().map(|list| list.clone()).unwrap_or_default()
    }
}
