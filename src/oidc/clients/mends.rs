//! The mends of the client report: for each weakness that can be mended by a change of the registration alone, the change.
//! Whoever applies one has seen what it changes, in the version that was shown. A service that relied on the weakness has to
//! be changed, too: the text of the mend says so.

use super::ClientError;
use super::authority::{Editor, require_editor};
use super::changes::{Update, update};
use super::lookup::find;
use super::report::{Finding, Topic, report};
use super::rules;
use crate::app::App;
use crate::domain::ClientId;
use crate::domain::actor::Context;
use crate::domain::client::{Client, Definition, GrantType, Pkce, Version};
use crate::domain::difference::{self, Member};

/// A mend of a finding, and what it changes.
#[derive(Clone, Debug)]
pub struct Mend {
    pub topic: Topic,
    /// The value that the finding is about.
    pub value: String,
    pub definition: Definition,
    pub changes: Vec<Member>,
}

/// Returns the mends that whoever asks can apply to the client as it is.
pub async fn mends(app: &App, context: &Context, client: &Client) -> Result<Vec<Mend>, ClientError> {
    let editor = match require_editor(app, context, &client.id).await {
        Ok(editor) => editor,
        // A program that only reads mends nothing.
        Err(ClientError::Unknown(_)) => return Ok(Vec::new()),
        Err(other) => return Err(other),
    };
    let all = report(client).into_iter().filter_map(|it| mend(client, it));
    Ok(all.filter(|it| may_apply(app, editor, client, it)).collect())
}

/// Returns the mend of one finding, if there is one and whoever asks can apply it.
pub async fn find_mend(
    app: &App,
    context: &Context,
    client: &Client,
    (topic, value): (Topic, &str),
) -> Result<Option<Mend>, ClientError> {
    let all = mends(app, context, client).await?;
    Ok(all.into_iter().find(|it| it.topic == topic && it.value == value))
}

/// Applies a mend to the version that was seen. `NoMend`: the finding is not there, or has none.
pub async fn apply_mend(
    app: &App,
    context: &Context,
    (id, seen): (&ClientId, Version),
    of: (Topic, &str),
) -> Result<Client, ClientError> {
    require_editor(app, context, id).await?;
    let client = find(app, id).await?;
    if client.version() != seen {
        return Err(ClientError::Conflict(id.clone()));
    }
    let mend = find_mend(app, context, &client, of).await?;
    let mend = mend.ok_or(ClientError::NoMend)?;
    let changed = Update {
        seen,
        definition: mend.definition,
        ..Update::of(&client)
    };
    update(app, context, changed).await
}

fn may_apply(app: &App, editor: Editor, client: &Client, mend: &Mend) -> bool {
    editor == Editor::Administrator
        || rules::check_of_owner(&client.definition(), &mend.definition, &app.reserved_names()).is_ok()
}

/// Returns the change that ends the finding and makes no other; `None` if none does.
fn mend(client: &Client, Finding { topic, value, .. }: Finding) -> Option<Mend> {
    let before = client.definition();
    let definition = changed(before.clone(), topic, &value)?;
    let after = Client {
        metadata: definition.metadata.clone(),
        settings: definition.settings.clone(),
        ..client.clone()
    };
    let is_gone = !report(&after)
        .iter()
        .any(|it| it.topic == topic && it.value == value);
    let is_allowed = rules::check_definition(&client.id, &definition).is_ok();
    let members = |it: &Definition| serde_json::Value::Object(it.members());
    (is_gone && is_allowed).then(|| Mend {
        changes: difference::members(&members(&before), &members(&definition)),
        topic,
        value,
        definition,
    })
}

/// Makes the change of a topic. Topics that only the service itself can mend, by keys or by what it sends, have none.
fn changed(mut definition: Definition, topic: Topic, value: &str) -> Option<Definition> {
    let Definition { metadata, settings } = &mut definition;
    match topic {
        Topic::PkceOptional => settings.pkce = Pkce::Required,
        Topic::FrontChannelTokens => {
            metadata.response_types.retain(|it| it.to_string() != value);
            let needs_implicit = metadata.response_types.iter().any(|it| it.id_token || it.token);
            if !needs_implicit {
                metadata.grant_types.retain(|it| *it != GrantType::Implicit);
            }
        }
        Topic::UnsignedRequestObjects => metadata.request_object_signing_alg = None,
        Topic::LoopbackRedirect | Topic::PrivateScheme => metadata.redirect_uris.retain(|it| it != value),
        Topic::IntrospectionWithoutProof => settings.introspect_all = false,
        Topic::SharedSecret
        | Topic::BearerTokens
        | Topic::RequestsNotPushed
        | Topic::BackchannelRequestsUnsigned
        | Topic::Pkcs1Signatures
        | Topic::LastingJwt => return None,
    }
    Some(definition)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::client::Origin;

    fn client(document: Value) -> Client {
        let now = crate::clock::from_unix(1_800_000_000).expect("a time");
        let Definition { metadata, settings } = serde_json::from_value(document).expect("a definition");
        Client {
            id: ClientId::new("c"),
            enabled: true,
            origin: Origin::Administrator,
            metadata,
            settings,
            secrets: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Returns the members that the mends change, by topic.
    fn mended(document: Value) -> Vec<(&'static str, Vec<String>)> {
        let client = client(document);
        let all = report(&client).into_iter().filter_map(|it| mend(&client, it));
        all.map(|it| {
            (
                it.topic.as_str(),
                it.changes.into_iter().map(|it| it.member).collect(),
            )
        })
        .collect()
    }

    #[test]
    fn every_grave_weakness_has_a_mend_that_ends_it() {
        let one = "https://a.example/cb";
        for (document, topic, members) in [
            (json!({"redirect_uris": [one]}), "pkce_optional", vec!["pkce"]),
            (
                json!({"redirect_uris": [one], "response_types": ["code", "code id_token"], "pkce": "required",
                    "grant_types": ["authorization_code", "implicit"]}),
                "front_channel_tokens",
                vec!["grant_types", "response_types"],
            ),
            (
                json!({"redirect_uris": [one], "request_object_signing_alg": "none", "pkce": "required"}),
                "unsigned_request_objects",
                vec!["request_object_signing_alg"],
            ),
            (
                json!({"redirect_uris": [one, "http://localhost:8000/cb"], "pkce": "required"}),
                "loopback_redirect",
                vec!["redirect_uris"],
            ),
            (
                json!({"redirect_uris": [one, "org.example.app:/cb"], "application_type": "native",
                    "pkce": "required", "token_endpoint_auth_method": "none"}),
                "private_scheme",
                vec!["redirect_uris"],
            ),
        ] {
            let mut document = document;
            document["client_name"] = json!("A");
            let found = mended(document.clone());
            let of_topic = found.iter().find(|it| it.0 == topic);
            let members: Vec<String> = members.into_iter().map(str::to_owned).collect();
            assert_eq!(of_topic.map(|it| &it.1), Some(&members), "{document}: {found:?}");
        }
    }

    #[test]
    fn a_mend_that_leaves_no_way_in_is_none() {
        let only =
            json!({"client_name": "A", "redirect_uris": ["http://localhost:8000/cb"], "pkce": "required"});
        assert!(mended(only).is_empty());
        let only = json!({"client_name": "A", "redirect_uris": ["https://a.example/cb"], "response_types": ["id_token"],
            "grant_types": ["implicit"]});
        let found = mended(only);
        assert!(
            !found.iter().any(|it| it.0 == "front_channel_tokens"),
            "{found:?}"
        );
    }
}
