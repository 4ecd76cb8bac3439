//! Takes the metadata of a client as options of the command line, and edits its JSON document by them.

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Map, Value, json};

use super::input::read_text;
use crate::domain::client::{Definition, GrantType};
use crate::domain::scope;

#[derive(Debug, Default, Args)]
pub struct Members {
    /// A JSON object of further members; `-` is standard input, null takes a member back to its default
    #[arg(long, value_name = "FILE")]
    metadata: Option<String>,
    #[arg(long)]
    name: Option<String>,
    /// Repeat it for each address; in an update they replace the registered ones
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// Where people may go after a logout; repeat it for each address
    #[arg(long, value_name = "URI")]
    post_logout_redirect_uri: Vec<String>,
    /// Where its browser sessions end (Front-Channel Logout)
    #[arg(long, value_name = "URI")]
    frontchannel_logout_uri: Option<String>,
    /// Where it hears of a logout (Back-Channel Logout)
    #[arg(long, value_name = "URI")]
    backchannel_logout_uri: Option<String>,
    /// The service's own page
    #[arg(long, value_name = "URI")]
    client_uri: Option<String>,
    /// Where a login begins at the service
    #[arg(long, value_name = "URI")]
    initiate_login_uri: Option<String>,
    /// Where its keys are
    #[arg(long, value_name = "URI")]
    jwks_uri: Option<String>,
    /// Names separated by spaces
    #[arg(long)]
    scope: Option<String>,
    /// authorization_code, refresh_token, client_credentials; repeat it for each
    #[arg(long, value_name = "GRANT")]
    grant_type: Vec<String>,
    /// Access while the person is away: offline_access in the scope, and the grant refresh_token
    #[arg(long)]
    offline: bool,
    /// Devices without a browser (RFC 8628)
    #[arg(long)]
    device: bool,
    /// People who are elsewhere (CIBA), by polling
    #[arg(long)]
    ciba: bool,
    /// client_secret_basic, client_secret_post, private_key_jwt or none
    #[arg(long, value_name = "METHOD")]
    auth_method: Option<String>,
    /// An application on the person's own machine
    #[arg(long)]
    native: bool,
    /// A service of the house: no consent page
    #[arg(long)]
    first_party: bool,
    /// required or optional
    #[arg(long)]
    pkce: Option<String>,
    /// Let in whoever has an approved affiliation only
    #[arg(long)]
    require_affiliation: bool,
    /// Let in members of this type; repeat it for each
    #[arg(long, value_name = "TYPE")]
    require_membership_type: Vec<String>,
    /// Let in holders of this TIES right; repeat it for each: all are needed
    #[arg(long, value_name = "RIGHT")]
    require_ties_right: Vec<String>,
    /// Let everybody in
    #[arg(long, conflicts_with_all = ["require_affiliation", "require_membership_type", "require_ties_right"])]
    no_access_policy: bool,
}

/// Change single values of a list and leave the others.
#[derive(Debug, Default, Args)]
pub struct Edits {
    /// Add an address to those registered
    #[arg(long, value_name = "URI", conflicts_with = "redirect_uri")]
    add_redirect_uri: Vec<String>,
    #[arg(long, value_name = "URI", conflicts_with = "redirect_uri")]
    remove_redirect_uri: Vec<String>,
    #[arg(long, value_name = "URI", conflicts_with = "post_logout_redirect_uri")]
    add_post_logout_redirect_uri: Vec<String>,
    #[arg(long, value_name = "URI", conflicts_with = "post_logout_redirect_uri")]
    remove_post_logout_redirect_uri: Vec<String>,
    #[arg(long, value_name = "GRANT", conflicts_with = "grant_type")]
    add_grant_type: Vec<String>,
    #[arg(long, value_name = "GRANT", conflicts_with = "grant_type")]
    remove_grant_type: Vec<String>,
    /// Add a name to the scope; repeat it for each
    #[arg(long, value_name = "NAME", conflicts_with = "scope")]
    add_scope: Vec<String>,
    #[arg(long, value_name = "NAME", conflicts_with = "scope")]
    remove_scope: Vec<String>,
}

