//! Tests a deployment as files: exported, applied to an empty database and exported again without difference; previewed
//! without a write; applied as a whole or not at all; pruned.

mod documents;
mod round_trip;

use serde_json::{Value, json};

use crate::support::{TestOp, rows};
use itu_account::affiliations::directory::csv;
use itu_account::affiliations::membership_claims;
use itu_account::deployment::{self, Applied, Deployment, Error, Files};
use itu_account::domain::actor::Context;
use itu_account::domain::affiliation::AffiliationClaim;
use itu_account::domain::client::Metadata;
use itu_account::domain::difference::{Effect, Unnamed};
use itu_account::domain::role::Role;
use itu_account::domain::secret::Secret;
use itu_account::domain::{ClientId, OrganizationId};
use itu_account::oidc::clients::{self, ClientDocument, NewClient, Registration};
use itu_account::storage::organizations;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn files(given: &[(&str, &str)]) -> Files {
    given
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()))
        .collect()
}

fn read(files: &Files, unnamed: Unnamed) -> Result<Deployment, Error> {
    let secret = |document: &ClientDocument| match document.secret {
        clients::SecretSource::Environment(_) => Ok(Some(Secret::new(SECRET))),
        clients::SecretSource::File(_) => Err("there is no such file".to_owned()),
        _ => Ok(None),
    };
    Deployment::read(files.clone(), unnamed, secret)
}

impl TestOp {
    async fn export(&self) -> Files {
        let exported = deployment::export(&self.app, &Context::operator()).await;
        exported.expect("exported")
    }

    async fn apply(&self, files: &Files, unnamed: Unnamed) -> Result<Applied, Error> {
        let deployment = read(files, unnamed)?;
        let (app, context) = (&self.app, Context::operator());
        // A preview says what comes of it, and refuses what applying it would.
        let preview = deployment::preview(app, &context, &deployment).await;
        let applied = deployment::apply(app, &context, &deployment).await;
        match (&preview, &applied) {
            (Ok(said), Ok(done)) => assert_eq!(said, done),
            (Err(said), Err(done)) => assert_eq!(said.to_string(), done.to_string()),
            other => panic!("preview and apply differ: {other:?}"),
        }
        applied
    }

    async fn applies(&self, given: &[(&str, &str)]) -> Applied {
        self.apply(&files(given), Unnamed::Kept).await.expect("applied")
    }

    async fn audited(&self, action: &str) -> usize {
        use sea_orm::{ConnectionTrait, Statement};
        let db = self.app.db.read();
        let backend = db.get_database_backend();
        let query = format!("SELECT id FROM events WHERE action = '{action}'");
        let found = db.query_all_raw(Statement::from_string(backend, query)).await;
        found.expect("read").len()
    }
}

/// Returns the lines of a difference that people read: `+ client a`.
fn lines(applied: &Applied) -> Vec<String> {
    let sign = |effect| match effect {
        Effect::Added => '+',
        Effect::Changed => '~',
        Effect::Pruned => '-',
    };
    let line = |it: &itu_account::domain::difference::Difference| {
        format!("{} {} {}", sign(it.effect), it.kind, it.id)
    };
    applied.differences.iter().map(line).collect()
}

const STARTUPS: &str = r#"{"membership_types": [
  {"id": "startup", "names": {"en": "Start-up", "fr": "Jeune pousse"}, "needs_approval": true, "ties_entitled": false},
  {"id": "member_state", "names": {"en": "Member State"}, "needs_approval": true, "ties_entitled": true}
]}"#;

