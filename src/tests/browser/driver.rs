//! Drives Chromium over WebDriver by a person's verbs. The driver and the browser end with the value.

use std::time::Duration;

use chromedriver::{Chromium, SetUserVerified, VirtualAuthenticator};
use fantoccini::wd::Capabilities;
use fantoccini::{Client, Locator};
use serde_json::json;

/// How long a page may take to answer a click: a journey that hangs fails, and says where.
const PATIENCE: Duration = Duration::from_secs(120);

/// The kind of browser that a person has.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    pub width: u32,
    pub height: u32,
    pub language: &'static str,
    pub javascript: bool,
    pub dark: bool,
    /// Makes a click, Back and a reload wait until the next page is there. A person does not wait.
    pub waits: bool,
    /// Keeps cookies from a frame of another site.
    pub blocks_third_party_cookies: bool,
}

impl Device {
    pub const DESKTOP: Self = Self {
        width: 1280,
        height: 900,
        language: "en",
        javascript: true,
        dark: false,
        waits: true,
        blocks_third_party_cookies: false,
    };
    pub const PHONE: Self = Self {
        width: 360,
        height: 740,
        language: "fr",
        ..Self::DESKTOP
    };

    /// Returns the two browsers that differ most: with the script in Arabic on a phone, without it in English on a
    /// desktop.
    pub fn scripted_and_plain() -> [Self; 2] {
        let scripted = Self {
            language: "ar",
            ..Self::PHONE
        };
        [scripted, Self::DESKTOP.without_script()]
    }

    /// Returns the other two, on a desktop both.
    pub fn plain_and_scripted() -> [Self; 2] {
        let arabic = Self {
            language: "ar",
            ..Self::DESKTOP
        };
        [arabic.without_script(), Self::DESKTOP]
    }

    pub const fn without_script(self) -> Self {
        Self {
            javascript: false,
            ..self
        }
    }

    /// Returns the name of the folder of its screenshots.
    pub fn label(&self, journey: &str) -> String {
        let script = if self.javascript { "script" } else { "plain" };
        format!("{journey}-{script}-{}", self.language)
    }
}

pub struct Browser {
    pub(super) client: Client,
    /// The processes, which end with it.
    _chromium: Chromium,
    pub(super) profile: tempfile::TempDir,
    label: String,
    shots: std::cell::Cell<u32>,
    /// The number of keys that were pressed.
    pub(super) keys: std::cell::Cell<usize>,
}

impl Browser {
    /// Opens a browser. `label` names the folder of the screenshots.
    pub async fn open(label: &str, device: Device) -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let mut args = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".into(),
            "--disable-gpu".into(),
            "--disable-dev-shm-usage".into(),
            "--disable-quic".into(),
            "--no-first-run".into(),
            "--hide-scrollbars".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-sync".into(),
            format!("--lang={}", device.language),
            format!("--window-size={},{}", device.width, device.height),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        if device.dark {
            args.push("--force-dark-mode".into());
        }
        let mut options = json!({
            "args": args,
            "prefs": {
                "intl.accept_languages": device.language,
                "profile.block_third_party_cookies": device.blocks_third_party_cookies,
                // 0 blocks none, 1 blocks those of other sites.
                "profile.cookie_controls_mode": u8::from(device.blocks_third_party_cookies),
                "download.default_directory": profile.path().join("downloads"),
            },
        });
        let narrow = device.width < 500;
        if narrow && device.javascript {
            // A window cannot be that narrow; emulation can.
            options["mobileEmulation"] = json!({ "deviceMetrics": { "width": device.width, "height": device.height, "pixelRatio": 2.0 } });
        }
        if !device.javascript {
            options["prefs"]["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".into(), options);
        // The servers of tests sign their certificates themselves.
        capabilities.insert("acceptInsecureCerts".into(), json!(true));
        if !device.waits {
            capabilities.insert("pageLoadStrategy".into(), json!("none"));
        }
        let chromium = Chromium::start(capabilities).await;
        let browser = Self {
            client: chromium.client.clone(),
            _chromium: chromium,
            profile,
            label: label.to_owned(),
            shots: std::cell::Cell::new(0),
            keys: std::cell::Cell::new(0),
        };
        if narrow && !device.javascript {
            // Chromedriver's own emulation presses by touch, and waits for ever for a page without a script to answer.
            let metrics = json!({ "width": device.width, "height": device.height, "deviceScaleFactor": 2, "mobile": true });
            browser
                .developer("Emulation.setDeviceMetricsOverride", metrics)
                .await;
        }
        browser
    }