impl Members {
    pub fn merge_into(self, document: &mut Map<String, Value>) -> anyhow::Result<()> {
        if let Some(file) = &self.metadata {
            let more: Value = serde_json::from_str(&read_text(file)?).with_context(|| file.clone())?;
            let Value::Object(more) = more else {
                bail!("{file} is not a JSON object")
            };
            for (name, value) in more {
                set(document, &name, value);
            }
        }
        let texts = [
            ("client_name", self.name),
            ("frontchannel_logout_uri", self.frontchannel_logout_uri),
            ("backchannel_logout_uri", self.backchannel_logout_uri),
            ("client_uri", self.client_uri),
            ("initiate_login_uri", self.initiate_login_uri),
            ("jwks_uri", self.jwks_uri),
            ("scope", self.scope),
            ("token_endpoint_auth_method", self.auth_method),
            ("application_type", self.native.then(|| "native".to_owned())),
            ("pkce", self.pkce),
        ];
        for (name, value) in texts {
            value
                .into_iter()
                .for_each(|it| set(document, name, Value::from(it)));
        }
        let lists = [
            ("redirect_uris", self.redirect_uri),
            ("post_logout_redirect_uris", self.post_logout_redirect_uri),
            ("grant_types", self.grant_type),
        ];
        for (name, values) in lists.into_iter().filter(|it| !it.1.is_empty()) {
            set(document, name, Value::from(values));
        }
        if self.first_party {
            set(document, "first_party", Value::from(true));
        }
        let away = [(self.device, GrantType::DeviceCode), (self.ciba, GrantType::Ciba)];
        let away = away.into_iter().filter(|it| it.0).map(|it| it.1.to_string());
        let away: Vec<String> = away.collect();
        // Such a client goes through no browser, unless it was said where to.
        let browserless = !document.contains_key("redirect_uris") && !document.contains_key("grant_types");
        if browserless && !away.is_empty() {
            set(document, "grant_types", json!([]));
            set(document, "response_types", json!([]));
        }
        edit(document, "grant_types", &away, &[])?;
        if self.ciba && !document.contains_key("backchannel_token_delivery_mode") {
            set(document, "backchannel_token_delivery_mode", Value::from("poll"));
        }
        if self.offline {
            edit(
                document,
                "grant_types",
                &[GrantType::RefreshToken.to_string()],
                &[],
            )?;
            edit_scope(document, &[scope::OFFLINE_ACCESS.to_owned()], &[])?;
        }
        if self.no_access_policy {
            document.remove("access_policy");
        }
        let mut policy = match document.get("access_policy") {
            Some(Value::Object(policy)) => policy.clone(),
            _ => Map::new(),
        };
        if self.require_affiliation {
            policy.insert("affiliation".to_owned(), Value::from("approved"));
        }
        let required = [
            ("membership_types", self.require_membership_type),
            ("ties_rights", self.require_ties_right),
        ];
        for (name, values) in required.into_iter().filter(|it| !it.1.is_empty()) {
            policy.insert(name.to_owned(), Value::from(values));
        }
        if !policy.is_empty() {
            set(document, "access_policy", Value::Object(policy));
        }
        Ok(())
    }
}

impl Edits {
    pub fn apply_to(&self, document: &mut Map<String, Value>) -> anyhow::Result<()> {
        let lists = [
            ("redirect_uris", &self.add_redirect_uri, &self.remove_redirect_uri),
            (
                "post_logout_redirect_uris",
                &self.add_post_logout_redirect_uri,
                &self.remove_post_logout_redirect_uri,
            ),
            ("grant_types", &self.add_grant_type, &self.remove_grant_type),
        ];
        for (name, added, removed) in lists {
            edit(document, name, added, removed)?;
        }
        edit_scope(document, &self.add_scope, &self.remove_scope)
    }
}

fn set(document: &mut Map<String, Value>, name: &str, value: Value) {
    match value {
        Value::Null => document.remove(name),
        value => document.insert(name.to_owned(), value),
    };
}

/// Adds and removes values. A value that is there is not added twice; one that is to be removed must be there.
fn edit(
    document: &mut Map<String, Value>,
    name: &str,
    added: &[String],
    removed: &[String],
) -> anyhow::Result<()> {
    if added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    let now = match document.get(name) {
        Some(value) => value.clone(),
        None => default_of(name)?,
    };
    let mut values: Vec<String> = match now {
        Value::Null => Vec::new(),
        other => serde_json::from_value(other).with_context(|| name.to_owned())?,
    };
    for value in removed {
        let Some(at) = values.iter().position(|it| it == value) else {
            bail!("{name} does not hold {value}; it holds: {}", values.join(" "))
        };
        values.remove(at);
    }
    for value in added.iter().filter(|it| !values.contains(it)).collect::<Vec<_>>() {
        values.push(value.clone());
    }
    set(document, name, Value::from(values));
    Ok(())
}

fn edit_scope(document: &mut Map<String, Value>, added: &[String], removed: &[String]) -> anyhow::Result<()> {
    if added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    let now = match document.get("scope") {
        Some(value) => value.clone(),
        None => default_of("scope")?,
    };
    let names: Vec<&str> = now
        .as_str()
        .unwrap_or_default()
        .split(' ')
        .filter(|it| !it.is_empty())
        .collect();
    let mut list = Map::from_iter([("scope".to_owned(), json!(names))]);
    edit(&mut list, "scope", added, removed)?;
    let names: Vec<String> = serde_json::from_value(list.remove("scope").unwrap_or_default())?;
    set(document, "scope", Value::from(names.join(" ")));
    Ok(())
}

fn default_of(name: &str) -> anyhow::Result<Value> {
    Ok(Definition::default().members().remove(name).unwrap_or_default())
}