#[tokio::test]
async fn a_bad_file_refuses_the_whole_directory_by_file_and_line() {
    let op = TestOp::start_with_directory().await;
    let before = op.export().await;
    let good = [
        ("membership-types.json", STARTUPS),
        ("organizations.csv", "id,name,membership_type\nnew,New,startup\n"),
    ];
    for (file, text, problem) in [
        (
            "clients.json",
            "{\"clients\": [\n\n{\"client_id\": \"a\",\n \"redirect_uris\": [1]}]}",
            "clients.json: line 4: clients[0].redirect_uris",
        ),
        (
            "clients.json",
            "{\"clients\": [\n{\"client_id\": \"a\", \"redirect_uris\": [\"http://a.example/\"]}]}",
            "clients.json: line 2: a.redirect_uris",
        ),
        (
            "clients.json",
            "{\"clients\": [\n{\"client_id\": \"a\", \"client_name\": \"A\", \"redirect_uris\": [\"https://a.example/\"]}]}",
            "clients.json: line 2: a.client_secret_env",
        ),
        (
            "clients.json",
            "{\"clients\": [\n{\"client_id\": \"a\", \"client_secret_file\": \"x\"}]}",
            "clients.json: line 2: a: there is no such file",
        ),
        (
            "organizations.csv",
            "id,name,membership_type\nnew,New,startup\nx,X,emperor\n",
            "organizations.csv: line 3: membership_type",
        ),
        ("organizations.csv", "id,nmae\n", "organizations.csv: line 1: "),
        (
            "rights.json",
            "{\"rights\": [\n{\"name\": \"a b\", \"names\": {\"en\": \"A\"}}]}",
            "rights.json: line 2: name",
        ),
        (
            "rights.json",
            "{\"rights\": [{\"name\": \"ab\", \"names\": {\n\"de\": \"A\"}}]}",
            "rights.json: line 1: names",
        ),
        (
            "rights.json",
            "{\"rights\": [{\"name\": \"ab\",\n\"names\":\n {\"fr\": \"A\"}}]}",
            "rights.json: line 3: names",
        ),
        (
            "membership-types.json",
            "{\"membership_types\": [{\"id\": \"x\"}]}",
            "membership-types.json: line 1: missing field",
        ),
        (
            "membership-types.json",
            "{\"membership_types\": [\n{\"id\": \"non_member\", \"names\": {\"en\": \"N\"}, \"needs_approval\": true, \"ties_entitled\": false}]}",
            "membership-types.json: line 2: needs_approval",
        ),
        (
            "policy.toml",
            "[policy]\nsecond_factor = [\"administrator\"]\n",
            "policy.toml: policies are settings",
        ),
        ("policy.toml", "[policy]\nsecond = 1\n", "policy.toml: line 2: "),
        (
            "terms/2020-01/en.md",
            "Other.",
            "terms/2020-01/en.md: is not the text that is served",
        ),
        (
            "organisations.csv",
            "id\n",
            "organisations.csv: is no file of a deployment",
        ),
    ] {
        let mut given = files(&good);
        given.insert(file.to_owned(), text.as_bytes().to_vec());
        let refused = op.apply(&given, Unnamed::Kept).await.expect_err(text).to_string();
        assert!(
            refused.lines().any(|it| it.starts_with(problem)),
            "{problem}:\n{refused}"
        );
        assert_eq!(op.export().await, before, "{text}");
    }
    let refused = read(&files(&[("README.md", "")]), Unnamed::Kept).expect_err("nothing");
    assert!(
        refused.to_string().starts_with("the directory: has none of"),
        "{refused}"
    );
    let refused = read(&Files::new(), Unnamed::Kept).expect_err("nothing");
    assert!(
        refused.to_string().starts_with("the directory: has none of"),
        "{refused}"
    );
    // G-4: it is an administrator's.
    let deployment = read(&files(&good), Unnamed::Kept).expect("good");
    let stranger = crate::affiliations::context("alice", Role::User);
    assert!(deployment::apply(&op.app, &stranger, &deployment).await.is_err());
    assert!(
        deployment::preview(&op.app, &stranger, &deployment)
            .await
            .is_err()
    );
    assert!(deployment::export(&op.app, &stranger).await.is_err());
}

#[tokio::test]
async fn a_dry_run_writes_nothing_and_says_each_member() {
    let op = TestOp::start_with_directory().await;
    op.client("shop").await;
    let before = op.export().await;
    let (exported, events) = (op.export().await, op.audited("client.changed").await);
    let mut clients: Value = serde_json::from_slice(&exported["clients.json"]).expect("JSON");
    clients["clients"][0]["redirect_uris"] = json!(["https://shop.example/new"]);
    clients["clients"][0]["client_name"] = json!("New Shop");
    let given = [
        ("clients.json", clients.to_string()),
        ("organizations.csv", "id,acronym\ntelco,TC\n".to_owned()),
    ];
    let given: Vec<(&str, &str)> = given.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let deployment = read(&files(&given), Unnamed::Kept).expect("good");
    let said = deployment::preview(&op.app, &Context::operator(), &deployment)
        .await
        .expect("said");

    assert_eq!(lines(&said), ["~ organization telco", "~ client shop"]);
    let members: Vec<&str> = said.differences[1]
        .members
        .iter()
        .map(|it| it.member.as_str())
        .collect();
    assert_eq!(members, ["client_name", "redirect_uris"]);
    assert_eq!(said.differences[0].members[0].after, Some(json!("TC")));
    assert_eq!(op.export().await, before);
    assert_eq!(op.audited("client.changed").await, events);

    // Each room records its part.
    op.applies(&given).await;
    assert_eq!(op.audited("client.changed").await, events + 1); // LG-1
    assert_eq!(op.audited("organization.changed").await, 1);
    assert_eq!(op.audited("deployment.applied").await, 1);
    op.applies(&given).await;
    assert_eq!(op.audited("deployment.applied").await, 1);
}

