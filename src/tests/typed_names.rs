//! Tests names as people's keyboards and spreadsheets give them (security.md DR-5): at the sign-up and in files.

use crate::support::TestOp;
use itu_account::affiliations::accounts_export::{self, Hashes};
use itu_account::affiliations::accounts_import::Mode;
use itu_account::affiliations::directory::csv;
use itu_account::domain::actor::Context;

const FIELDS: [(&str, &str); 7] = [
    ("last_name", "Person"),
    ("password", "Quiet-lamp-42"),
    ("password_confirmation", "Quiet-lamp-42"),
    ("gender", "female"),
    ("job_title", "Ingénieure\u{202F}– réseaux"),
    ("professional_role", "technical"),
    ("email", "marie@example.org"),
];

#[tokio::test]
async fn another_shape_of_a_name_signs_up() {
    let op = TestOp::start().await;
    for name in [
        "Marie\u{A0}Ange",
        "\u{200E}علی\u{200C}رضا ",
        "Ｍａｒｉｅ",
        "Na‑Yeon",
    ] {
        let mut browser = op.browser();
        let form = browser.get("/signup").await.form(&["first_name"]);
        let fields = [("first_name", name)]
            .iter()
            .chain(&FIELDS)
            .copied()
            .collect::<Vec<_>>();
        let next = browser.submit(form, &fields).await;
        assert_eq!(
            next.url.path(),
            "/signup/organization",
            "{name:?}: {}",
            next.text()
        ); // DR-5
    }
}

#[tokio::test]
async fn a_refused_name_is_shown_with_character_and_position() {
    let op = TestOp::start().await;
    for (name, message) in [
        ("Ann<a>", "Character 4, < (U+003C)"),
        ("An\u{200B}na", "Character 3, U+200B"),
        ("Аnna", "Character 2, n (U+006E)"), // a Cyrillic А
    ] {
        let mut browser = op.browser();
        let form = browser.get("/signup").await.form(&["first_name"]);
        let fields = [("first_name", name)]
            .iter()
            .chain(&FIELDS)
            .copied()
            .collect::<Vec<_>>();
        let page = browser.submit(form, &fields).await;
        assert!(
            page.text_of("#first_name-error").contains(message),
            "{}",
            page.text()
        ); // DR-5
    }
}

#[tokio::test]
async fn a_refused_row_names_the_character_and_hides_no_other() {
    let op = TestOp::start().await;
    let file = "id,name,acronym,membership_type\n\
                a,AK텔레콤,,non_member\n\
                b,Acme<b>,,non_member\n\
                c,东方通信研究所（北京）,,non_member\n\
                d d,Delta,,non_member\n\
                e,Pаypal,,non_member\n";
    let refused = csv::import(&op.app, &Context::operator(), file.as_bytes()).await;
    let report = refused.expect_err("three wrong rows").to_string();
    assert_eq!(report.lines().count(), 3, "{report}"); // DR-5
    assert!(
        report.contains("line 3: name has a character that cannot be used here: < (U+003C), at position 5"),
        "{report}"
    );
    assert!(
        report.contains("line 5: id ") && report.contains("line 6: name has a letter of another script"),
        "{report}"
    );

    let good = file
        .lines()
        .filter(|it| it.contains("텔레콤") || it.contains("东方") || it.starts_with("id"));
    let good = good.collect::<Vec<_>>().join("\n");
    let imported = csv::import(&op.app, &Context::operator(), good.as_bytes()).await;
    assert_eq!(imported.expect("good rows").created, 2);
    let found = op
        .browser()
        .get("/organizations/search?q=东方&membership_type=non_member")
        .await;
    assert!(found.body.contains("东方通信研究所(北京)"), "{}", found.body);

    let people = "email,first_name,last_name,organization_id,affiliation_status\n\
                  a@example.org,Marie\u{A0}Ange,Dupont,,\n\
                  b@example.org,Bob|,Builder,,\n\
                  c@example.org,Carl,Ceder,nowhere,approved\n";
    let report = op.import_csv(people, Mode::All).await;
    let problems: Vec<_> = report.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems[0]
            .contains("first_name: has a character that cannot be used here: | (U+007C), at position 4"),
        "{problems:?}"
    );
    assert!(problems[1].starts_with("line 4: organization_id"), "{problems:?}");

    let one = "email,first_name,last_name\nd@example.org,,Suharto\n";
    assert_eq!(op.import_csv(one, Mode::All).await.imported, 1);
    let accounts_export::Page { rows, .. } = accounts_export::page(&op.app, "", Hashes::None)
        .await
        .expect("an export");
    assert!(
        rows.iter()
            .any(|it| it.first_name.is_empty() && it.last_name == "Suharto"),
        "{rows:?}"
    );
}
