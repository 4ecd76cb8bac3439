//! Reads file and environment, section by section, and reports all problems together.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use figment::providers::{Format, Toml};
use figment::value::Dict;
use figment::{Figment, Provider};
use serde::de::DeserializeOwned;

use super::environment::{self, Environment};
use super::issuer::Issuer;
use super::network::ForwardingHeader;
use super::secrets;
use super::settings::Config;

/// The file that is read if none is named.
pub const FILE: &str = "itu-account.toml";
const KEYS: [&str; 21] = [
    "issuer",
    "listen",
    "trusted_proxies",
    "forwarding_headers",
    "tls",
    "mtls",
    "database",
    "redis",
    "mail",
    "keys",
    "authorization",
    "registration",
    "fetch",
    "tokens",
    "accounts",
    "sessions",
    "passwords",
    "policy",
    "limits",
    "site",
    "observability",
];

/// Everything that is wrong with the settings, one line each.
#[derive(Debug)]
pub struct Problems(Vec<String>);

impl Problems {
    pub fn lines(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

impl Config {
    /// Reads the file and the environment. Without `file`, `itu-account.toml` is read if it exists.
    pub fn load(file: Option<&Path>) -> Result<Self, Problems> {
        let path = file.unwrap_or_else(|| Path::new(FILE));
        if file.is_some() && !path.is_file() {
            return Err(Problems(vec![format!(
                "there is no configuration file {}",
                path.display()
            )]));
        }
        let toml = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(_) if file.is_none() && !path.exists() => String::new(),
            Err(error) => return Err(Problems(vec![format!("{}: {error}", path.display())])),
        };
        let config = read(Toml::string(&toml), Environment::read())?;
        // ST-4: only the owner may read a configuration that holds a secret by value. A secret from the environment is
        // treated alike: such a file needs no wider mode either.
        let secret = config.database.holds_secret()
            || config.redis.holds_secret()
            || config.mail.holds_secret()
            || config.observability.holds_secret();
        match secrets::private_file("the configuration holds a password", path)
            .filter(|_| secret && path.is_file())
        {
            Some(problem) => Err(Problems(vec![problem])),
            None => Ok(config),
        }
    }
}

fn read(file: impl Provider, environment: impl Provider) -> Result<Config, Problems> {
    let mut reader = Reader {
        figment: Figment::from(file).merge(environment),
        problems: Vec::new(),
    };
    reader.refuse_unknown();
    let issuer = reader.required("issuer");
    let listen = reader.value("listen", SocketAddr::from(([127, 0, 0, 1], 8080)));
    let mut config = Config {
        // The value is a stand-in, so that the other sections are checked too. The missing issuer is a problem already.
        issuer: issuer
            .unwrap_or_else(|| Issuer::parse("https://unset.invalid").expect("this one is an origin")),
        listen,
        trusted_proxies: reader.value("trusted_proxies", Vec::new()),
        forwarding_headers: reader.value("forwarding_headers", ForwardingHeader::ALL.to_vec()),
        tls: reader.section("tls"),
        mtls: reader.section("mtls"),
        database: reader.section("database"),
        redis: reader.section("redis"),
        mail: reader.section("mail"),
        keys: reader.section("keys"),
        authorization: reader.section("authorization"),
        registration: reader.section("registration"),
        fetch: reader.section("fetch"),
        tokens: reader.section("tokens"),
        accounts: reader.section("accounts"),
        sessions: reader.section("sessions"),
        passwords: reader.section("passwords"),
        policy: reader.section("policy"),
        limits: reader.section("limits"),
        site: reader.section("site"),
        observability: reader.section("observability"),
    };
    let found = [
        config.tls.problems(),
        config.mtls.problems(&config.tls, &config.trusted_proxies),
        config.database.resolve(),
        config.redis.resolve(),
        config.mail.resolve(),
        config.keys.problems(),
        config.authorization.problems(),
        config.fetch.problems(),
        config.tokens.problems(),
        config.accounts.problems(),
        config.policy.problems(),
        config.sessions.problems(),
        config.passwords.problems(),
        config.site.problems(),
        config.observability.resolve(),
    ];
    let problems: Vec<String> = reader
        .problems
        .into_iter()
        .chain(found.into_iter().flatten())
        .collect();
    if problems.is_empty() {
        Ok(config)
    } else {
        Err(Problems(problems))
    }
}

struct Reader {
    figment: Figment,
    problems: Vec<String>,
}

impl Reader {
    fn refuse_unknown(&mut self) {
        match self.figment.extract::<Dict>() {
            Ok(all) => {
                let unknown = all.keys().filter(|it| !KEYS.contains(&it.as_str()));
                self.problems
                    .extend(unknown.map(|it| format!("\"{it}\" is not a setting")));
            }
            Err(errors) => self.problems.extend(errors.into_iter().map(|it| it.to_string())),
        }
    }

    fn section<T: DeserializeOwned + Default>(&mut self, name: &str) -> T {
        self.value(name, T::default())
    }

    fn required<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        if !self.figment.contains(name) {
            self.problems.push(format!("\"{name}\" is missing"));
            return None;
        }
        self.value(name, None)
    }

    fn value<T: DeserializeOwned>(&mut self, name: &str, absent: T) -> T {
        if !self.figment.contains(name) {
            return absent;
        }
        match self.figment.extract_inner(name) {
            Ok(value) => value,
            Err(errors) => {
                self.problems
                    .extend(errors.into_iter().map(|it| describe(name, &it)));
                absent
            }
        }
    }
}

