//! A client of FAPI, as the settings name it: its registration, its keys, its certificate.

use super::{Constraint, FapiVariant, Key};
use crate::config;
use crate::http::Http;
use crate::provider::Provider;
use crate::report::{Step, Stop};
use crate::run::Run;
use anyhow::Context;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Clone)]
pub struct Actor {
    pub id: String,
    pub redirect_uri: String,
    /// Signs assertions and request objects.
    pub key: Key,
    /// Signs DPoP proofs.
    pub proofs: Key,
    /// Presents its certificate, if it has one.
    pub http: Http,
}

impl Actor {
    /// Returns the two clients of a variant.
    pub fn two(run: &mut Run, fapi: &FapiVariant) -> Step<(Self, Self)> {
        let config = run.config.clone();
        let skip = |reason: String| Stop::Skipped(reason);
        let settings = config.fapi.as_ref();
        let settings = settings.ok_or_else(|| skip("the settings name no [fapi]".into()))?;
        let name = short(fapi);
        let (list, named) = clients_of(&config, settings, fapi);
        let ids = list
            .and_then(|it| it.get(&name))
            .ok_or_else(|| skip(format!("[{named}] names no clients for {name:?}")))?;
        let certificates = settings.certificates.as_ref();
        let paths = certificates.map_or((None, None), |it| (Some(&it.first), Some(&it.second)));
        let make = |id: &String, which: &config::FapiActor, path: Option<&PathBuf>| -> Step<Self> {
            let http = match (path, fapi.presents_certificates()) {
                (_, false) => run.http.clone(),
                (Some(path), true) => run.http.with_certificate(path)?,
                (None, true) => return Err(skip("the settings name no [fapi.certificates]".into())),
            };
            Ok(Self {
                id: id.clone(),
                redirect_uri: which.redirect_uri.clone(),
                key: Key::read(&which.key)?,
                proofs: Key::generate()?,
                http,
            })
        };
        let first = make(&ids[0], &settings.first, paths.0)?;
        let second = make(&ids[1], &settings.second, paths.1)?;
        for actor in [&first, &second] {
            let url = url::Url::parse(&actor.redirect_uri).context("a redirect_uri of [fapi]")?;
            run.browser.add_client_address(&url);
        }
        Ok((first, second))
    }
}

type Clients = BTreeMap<String, [String; 2]>;

fn clients_of<'a>(
    config: &'a config::Config,
    settings: &'a config::Fapi,
    fapi: &FapiVariant,
) -> (Option<&'a Clients>, &'static str) {
    match (fapi.is_ciba(), fapi.client_credentials, fapi.signed) {
        (true, ..) => (config.ciba.as_ref().map(|it| &it.clients), "ciba.clients"),
        (_, true, _) => (Some(&settings.machines), "fapi.machines"),
        (.., true) => (Some(&settings.signing_clients), "fapi.signing_clients"),
        _ => (Some(&settings.clients), "fapi.clients"),
    }
}

/// Returns the first two words of the variant's name, by which the settings name its clients.
fn short(fapi: &FapiVariant) -> String {
    let words: Vec<&str> = fapi.name.split(' ').take(2).collect();
    words.join(" ")
}

/// Returns an endpoint. RFC 8705 §5: a client that presents a certificate uses the alias for it.
pub fn endpoint(provider: &Provider, fapi: &FapiVariant, name: &str) -> Option<String> {
    let of_userinfo = name == "userinfo_endpoint" && fapi.constraint == Constraint::Dpop;
    let alias = provider.metadata["mtls_endpoint_aliases"][name].as_str();
    let alias = alias.filter(|_| fapi.presents_certificates() && !of_userinfo);
    alias.or(provider.endpoint(name)).map(str::to_owned)
}
