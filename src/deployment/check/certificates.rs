//! Examines the certificates in files: those that this process presents, and the authorities that it trusts.

use std::path::Path;

use chrono::TimeDelta;

use super::finding::Finding;
use crate::certificates::{Validity, validity};
use crate::config::Config;
use crate::domain::Time;

/// The time in which a certificate is renewed without haste. Those of 90 days are renewed 30 days before the end.
pub(super) const SOON: TimeDelta = TimeDelta::days(14);

pub(super) fn examine(config: &Config, now: Time) -> Vec<Finding> {
    let ours = config.tls.files().map(|(certificate, _)| certificate);
    let presented = ours.into_iter().flat_map(|it| {
        let all = validity::of_pem(it);
        all.into_iter()
            .filter_map(move |one| judge("[tls] certificate", it, &one, now, Finding::problem))
    });
    // Of a bundle, one that has expired is of no use, and does no harm.
    let trusted = [
        ("[mtls] client_ca", config.mtls.client_ca.as_deref()),
        ("[fetch] extra_ca", config.fetch.extra_ca.as_deref()),
    ];
    let trusted = trusted.into_iter().flat_map(|(setting, path)| {
        path.into_iter().flat_map(move |path| {
            let all = validity::of_pem(path);
            all.into_iter()
                .filter_map(move |one| judge(setting, path, &one, now, Finding::hint))
        })
    });
    presented.chain(trusted).collect()
}

fn judge(
    setting: &str,
    path: &Path,
    one: &Validity,
    now: Time,
    expired: fn(String, &'static str) -> Finding,
) -> Option<Finding> {
    let named = format!("{setting} {}: the certificate of {}", path.display(), one.subject);
    let until = one.not_after.format("%F %R UTC");
    if one.not_after < now {
        Some(expired(
            format!("{named} expired on {until}"),
            "Renew it, and restart serve, which reads it at the start",
        ))
    } else if one.not_before > now {
        let from = one.not_before.format("%F %R UTC");
        Some(expired(
            format!("{named} is not valid before {from}"),
            "Look at the clock of this machine, or put back the certificate before it",
        ))
    } else if one.not_after - now < SOON {
        Some(Finding::hint(
            format!("{named} expires on {until}"),
            "Renew it, and restart serve, which reads it at the start",
        ))
    } else {
        None
    }
}
