//! Settings that are each well-formed and together unsafe. `serve` refuses to start on one, `check` lists them all.

use crate::config::Config;

/// Returns a line for each combination of settings that leaves people in the open, and says how to correct it.
pub(super) fn unsafe_settings(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    let tls_here = config.tls.files().is_some();
    let only_loopback = config.listen.ip().is_loopback();
    if !config.issuer.is_https() && !only_loopback {
        // TL-1
        problems.push(format!(
            "listen = \"{}\": an issuer without TLS is served on loopback only; \
             listen on 127.0.0.1, or set an https issuer with [tls] or a proxy",
            config.listen
        ));
    }
    if !config.issuer.is_https() && tls_here {
        problems.push("[tls] is set, but the issuer begins with http://; write it with https://".into());
    }
    if config.issuer.is_https() && !tls_here && config.trusted_proxies.is_empty() {
        // TL-2: behind an unlisted proxy all people are one network to every limit.
        problems.push(
            "the issuer is https and [tls] is not set, so a proxy stands in front: \
             name its addresses in trusted_proxies, or set [tls] certificate and key"
                .into(),
        );
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Issuer;

    #[test]
    fn what_leaves_people_in_the_open_is_refused() {
        let problems = |issuer: &str, listen: &str| {
            let issuer = Issuer::parse(issuer).unwrap();
            let config = Config::local(issuer, listen.parse().unwrap(), std::path::Path::new("data"));
            unsafe_settings(&config).len()
        };
        assert_eq!(problems("http://localhost:8080", "127.0.0.1:8080"), 0);
        assert_eq!(problems("http://localhost:8080", "0.0.0.0:8080"), 1); // TL-1
        assert_eq!(problems("https://id.example.org", "0.0.0.0:443"), 1); // TL-2
    }
}