#[tokio::test]
async fn what_the_files_do_not_name_goes_only_if_that_is_asked() {
    let op = TestOp::start_with_directory().await;
    op.client("shop").await;
    op.client("bank").await;
    let metadata: Metadata =
        serde_json::from_value(json!({"client_name": "Own", "redirect_uris": ["https://own.example/"]}))
            .expect("metadata");
    let own = NewClient {
        id: Some(ClientId::new("own")),
        registration: Registration::ByClient(metadata),
        secret: None,
    };
    clients::add(&op.app, &Context::operator(), own)
        .await
        .expect("registered");
    let mina = op.insert_person_as_focal_point("mina", "telco").await;
    let typed = rows::organization("typed", "Typed in", "non_member", op.now());
    let typed = itu_account::domain::organization::Organization {
        status: itu_account::domain::organization::OrganizationStatus::Proposed,
        ..typed
    };
    op.insert_organizations(&[typed]).await;
    let mut exported = op.export().await;
    let text = |name: &str| String::from_utf8(exported[name].clone()).expect("UTF-8");
    assert!(!text("clients.json").contains("\"own\"") && !text("organizations.csv").contains("typed"));

    let mut clients: Value = serde_json::from_str(&text("clients.json")).expect("JSON");
    clients["clients"]
        .as_array_mut()
        .expect("a list")
        .retain(|it| it["client_id"] == "bank");
    let table: String = text("organizations.csv")
        .lines()
        .filter(|it| !it.starts_with("telco"))
        .map(|it| format!("{it}\n"))
        .collect();
    exported.insert("clients.json".into(), clients.to_string().into_bytes());
    exported.insert("organizations.csv".into(), table.into_bytes());
    let kept = op.apply(&exported, Unnamed::Kept).await.expect("applied");
    assert_eq!(kept.differences, []);

    let pruned = op.apply(&exported, Unnamed::Pruned).await.expect("applied");
    assert_eq!(lines(&pruned), ["- organization telco", "- client shop"]);
    assert_eq!(pruned.differences[0].people, 1);
    assert!(op.app.registry.find("shop").is_none() && op.app.registry.find("bank").is_some());
    assert!(op.app.registry.find("own").is_some()); // it is its own to keep
    let claims = membership_claims(op.app.db.read(), &mina).await.expect("claims");
    assert_eq!(claims.affiliation_status, AffiliationClaim::Lapsed); // AF-1
    let find = async |id: &str| {
        organizations::find(op.app.db.read(), &OrganizationId::new(id))
            .await
            .unwrap()
            .unwrap()
    };
    assert_eq!(find("telco").await.status.as_str(), "ended");
    assert_eq!(find("typed").await.status.as_str(), "proposed");
    assert_eq!(
        op.apply(&exported, Unnamed::Pruned)
            .await
            .expect("applied")
            .differences,
        []
    );

    // A file that names nothing is taken for a mistake.
    for (name, empty) in [
        ("clients.json", "{\"clients\": []}"),
        ("organizations.csv", "id,name,membership_type\n"),
    ] {
        let refused = op
            .apply(&files(&[(name, empty)]), Unnamed::Pruned)
            .await
            .expect_err("refused");
        assert!(refused.to_string().starts_with(name), "{refused}");
        op.apply(&files(&[(name, empty)]), Unnamed::Kept)
            .await
            .expect("nothing to do");
    }
}

