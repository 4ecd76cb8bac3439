//! Examines whether the mails of the service will be believed: what the domain of the sender says by SPF, DKIM and DMARC.

use std::net::SocketAddr;

use super::dns::{Dns, Said};
use super::finding::Finding;
use crate::config::{Config, Transport};

pub(super) async fn examine(config: &Config, resolver: Option<SocketAddr>) -> Vec<Finding> {
    match config.mail.transport {
        Transport::Smtp => {}
        Transport::File if !config.issuer.is_loopback() => {
            return vec![Finding::hint(
                "mails are written into files, and reach nobody",
                "Set [mail] transport = \"smtp\" and url",
            )];
        }
        Transport::File | Transport::Outbox => return Vec::new(),
    }
    let Ok(from) = config.mail.from.parse::<lettre::message::Mailbox>() else {
        return Vec::new();
    };
    let domain = from.email.domain();
    if !domain.contains('.') {
        return vec![Finding::hint(
            format!("mails come from an address of {domain}, which is no domain that others know"),
            "Set [mail] from to an address of your own domain",
        )];
    }
    let dns = Dns::new(resolver);
    let (spf, dkim, dmarc) = tokio::join!(spf(&dns, domain), dkim(&dns, domain), dmarc(&dns, domain));
    let mut found = Vec::new();
    let mut silence = None;
    for examined in [spf, dkim, dmarc] {
        match examined {
            Ok(finding) => found.extend(finding),
            Err(why) => silence = Some(why),
        }
    }
    if let Some(why) = silence {
        found.push(Finding::hint(
            format!(
                "not all of SPF, DKIM and DMARC of {domain} was examined, since the DNS did not answer: {why}"
            ),
            "Have this machine reach a DNS server, or name one: itu-account check --resolver ADDRESS",
        ));
    }
    found
}

/// RFC 7208 §4.5: exactly one record begins so.
async fn spf(dns: &Dns, domain: &str) -> Result<Option<Finding>, String> {
    let said = dns.texts(domain).await?;
    let is_record = |it: &&String| it.as_str() == "v=spf1" || it.starts_with("v=spf1 ");
    let records: Vec<&String> = said.texts().iter().filter(is_record).collect();
    Ok(match records.as_slice() {
        [] => Some(Finding::hint(
            format!("{domain} has no SPF record: receivers do not know which servers may send its mail"),
            format!(
                "Add a TXT record to {domain}, such as \"v=spf1 mx -all\", that names the mail server of [mail] url"
            ),
        )),
        [only] => {
            let lets_everybody = only.split_whitespace().any(|it| matches!(it, "+all" | "all"));
            lets_everybody.then(|| {
                Finding::hint(
                    format!(
                        "the SPF record of {domain} lets every server of the world send its mail: {only}"
                    ),
                    "End it with -all or ~all",
                )
            })
        }
        several => Some(Finding::hint(
            format!("{domain} has {} SPF records, which is as none", several.len()),
            "Join them into one",
        )),
    })
}

/// RFC 6376 §3.6.2.1: a key is at SELECTOR._domainkey.DOMAIN. Only the mail server, which signs, knows the selector.
async fn dkim(dns: &Dns, domain: &str) -> Result<Option<Finding>, String> {
    let said = dns.texts(&format!("_domainkey.{domain}")).await?;
    Ok((said == Said::NoSuchName).then(|| {
        Finding::hint(
            format!("{domain} publishes no DKIM key: there is nothing at or below _domainkey.{domain}"),
            "Have the mail server sign by DKIM, List-Unsubscribe and List-Unsubscribe-Post included, and publish its key",
        )
    }))
}

/// RFC 7489 §6.6.3: the record is at _dmarc of the domain, or of one that it belongs to.
async fn dmarc(dns: &Dns, domain: &str) -> Result<Option<Finding>, String> {
    let mut above = Some(domain);
    while let Some(name) = above.filter(|it| it.contains('.')) {
        let said = dns.texts(&format!("_dmarc.{name}")).await?;
        if said.texts().iter().any(|it| it.starts_with("v=DMARC1")) {
            return Ok(None);
        }
        above = name.split_once('.').map(|(_, rest)| rest);
    }
    Ok(Some(Finding::hint(
        format!("{domain} has no DMARC record: whoever forges its mail is not refused"),
        format!(
            "Add a TXT record to _dmarc.{domain}, such as \"v=DMARC1; p=none; rua=mailto:…\", and tighten p later"
        ),
    )))
}