/// Describes a problem by the name of the setting, never by its value, which may be a secret.
fn describe(section: &str, error: &figment::Error) -> String {
    use figment::error::Kind;
    // figment puts the section last.
    let mut path = error.path.clone();
    if let Some(at) = path.iter().rposition(|it| it == section) {
        path[..=at].rotate_right(1);
    }
    let by_variable = error
        .metadata
        .as_ref()
        .is_some_and(|it| it.name.contains("environment"));
    let path = if by_variable {
        environment::variable(&path)
    } else {
        path.join(".")
    };
    match &error.kind {
        Kind::Message(text) => format!("{path}: {text}"),
        Kind::UnknownField(field, known) => {
            format!(
                "\"{path}\" has no setting \"{field}\"; there are: {}",
                known.join(", ")
            )
        }
        Kind::UnknownVariant(value, known) => {
            format!("{path}: \"{value}\" is not one of {}", known.join(", "))
        }
        Kind::InvalidType(_, expected) if expected.contains("sequence") => {
            format!(
                "{path}: expected a list, in the file as [\"one\", \"two\"], in the environment as one,two"
            )
        }
        Kind::InvalidType(_, expected) => format!("{path}: expected {expected}"),
        other => format!("{path}: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use figment::providers::Serialized;
    use serde_json::json;

    use super::*;
    use crate::config::{SAMPLE, Transport};
    use crate::domain::role::Duty;

    fn read_toml(text: &str) -> Result<Config, Problems> {
        read(Toml::string(text), Serialized::defaults(json!({})))
    }

    #[test]
    fn the_sample_is_complete_and_holds_the_defaults() {
        let mut sample = read_toml(SAMPLE).expect("the sample as it is printed");
        let bare = read_toml("issuer = \"https://account.example.org\"").expect("the least");
        // The one exception, which the sample names: whoever begins with it has administrators with a second factor.
        assert_eq!(sample.policy.second_factor, [Duty::Administrator]);
        sample.policy.second_factor.clear();
        assert_eq!(format!("{sample:?}"), format!("{bare:?}"));
        // Every key is in the sample, in use or as a comment.
        let keys: Vec<&str> = SAMPLE
            .lines()
            .filter_map(|line| line.trim_start_matches("# ").split_once(" ="))
            .map(|(key, _)| key.trim())
            .collect();
        for key in [
            "url_file",
            "master_key_file",
            "trusted_networks",
            "certificate",
            "listen",
            "public_url",
            "client_ca",
            "proxy_header",
            "blocklist_file",
            "disposable_domains_file",
            "breach_range_url",
            "documents",
            "otlp_endpoint",
            "otlp_headers_file",
        ] {
            assert!(keys.contains(&key), "{key}");
        }
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let environment = Serialized::defaults(json!({"mail": {"directory": "elsewhere"}}));
        let file = Toml::string("issuer = \"http://localhost:8080\"\n[mail]\ndirectory = \"here\"");
        let config = read(file, environment).expect("valid");
        assert_eq!(config.mail.directory, Path::new("elsewhere"));
    }

    #[test]
    fn all_problems_are_reported_at_once() {
        let problems = read_toml(
            "isuer = \"https://account.example.org\"\n[tokens]\naccess_token = \"2h\"\n[mail]\ntransport = \"smtp\"\n[keys]\ndirectroy = \"x\"",
        )
        .expect_err("four mistakes");
        let text = problems.to_string();
        for part in [
            "\"isuer\" is not a setting",
            "\"issuer\" is missing",
            "[tokens] access_token",
            "[mail]",
            "directroy",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_setting_of_a_wrong_type_is_named_as_it_is_written() {
        for (text, named) in [
            (
                "[tokens]\ndpop_nonces = \"maybe\"",
                "tokens.dpop_nonces: expected a boolean",
            ),
            (
                "trusted_proxies = 7",
                "trusted_proxies: expected a list, in the file as [\"one\", \"two\"]",
            ),
            ("[fetch]\nallow = \"a:1\"", "fetch.allow: expected a list"),
            ("[limits]\nsign_up = [1]", "limits.sign_up.0"),
            ("listen = []", "listen: "),
        ] {
            // A value at the top of the file has its section after it.
            let text = if text.starts_with('[') {
                format!("issuer = \"https://a.example\"\n{text}")
            } else {
                format!("{text}\nissuer = \"https://a.example\"")
            };
            let problems = read_toml(&text).expect_err("a wrong type").to_string();
            assert!(problems.contains(named), "{named} in {problems}");
        }
    }

    #[test]
    fn mail_does_not_leave_without_tls() {
        let with = |url: &str| {
            read_toml(&format!(
                "issuer = \"https://a.example\"\n[mail]\ntransport = \"smtp\"\nurl = \"{url}\""
            ))
        };
        assert!(with("smtp://mail.example.org:25").is_err());
        assert!(with("smtp://127.0.0.1:1025").is_ok());
        let config = with("smtps://user:password@mail.example.org").expect("secured");
        assert_eq!(config.mail.transport, Transport::Smtp);
        assert!(config.mail.holds_secret() && !format!("{config:?}").contains("password@")); // LG-3
    }

    #[test]
    fn no_file_can_ask_for_mail_that_stays() {
        assert!(read_toml("issuer = \"https://a.example\"\n[mail]\ntransport = \"outbox\"").is_err());
    }
}
