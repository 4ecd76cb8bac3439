//! Tests codes, names, websites and searches as people type them.

use itu_account::affiliations::directory::search_words;
use sea_orm::ConnectionTrait;

use super::*;

#[tokio::test]
async fn a_code_is_read_as_people_type_it_and_no_slip_costs_an_attempt() {
    let op = TestOp::start().await;
    let mut zoe = op.visitor("zoe@example.org");
    let page = zoe.browser.get("/signup").await;
    let page = zoe.enters_details(page).await;
    let form = page.form(&["membership_type", "organization_query"]);
    let form = zoe
        .browser
        .submit(form.press("action", "new"), &[("membership_type", "academia")])
        .await
        .form(&["organization_name"]);
    let fields = [
        ("member_state", "CH"),
        ("organization_name", "My Own Lab"),
        ("accept_terms", "on"),
    ];
    let mut page = zoe.browser.submit(form.press("action", "create"), &fields).await;
    let code = op.outbox().code(&zoe.email).await;

    // SU-4: text that cannot be a code is not counted as an attempt, however often it is sent.
    for slip in [
        "",
        "1234567",
        "my code",
        "123456789",
        "12345678?",
        "zoe@example.org",
        "1234 567 O",
    ] {
        page = zoe.enters_code(page, slip).await;
        assert!(page.has("#code-error"), "{slip}: {}", page.text());
    }
    let wrong = code.chars().rev().collect::<String>();
    let wrong = if wrong == code {
        "00000000".to_owned()
    } else {
        wrong
    };
    page = zoe.enters_code(page, &wrong).await;
    assert!(
        page.text_of("#code-error").contains("4 attempts left"),
        "{}",
        page.text()
    ); // SU-3

    // A request for another code within the minute gets a page that says how long to wait.
    op.advance(7);
    let resend = page.find_form_at("/signup/verify/resend").expect("a second form");
    page = zoe.browser.send(resend).await;
    assert!(
        page.text_of("#code-state").contains("53 seconds"),
        "{}",
        page.text()
    ); // SU-3

    // The code is typed in Arabic-Indic digits in groups, between marks of direction.
    let typed: String = code
        .bytes()
        .map(|b| char::from_u32(0x0660 + u32::from(b - b'0')).expect("a digit"))
        .collect();
    let (one, other) = typed.split_at(typed.len() / 2);
    let done = zoe
        .enters_code(page, &format!("\u{200F} {one}\u{A0}–\u{2011}{other}\u{200E}"))
        .await;
    assert!(done.text().contains("Thank you"), "{}", done.text());
}

#[tokio::test]
async fn a_person_with_one_name_signs_up_and_is_called_by_it() {
    let op = TestOp::start().await;
    let mut rp = op.client("events").await;
    let mut one = op.visitor("suharto@example.org");
    let password = one.password.clone();
    let form = one.browser.get("/signup").await.form(&["single_name"]);
    let fields = [
        ("email", "suharto@example.org"),
        ("single_name", "on"),
        ("password", &password),
        ("password_confirmation", &password),
        ("gender", "male"),
        ("job_title", "Engineer"),
        ("professional_role", "technical"),
    ];
    let wrong = one.browser.submit(form, &fields).await;
    assert_eq!(wrong.field_errors(), ["last_name"], "{}", wrong.text());
    assert!(wrong.text_of("title").starts_with("Error:") && wrong.has("#form-notice a[href='#last_name']"));
    let mut fields = fields.to_vec();
    fields.push(("last_name", "Suharto"));
    let page = one.browser.submit(wrong.form(&["single_name"]), &fields).await;
    let form = page.form(&["membership_type", "organization_query"]);
    let page = one
        .browser
        .submit(form.press("action", "new"), &[("membership_type", "academia")])
        .await;
    let fields = [
        ("member_state", "CH"),
        ("organization_name", "My Own Lab"),
        ("organization_website", "lab.example.org/about"),
        ("accept_terms", "on"),
    ];
    let form = page.form(&["organization_name"]);
    let verify = one.browser.submit(form.press("action", "create"), &fields).await;
    let done = one.enters_code(verify, &op.outbox().code(&one.email).await).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());

    let code = one.logs_in_at(&mut rp, "openid profile").await;
    let tokens = rp.redeems(&code).await.expect("tokens");
    let claims = rp.claims(&tokens.access_token).await;
    assert_eq!(
        (&claims["name"], &claims["family_name"]),
        (&"Suharto".into(), &"Suharto".into())
    );
    assert!(claims.get("given_name").is_none(), "{claims}");

    // The profile keeps the tick, and gives it up.
    let page = one.browser.get("/account/profile").await;
    assert!(
        page.has("#single_name[checked]") && page.text_of("#person") == "Suharto",
        "{}",
        page.text()
    );
    let mut form = page.form(&["first_name", "newsletter"]);
    form.fields.retain(|(name, _)| name != "single_name");
    let saved = one.browser.submit(form, &[("first_name", "Haji")]).await;
    assert!(
        saved.status.is_success() && saved.text_of("#person") == "Haji Suharto",
        "{}",
        saved.text()
    );

    // A website typed without https:// is accepted.
    let db = &op.app.db;
    let filter = organizations::Filter {
        statuses: vec![OrganizationStatus::Proposed],
        ..organizations::Filter::default()
    };
    let (found, _) = organizations::search(db, &filter, 0, 5).await.expect("a search");
    assert_eq!(found[0].website.as_deref(), Some("https://lab.example.org/about"));
}

#[tokio::test]
async fn the_search_finds_what_a_plain_keyboard_types() {
    let op = TestOp::start().await;
    for (id, name) in [
        ("pl", "Instytut Łączności"),
        ("de", "Straßenbauamt"),
        ("dk", "Ørsund Tele"),
        ("ie", "O'Hara Networks"),
        ("cn", "东方通信研究所（北京）"),
        ("eg", "وزارة الاتصالات"),
        ("th", "สำนักงานคณะกรรมการกิจการกระจายเสียง"),
    ] {
        op.insert_organization(id, name, "member_state").await;
    }
    let mut browser = op.browser();
    for (typed, id) in [
        ("Lacznosci", "pl"),
        ("strasse", "de"),
        ("orsund", "dk"),
        ("ohara", "ie"),
        ("通信", "cn"),
        ("اتصالات", "eg"),
        ("คณะกรรมการ", "th"),
    ] {
        let page = browser
            .get(&format!(
                "/organizations/search?q={typed}&membership_type=member_state&member_state=CH"
            ))
            .await;
        assert!(
            page.body.contains(&format!("\"id\":\"{id}\"")),
            "{typed}: {}",
            page.body
        );
        let directory = browser.get(&format!("/members?q={typed}")).await;
        assert!(
            directory.has("#organizations li"),
            "{typed}: {}",
            directory.text()
        );
    }
    // Rows of an older fold are folded again by a job.
    let db = &op.app.db;
    for old in [
        "DELETE FROM organization_words WHERE organization_id = 'pl'",
        "UPDATE organizations SET search_fold = 0",
    ] {
        db.execute_unprepared(old).await.expect("an older release");
    }
    let search = "/organizations/search?q=lacznosci&membership_type=member_state&member_state=CH";
    assert_eq!(browser.get(search).await.body, "[]");
    let organizations = search_words::write_missing(&op.app).await.expect("a fold");
    assert!(organizations > 1);
    assert_eq!(search_words::write_missing(&op.app).await.expect("nothing"), 0);
    assert!(browser.get(search).await.body.contains("\"id\":\"pl\""));
}
