//! The built program as a process of its own: `itu-account demo` on free ports and fresh data, and its commands.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use itu_account::config::Config;

/// A running demo, which ends with the value.
pub struct Demo {
    process: Child,
    pub url: String,
    pub events: String,
    pub bookshop: String,
    pub lists: String,
    pub password: String,
    data: tempfile::TempDir,
    database: Option<String>,
}

/// Returns the program, which Cargo builds before the tests.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_itu-account"))
}

/// The command line of the program, on the database and keys of a configuration.
pub struct CommandLine {
    settings: tempfile::NamedTempFile,
}

impl CommandLine {
    /// Returns it with more tables of settings, as they are written in the file.
    pub fn of(config: &Config, more: &str) -> Self {
        let mut settings = tempfile::NamedTempFile::new().expect("a file");
        write!(
            settings,
            "issuer = \"http://localhost:8080\"\n[database]\nurl = \"{}\"\n[keys]\ndirectory = \"{}\"\n{more}",
            config.database.url(),
            config.keys.directory.display()
        )
        .expect("written");
        Self { settings }
    }

    /// Types a command, and returns when it has ended.
    pub fn types(&self, words: &[&str]) -> Output {
        let mut command = Command::new(program());
        command.arg("--config").arg(self.settings.path()).args(words);
        command.output().expect("it runs")
    }
}

impl Demo {
    pub fn starts() -> Self {
        Self::starts_on(None)
    }

    /// Starts on an empty database, in place of a file of its own.
    pub fn starts_on(database: Option<String>) -> Self {
        // The HTTP clients of the tests require a provider; none of them meets TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = tempfile::tempdir().expect("a folder");
        let (process, said) = launch(data.path(), database.as_deref());
        let line = |key: &str| {
            said.get(key)
                .cloned()
                .unwrap_or_else(|| panic!("the demo does not say {key}"))
        };
        let text = |key: &str| line(key).as_str().expect("text").to_owned();
        Self {
            process,
            url: text("url"),
            events: text("events"),
            bookshop: text("bookshop"),
            lists: text("mailing_lists"),
            password: text("password"),
            data,
            database,
        }
    }

    /// Ends the program without warning and starts it again on the same data and ports.
    pub fn is_killed_and_restarts(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
        let (process, said) = launch(self.data.path(), self.database.as_deref());
        assert_eq!(said["url"], self.url.as_str());
        self.process = process;
    }
}

fn launch(data: &Path, database: Option<&str>) -> (Child, serde_json::Map<String, serde_json::Value>) {
    let mut process = Command::new(program())
        .args(["--format", "json", "demo", "--free-ports", "--data"])
        .arg(data)
        .args(database.map(|url| ["--database", url]).into_iter().flatten())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let output = process.stdout.take().expect("piped");
    let mut lines = BufReader::new(output).lines();
    // The first line of JSON comes when everything listens.
    let said = loop {
        let line = lines
            .next()
            .expect("the demo ends before it listens")
            .expect("text");
        if let Ok(serde_json::Value::Object(said)) = serde_json::from_str(&line) {
            break said;
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    (process, said)
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