#[tokio::test]
async fn a_kind_that_is_in_use_stays_what_it_is() {
    let op = TestOp::start_with_directory().await;
    op.insert_person_as_focal_point("mina", "telco").await;
    let exported = op.export().await;
    let mut types: Value = serde_json::from_slice(&exported["membership-types.json"]).expect("JSON");
    let all = types["membership_types"].as_array().expect("a list").clone();
    let place = |id: &str| all.iter().position(|it| it["id"] == id).expect("a type");
    let given = |types: &Value| files(&[("membership-types.json", &types.to_string())]);

    // What a type demands changes only while nobody is concerned.
    types["membership_types"][place("sector_member")]["ties_entitled"] = json!(false);
    let refused = op
        .apply(&given(&types), Unnamed::Kept)
        .await
        .expect_err("refused")
        .to_string();
    assert!(
        refused.contains("1 people are in organizations of the type sector_member"),
        "{refused}"
    );
    types["membership_types"] = json!(all);
    types["membership_types"][place("academia")]["ties_entitled"] = json!(false);
    types["membership_types"][place("academia")]["names"]["en"] = json!("Universities");
    let applied = op.apply(&given(&types), Unnamed::Kept).await.expect("applied");
    assert_eq!(lines(&applied), ["~ membership_type academia"]);

    // An unused type goes, one that organizations have does not, unless the same files give them another.
    let others: Vec<Value> = all
        .iter()
        .filter(|it| it["id"] != "sector_member" && it["id"] != "associate")
        .cloned()
        .collect();
    let without = json!({ "membership_types": others });
    let refused = op
        .apply(&given(&without), Unnamed::Pruned)
        .await
        .expect_err("refused")
        .to_string();
    assert!(
        refused.contains("sector_member is missing, and cannot be removed"),
        "{refused}"
    );
    let mut both = given(&without);
    both.insert(
        "organizations.csv".into(),
        b"id,membership_type\ntelco,academia\nofcom,member_state\nunhq,un_organization\nshop,non_member\n"
            .to_vec(),
    );
    let applied = op.apply(&both, Unnamed::Pruned).await.expect("applied");
    assert_eq!(
        lines(&applied),
        [
            "~ membership_type academia",
            "- membership_type sector_member",
            "- membership_type associate",
            "~ organization telco"
        ]
    );
    let types = organizations::types_in_use(op.app.db.read())
        .await
        .expect("types");
    assert!(!types.iter().any(|it| it.as_str() == "sector_member"));
}

#[tokio::test]
async fn a_secret_goes_along_as_its_digest() {
    // AD-2
    let (op, other) = (TestOp::start().await, TestOp::start().await);
    let given = json!({"clients": [{"client_id": "shop", "client_name": "Shop", "client_secret_env": "SHOP",
        "redirect_uris": ["https://shop.example/cb"]}]});
    op.applies(&[("clients.json", &given.to_string())]).await;
    let exported = op.export().await;
    let text = String::from_utf8(exported["clients.json"].clone()).expect("UTF-8");
    assert!(
        !text.contains(SECRET) && text.contains(Secret::new(SECRET).digest().as_str()),
        "{text}"
    );
    other.apply(&exported, Unnamed::Kept).await.expect("applied");
    let secrets = async |op: &TestOp| {
        let shop = clients::find(&op.app, &ClientId::new("shop"))
            .await
            .expect("a client");
        let digests = shop
            .secrets
            .into_iter()
            .map(|it| (it.digest, it.expires_at.is_some()));
        digests.collect::<Vec<_>>()
    };
    assert_eq!(secrets(&other).await, [(Secret::new(SECRET).digest(), false)]);

    // Another one replaces it, and both work for a while.
    let another = Secret::new("another-secret-of-32-characters-").digest();
    let changed = text.replace(Secret::new(SECRET).digest().as_str(), another.as_str());
    other.applies(&[("clients.json", &changed)]).await;
    assert_eq!(
        secrets(&other).await,
        [(Secret::new(SECRET).digest(), true), (another, false)]
    );
}

#[tokio::test]
async fn organizations_that_the_file_does_not_name_can_end() {
    let op = TestOp::start_with_directory().await;
    let operator = Context::operator();
    op.insert_person_as_focal_point("mina", "telco").await;
    let file = b"id,name\nofcom,Ofcom\nunhq,United Nations\nshop,Corner Shop\n";
    let preview = csv::preview(&op.app, &operator, file, Unnamed::Pruned)
        .await
        .expect("said");
    let said: Vec<_> = preview
        .differences
        .iter()
        .map(|it| (it.id.as_str(), it.effect, it.people))
        .collect();
    assert_eq!(
        said,
        [("ofcom", Effect::Changed, 0), ("telco", Effect::Pruned, 1)]
    );
    let done = csv::import_with(&op.app, &operator, file, Unnamed::Pruned)
        .await
        .expect("done");
    assert_eq!((done, preview.counts), (preview.counts, done));
    let again = csv::preview(&op.app, &operator, file, Unnamed::Pruned)
        .await
        .expect("said");
    assert_eq!(again.differences, []);
    let stranger = crate::affiliations::context("alice", Role::User);
    assert!(
        csv::preview(&op.app, &stranger, file, Unnamed::Kept)
            .await
            .is_err()
    );
}
