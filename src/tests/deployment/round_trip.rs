//! Tests that what is exported makes the same deployment of an empty database, over generated clients and organizations.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::{STARTUPS, files};
use crate::support::TestOp;
use itu_account::domain::difference::Unnamed;

/// Returns names with what a table has to quote, and in several scripts.
fn name() -> impl Strategy<Value = String> {
    let words = vec![
        "Télécom",
        "Организация",
        "国际电联",
        "Société",
        "\"Quoted\"",
        "A; B, C",
    ];
    let rest = "[ A-Za-z\"',;.&-]{0,18}[A-Za-z0-9\"]";
    (prop::sample::select(words), rest).prop_map(|(word, rest)| format!("{word} {rest}"))
}

fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Returns the table of some organizations, in which no two have the same id.
fn organizations_csv() -> impl Strategy<Value = String> {
    let row = (
        (
            "[A-Za-z0-9._-]{1,12}",
            name(),
            prop::option::of("[A-Z][A-Z0-9.-]{0,6}[A-Z]"),
        ),
        prop::sample::select(vec![
            "member_state",
            "sector_member",
            "academia",
            "non_member",
            "startup",
        ]),
        prop::sample::select(vec!["ADMIN", "ROA", "SIO", "OTHER"]),
        prop::sample::subsequence(vec!["R", "T", "D"], 0..=3),
        prop::sample::select(vec!["CH", "FR", "ZZ", ""]),
        prop::sample::select(vec!["active", "suspended", "ended"]),
        prop::option::of(1..=28_u32),
        prop::sample::subsequence(vec!["a.example", "b.example", "xn--bcher-kva.example"], 0..=3),
    );
    prop::collection::vec(row, 0..40).prop_map(|all| {
        let mut table = String::from(
            "id,name,acronym,membership_type,category,sectors,member_state,website,status,valid_from,valid_until,email_domains\n",
        );
        let all: BTreeMap<_, _> = all.into_iter().map(|it| (it.0.0.clone(), it)).collect();
        for (id, ((_, name, acronym), its_type, category, sectors, country, status, day, domains)) in all {
            let acronym = acronym.unwrap_or_default();
            let from = day.map(|it| format!("2020-02-{it:02}")).unwrap_or_default();
            let until = day.map(|it| format!("2090-03-{it:02}")).unwrap_or_default();
            let cells = [cell(&name), acronym, its_type.into(), category.into(), sectors.join(";"), country.into()];
            let website = if day.is_some() { "https://www.example/a?b=c" } else { "" };
            table += &format!("{id},{},{website},{status},{from},{until},{}\n", cells.join(","), domains.join(";"));
        }
        table
    })
}

fn clients_json() -> impl Strategy<Value = String> {
    let client = (
        "[A-Za-z][A-Za-z0-9_]{2,12}",
        "[A-Z][a-z]{1,8}( [A-Z][a-z]{1,8}){0,2}",
        prop::collection::vec("[a-z]{1,8}", 1..4),
        prop::sample::subsequence(
            vec!["profile", "email", "itu_membership", "offline_access"],
            0..=4,
        ),
        (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()),
        prop::sample::subsequence(vec!["member_state", "academia"], 0..=2),
    );
    prop::collection::vec(client, 0..12).prop_map(|all| {
        let all: BTreeMap<_, _> = all.into_iter().map(|it| (it.0.clone(), it)).collect();
        let clients = all.into_values().map(|(id, name, paths, scopes, flags, types)| {
            let (is_public, enabled, first_party, jwt) = flags;
            let mut client = json!({
                "client_id": id,
                "client_name": name,
                "enabled": enabled,
                "redirect_uris": paths.iter().map(|it| format!("https://{id}.example/{it}").to_lowercase()).collect::<Vec<_>>(),
                "scope": format!("openid {}", scopes.join(" ")),
                "grant_types": if scopes.contains(&"offline_access") {
                    vec!["authorization_code", "refresh_token"]
                } else {
                    vec!["authorization_code"]
                },
                "first_party": first_party,
                "access_token_format": if jwt { "jwt" } else { "opaque" },
                "access_policy": { "membership_types": types },
            });
            if is_public {
                client["token_endpoint_auth_method"] = json!("none");
                client["pkce"] = json!("required");
            } else {
                client["client_secret_env"] = json!("SECRET");
            }
            client
        });
        json!({ "clients": clients.collect::<Vec<Value>>() }).to_string()
    })
}

#[tokio::test]
async fn what_is_exported_makes_the_same_deployment_of_an_empty_database() {
    let all = (organizations_csv(), clients_json(), any::<bool>());
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut organizations, mut clients) = (0, 0);
    for case in 0..8 {
        let (table, document, has_right) = all.new_tree(&mut runner).expect("a case").current();
        let about = format!("{case}: {table}\n{document}");
        let mut given = vec![
            ("membership-types.json", STARTUPS),
            ("organizations.csv", &table),
            ("clients.json", &document),
        ];
        if has_right {
            given.push((
                "rights.json",
                r#"{"rights": [{"name": "archive", "names": {"en": "Archive"}}]}"#,
            ));
        }
        let (op, other) = (TestOp::start().await, TestOp::start().await);
        op.apply(&files(&given), Unnamed::Kept)
            .await
            .unwrap_or_else(|it| panic!("{it}\n{about}"));

        let exported = op.export().await;
        let first = other
            .apply(&exported, Unnamed::Kept)
            .await
            .unwrap_or_else(|it| panic!("{it}\n{about}"));
        let again = other.export().await;
        for (name, file) in &exported {
            let (file, again) = (
                String::from_utf8_lossy(file),
                String::from_utf8_lossy(&again[name]),
            );
            assert_eq!(file, again, "{name} of {about}");
        }
        assert_eq!(exported.len(), again.len());
        assert!(!first.differences.is_empty());

        // Neither has anything to do, also if what the files do not name were to go.
        for op in [&op, &other] {
            let second = op.apply(&exported, Unnamed::Pruned).await;
            let is_empty = document == r#"{"clients":[]}"# || table.lines().count() == 1;
            match second {
                Ok(second) => assert_eq!(second.differences, [], "{about}"),
                Err(error) => assert!(is_empty, "{error}\n{about}"),
            }
            let second = op.apply(&exported, Unnamed::Kept).await.expect("applied");
            assert_eq!(second.differences, [], "{about}");
        }
        organizations += table.lines().count() - 1;
        clients += document.matches("client_id").count();
    }
    assert!(organizations > 50 && clients > 15, "{organizations} {clients}");
}