    /// Adds a device that makes passkeys and verifies its owner. Returns its name for `is_recognized`. It answers by itself
    /// where a page lists passkeys in a field, as if the person had chosen one.
    pub async fn gets_a_device(&self) -> String {
        let added = self.client.issue_cmd(VirtualAuthenticator).await;
        let id = added.expect("chromedriver has virtual authenticators");
        id.as_str().expect("an id").to_owned()
    }

    /// Makes the device recognize its owner from now on, or nobody.
    pub async fn is_recognized(&self, authenticator: &str, verified: bool) {
        let authenticator = authenticator.to_owned();
        let command = SetUserVerified {
            authenticator,
            verified,
        };
        self.client
            .issue_cmd(command)
            .await
            .expect("chromedriver has virtual authenticators");
    }

    pub async fn goes_to(&self, url: &str) {
        self.client
            .goto(url)
            .await
            .unwrap_or_else(|e| panic!("{url}: {e}"));
    }

    pub async fn url(&self) -> String {
        self.client
            .current_url()
            .await
            .expect("a page is open")
            .to_string()
    }

    pub async fn text(&self) -> String {
        let body = self.client.find(Locator::Css("body")).await.expect("a body");
        body.text().await.expect("its text")
    }

    /// Waits for an element, for ten seconds; prints the page if it does not come.
    pub async fn sees(&self, css: &str) -> fantoccini::elements::Element {
        match self
            .client
            .wait()
            .at_most(Duration::from_secs(10))
            .for_element(Locator::Css(css))
            .await
        {
            Ok(element) => element,
            Err(_) => panic!("{css} is not on {}:\n{}", self.url().await, self.text().await),
        }
    }

    pub async fn reads(&self, css: &str) -> String {
        loop {
            // The page may go on to the next between finding and reading.
            if let Ok(text) = self.sees(css).await.text().await {
                return text;
            }
        }
    }

    /// Waits until an element has this text: an earlier click takes its time.
    pub async fn comes_to_read(&self, css: &str, expected: &str) {
        for _ in 0..100 {
            if self.reads(css).await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{css} is not {expected} but {}", self.reads(css).await);
    }

    pub async fn fills(&self, name: &str, value: &str) {
        let field = self.sees(&format!("[name='{name}']")).await;
        field.clear().await.expect("can be emptied");
        field
            .send_keys(value)
            .await
            .unwrap_or_else(|e| panic!("{name}: {e}"));
    }

    pub async fn chooses(&self, name: &str, value: &str) {
        let field = self.sees(&format!("select[name='{name}']")).await;
        field
            .select_by_value(value)
            .await
            .unwrap_or_else(|e| panic!("{name}={value}: {e}"));
    }

    pub async fn clicks(&self, css: &str) {
        let element = self.sees(css).await;
        let Ok(outcome) = tokio::time::timeout(PATIENCE, element.click()).await else {
            panic!("{css}: no answer to a click")
        };
        outcome.unwrap_or_else(|e| panic!("{css}: {e}"));
    }

    /// Waits until the address holds `part`.
    pub async fn arrives_at(&self, part: &str) {
        for _ in 0..100 {
            if self.url().await.contains(part) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!(
            "not at {part} but at {}:\n{}",
            self.url().await,
            self.text().await
        );
    }

    /// Keeps a picture of the page, for people to look at; fails if the page is wider than the window.
    pub async fn shows(&self, name: &str) {
        let number = self.shots.get() + 1;
        self.shots.set(number);
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("target/screenshots")
            .join(&self.label);
        std::fs::create_dir_all(&folder).expect("a folder for the pictures");
        let png = self.client.screenshot().await.expect("a picture");
        std::fs::write(folder.join(format!("{number:02}-{name}.png")), png).expect("the picture is kept");
        let wider = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        let wider = self.client.execute(wider, Vec::new()).await.expect("a width");
        assert_eq!(wider, 0, "{} is wider than the window", self.url().await);
    }

    pub async fn closes(self) {
        let _ = self.client.clone().close().await;
    }
}
