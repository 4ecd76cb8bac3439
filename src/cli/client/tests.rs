//! The commands as they are typed, on a database of their own.

use clap::Parser;
use sea_orm::{ConnectionTrait, Statement};
use tempfile::TempDir;

use super::*;
use crate::cli::Format;
use crate::domain::client::GrantType;
use crate::domain::scope;

#[derive(Debug, Parser)]
struct Typed {
    #[command(subcommand)]
    command: Command,
}

struct Terminal {
    console: Console,
    _folder: TempDir,
}

impl Terminal {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("itu-account.toml");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let text = format!(
            "issuer = \"http://localhost:8080\"\n[database]\nurl = \"sqlite://{}\"\n[keys]\ndirectory = \"{}\"\n\
             [mail]\ndirectory = \"{}\"\n",
            at("it.db"),
            at("keys"),
            at("outbox")
        );
        std::fs::write(&file, text).expect("written");
        Self {
            console: Console {
                file: Some(file),
                format: Format::Text,
            },
            _folder: folder,
        }
    }

    async fn types(&self, line: &str) -> anyhow::Result<ExitCode> {
        let words = std::iter::once("client").chain(line.split(' '));
        run(&self.console, Typed::try_parse_from(words)?.command).await
    }

    async fn app(&self) -> App {
        let config = self.console.config().expect("a configuration");
        App::open(config, Clock::System).await.expect("the app opens")
    }

    async fn client(&self, id: &str) -> Client {
        let found = clients::find(&self.app().await, &ClientId::new(id)).await;
        found.expect("a client")
    }
}

#[tokio::test]
async fn a_list_is_replaced_or_changed_only_as_it_is_asked() {
    let terminal = Terminal::new();
    let [a, b, c] = [
        "https://a.example/cb",
        "https://b.example/cb",
        "https://c.example/cb",
    ];
    let add = format!("add --id shop --name Shop --redirect-uri {a} --redirect-uri {b} --scope openid");
    terminal.types(&add).await.expect("added");
    let uris = async || terminal.client("shop").await.metadata.redirect_uris;
    assert_eq!(uris().await, [a, b]);
    terminal
        .types(&format!("update shop --add-redirect-uri {c}"))
        .await
        .expect("updated");
    assert_eq!(uris().await, [a, b, c]);
    terminal
        .types(&format!(
            "update shop --add-redirect-uri {c} --remove-redirect-uri {a}"
        ))
        .await
        .expect("updated");
    assert_eq!(uris().await, [b, c]);
    let absent = terminal
        .types(&format!("update shop --remove-redirect-uri {a}"))
        .await;
    assert!(
        absent
            .expect_err("refused")
            .to_string()
            .contains("does not hold https://a.example/cb")
    );
    terminal
        .types(&format!("update shop --redirect-uri {a}"))
        .await
        .expect("updated");
    assert_eq!(uris().await, [a]);
    assert!(
        terminal
            .types(&format!("update shop --redirect-uri {a} --add-redirect-uri {b}"))
            .await
            .is_err()
    );

    terminal
        .types("update shop --add-scope email --offline")
        .await
        .expect("updated");
    let client = terminal.client("shop").await;
    assert_eq!(client.scope().to_string(), "openid offline_access email");
    assert!(client.may_refresh());
    terminal
        .types("update shop --remove-scope offline_access --remove-grant-type refresh_token")
        .await
        .expect("updated");
    assert!(!terminal.client("shop").await.may_refresh());
}

#[tokio::test]
async fn what_a_service_needs_has_an_option() {
    let terminal = Terminal::new();
    let add = "add --id tv --name TV --device --offline --require-affiliation --require-ties-right ties \
        --backchannel-logout-uri https://tv.example/out --post-logout-redirect-uri https://tv.example/bye";
    terminal
        .types(&add.split_whitespace().collect::<Vec<_>>().join(" "))
        .await
        .expect("added");
    let client = terminal.client("tv").await;
    let (metadata, settings) = (client.metadata, client.settings);
    assert_eq!(
        metadata.grant_types,
        [GrantType::DeviceCode, GrantType::RefreshToken]
    );
    assert!(metadata.response_types.is_empty() && metadata.scope.contains(scope::OFFLINE_ACCESS));
    assert_eq!(
        metadata.backchannel_logout_uri.as_deref(),
        Some("https://tv.example/out")
    );
    assert!(settings.access_policy.affiliation.is_some() && settings.access_policy.ties_rights == ["ties"]);
    terminal
        .types("update tv --no-access-policy")
        .await
        .expect("updated");
    assert!(terminal.client("tv").await.settings.access_policy.is_open());
    terminal
        .types("add --id desk --name Desk --ciba")
        .await
        .expect("added");
    assert!(terminal.client("desk").await.may_use(GrantType::Ciba));

    terminal.types("disable tv").await.expect("disabled");
    terminal.types("enable tv").await.expect("enabled");
    assert!(terminal.client("tv").await.enabled);
    terminal.types("delete tv").await.expect("deleted");
    let gone = terminal.types("delete tv").await.expect_err("gone");
    assert_eq!(gone.to_string(), "there is no client tv");
}

