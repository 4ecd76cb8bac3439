//! `check`: reads the configuration, connects to database, Redis and SMTP, examines what the deployment stands on, and prints
//! what is wrong and what would mend it. It writes nothing.

use std::net::{IpAddr, SocketAddr};

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::console::Console;
use super::unsafe_settings::unsafe_settings;
use crate::accounts::foreign_hash;
use crate::app::App;
use crate::config::Config;
use crate::deployment::check::{Finding, Severity, examine};
use crate::http::server;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The DNS server that is asked about the sender's domain, as an address with or without a port [default: the system's]
    #[arg(long, value_name = "ADDRESS", value_parser = dns_server)]
    resolver: Option<SocketAddr>,
}

fn dns_server(text: &str) -> Result<SocketAddr, String> {
    let alone = text.parse().map(|it: IpAddr| SocketAddr::new(it, 53));
    alone
        .or_else(|_| text.parse())
        .map_err(|_| format!("\"{text}\" is no address, such as 192.0.2.1 or [2001:db8::1]:53"))
}

pub(super) async fn run(console: &Console, arguments: &Arguments) -> anyhow::Result<()> {
    let config = console.config()?;
    let mut problems = unsafe_settings(&config);
    if let Some((certificate, key)) = config.tls.files() {
        problems.extend(server::tls(certificate, key).err().map(|it| it.to_string()));
    }
    let settings = console.settings_file();
    let (found, findings) = tokio::join!(
        App::problems(&config),
        examine(&config, &settings, arguments.resolver)
    );
    problems.extend(found);
    if problems.is_empty() {
        problems.extend(unverifiable_passwords(&config).await?);
    }
    for problem in &problems {
        console.print(&json!({ "problem": problem }), format_args!("problem: {problem}"));
    }
    let (grave, hints): (Vec<Finding>, Vec<Finding>) = findings
        .into_iter()
        .partition(|it| it.severity == Severity::Problem);
    for (kind, finding) in grave
        .iter()
        .map(|it| ("problem", it))
        .chain(hints.iter().map(|it| ("hint", it)))
    {
        let Finding { what, mend, .. } = finding;
        console.print(
            &json!({ kind: what, "mend": mend }),
            format_args!("{kind}: {what}\n  {mend}"),
        );
    }
    match problems.len() + grave.len() {
        0 => console.print(
            &json!({ "problems": 0, "hints": hints.len() }),
            match hints.len() {
                0 => "everything is in order",
                _ => "no problem",
            },
        ),
        1 => bail!("one problem"),
        many => bail!("{many} problems"),
    }
    Ok(())
}

/// Names the people to whom every password is wrong.
async fn unverifiable_passwords(config: &Config) -> anyhow::Result<Option<String>> {
    let Some(stored) = App::look_at_passwords(config).await? else {
        return Ok(None);
    };
    let found = foreign_hash::find_unverifiable(&stored).await?;
    Ok(found.map(|it| {
        format!(
            "the stored password hashes of {} accounts (account {} is the first) cannot be verified: is [keys] \
             master_key_file the key that they were made with? Otherwise these people need a new password",
            it.accounts, it.first
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dns_server_is_an_address() {
        for (text, read) in [
            ("192.0.2.1", "192.0.2.1:53"),
            ("192.0.2.1:5353", "192.0.2.1:5353"),
            ("2001:db8::1", "[2001:db8::1]:53"),
            ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
        ] {
            assert_eq!(dns_server(text).map(|it| it.to_string()).as_deref(), Ok(read));
        }
        assert!(dns_server("dns.example").is_err());
    }
}