#[tokio::test]
async fn a_lost_race_is_refused() {
    // G-9
    let terminal = Terminal::new();
    terminal
        .types("add --id shop --name Shop --redirect-uri https://a.example/cb")
        .await
        .expect("added");
    let (app, read) = (terminal.app().await, terminal.client("shop").await);
    let context = Context::operator();
    let mine = || {
        let mut update = Update::of(&read);
        update.definition.metadata.client_name = Some("Mine".to_owned());
        update
    };
    clients::update(&app, &context, mine()).await.expect("first");
    let second = clients::update(&app, &context, mine()).await;
    assert!(
        matches!(second, Err(clients::ClientError::Conflict(_))),
        "{second:?}"
    );
    // The operator reads what to do.
    let refused = second.expect_err("refused").to_string();
    assert_eq!(refused, "the client shop was changed meanwhile; read it again");
}

#[tokio::test]
async fn an_update_that_enables_is_one_change() {
    let terminal = Terminal::new();
    terminal
        .types("add --id shop --name Shop --redirect-uri https://a.example/cb")
        .await
        .expect("added");
    terminal.types("disable shop").await.expect("disabled");
    let changes = async || {
        let app = terminal.app().await;
        let query = Statement::from_string(
            app.db.read().get_database_backend(),
            "SELECT COUNT(*) AS number FROM events WHERE object = 'client:shop'",
        );
        let row = app.db.read().query_one_raw(query).await.expect("read");
        row.expect("a row")
            .try_get::<i64>("", "number")
            .expect("a number")
    };
    let before = changes().await;
    terminal
        .types("update shop --redirect-uri http://a.example/cb --enable")
        .await
        .expect_err("refused");
    assert!(!terminal.client("shop").await.enabled); // neither, or both
    assert_eq!(changes().await, before);
    terminal
        .types("update shop --name Bookshop --enable")
        .await
        .expect("updated");
    let client = terminal.client("shop").await;
    assert!(client.enabled && client.name() == "Bookshop");
    assert_eq!(changes().await, before + 1); // LG-1
}

#[tokio::test]
async fn what_is_handed_over_is_printed_as_a_block() {
    let terminal = Terminal::new();
    let app = terminal.app().await;
    let metadata = json!({"client_name": "Shop", "redirect_uris": ["https://a.example/cb"],
        "scope": "openid email groups"});
    let definition = serde_json::from_value(metadata).expect("a definition");
    let new = NewClient {
        id: Some(ClientId::new("shop")),
        registration: Registration::ByAdministrator(definition),
        secret: None,
    };
    let issued = clients::add(&app, &Context::operator(), new).await;
    let issued = issued.expect("added");
    let text = handover::text(&app, &issued);
    let secret = issued.secret.as_ref().expect("a secret").expose();
    for line in [
        "client_id: shop",
        &format!("client_secret: {secret}  (shown this once)"),
        "issuer: http://localhost:8080",
        "discovery: http://localhost:8080/.well-known/openid-configuration",
        "token_endpoint_auth_method: client_secret_basic or client_secret_post",
        "redirect_uri: https://a.example/cb",
        "scope: openid email groups",
        "claims: sub email email_verified",
        "usual for a service of this kind: requests_not_pushed, shared_secret, bearer_tokens, pkcs1_signatures",
    ] {
        assert!(text.lines().any(|it| it == line), "{line} in\n{text}");
    }
    // The owner is warned about a scope that brings no claims here.
    assert!(text.contains("note: scope groups brings no claims here"));
    // The findings that matter come first.
    assert!(text.find("weak: ").expect("a weakness") < text.find("usual for").expect("the rest"));
    let block = handover::json(&app, &issued);
    assert_eq!(block["client_secret"], secret);
    assert_eq!(block["claims"], json!(["sub", "email", "email_verified"]));
}

#[tokio::test]
async fn a_file_is_shown_before_it_is_applied_and_prunes_if_that_is_asked() {
    let terminal = Terminal::new();
    terminal
        .types("add --id shop --name Shop --redirect-uri https://a.example/cb")
        .await
        .expect("added");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("clients.json").display().to_string();
    let one = |enabled: bool| {
        format!(
            "{{\"clients\": [{{\"client_id\": \"tv\", \"client_name\": \"TV\", \"enabled\": {enabled}, \
             \"redirect_uris\": [\"https://b.example/cb\"], \"token_endpoint_auth_method\": \"none\"}}]}}"
        )
    };
    let typed = async |options: &str| {
        let status = terminal.types(&format!("apply {file}{options}")).await;
        status.map(|it| format!("{it:?}")).map_err(|it| it.to_string())
    };
    let status = |code: u8| Ok(format!("{:?}", ExitCode::from(code)));
    std::fs::write(&file, one(true)).expect("written");
    assert_eq!(typed(" --dry-run").await, status(3));
    assert!(
        clients::find(&terminal.app().await, &ClientId::new("tv"))
            .await
            .is_err()
    );
    assert_eq!(typed("").await, status(0));
    assert_eq!(typed(" --dry-run").await, status(0));
    assert_eq!(typed(" --dry-run --prune").await, status(3));
    assert!(terminal.client("shop").await.enabled);
    assert_eq!(typed(" --prune").await, status(0));
    assert!(!terminal.client("shop").await.enabled && terminal.client("tv").await.enabled);
    assert_eq!(typed(" --dry-run --prune").await, status(0));
    std::fs::write(&file, "{\"clients\": []}").expect("written");
    let refused = typed(" --prune").await.expect_err("refused");
    assert!(refused.contains("clients: there is none"), "{refused}");
}
