//! The people of the walk over all forms, each where some forms are open to them.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

use crate::account_deletion::deletes;
use crate::ciba::bank;
use crate::journeys::joining_an_organization::every_form::{DETAILS, Fields, LISTED, post, typed};
use crate::journeys::joining_an_organization::{focal_point, member};
use crate::journeys::second_factor::offering::is_offered;
use crate::journeys::second_factor::passkeys::with_passkey;
use crate::journeys::second_factor::sets_up;
use crate::support::{ISSUER, Person, TestOp};
use itu_account::accounts::assisted_recovery;
use itu_account::accounts::stop_link::WEEKLY_DIGEST;
use itu_account::domain::ClientId;
use itu_account::domain::actor::{Actor, Context};
use itu_account::domain::role::Role;
use itu_account::domain::scim_target::ProvisionedPeople;
use itu_account::domain::secret::Secret;
use itu_account::oidc::clients::{self, Whom};
use itu_account::oidc::shared_signals::{self, NewScimTarget, NewWebhook};
use itu_account::storage::outbox::{self, NewMail, TooOld};

pub struct Cast {
    pub op: TestOp,
    pub people: BTreeMap<&'static str, Person>,
    /// The pages to open, each with the person who can open it.
    pub pages: Vec<(&'static str, String)>,
}

impl Cast {
    pub fn person(&mut self, who: &str) -> &mut Person {
        self.people.get_mut(who).expect("somebody of the cast")
    }
}

pub async fn cast() -> Cast {
    let op = TestOp::start().await;
    op.insert_organization("ofcom", "Federal Office of Communications", "member_state")
        .await;
    op.insert_organization("telco", "Telco", "sector_member").await;
    // A person has lost every second factor: one administrator has asked for the recovery of the account, and another was
    // confirmed and can be stopped. The clock moves on before anybody who walks logs in.
    let [asked_for, waiting] = [
        recovery(&op, "lost@example.org", false).await,
        recovery(&op, "lost-too@example.org", true).await,
    ];
    let mut forgetful = op.person("forgetful@example.org").await;
    sets_up(&op, &mut forgetful).await;
    let (focal_point, ..) = focal_point(&op, "fp@ofcom.example", "ofcom").await;
    let (_, _, pending) = member(&op, "pending@ofcom.example", "ofcom", false).await;
    let (_, _, chosen) = member(&op, "chosen@ofcom.example", "ofcom", false).await;
    let (_, _, orphan) = member(&op, "pending@telco.example", "telco", false).await;
    let (mut user, ..) = member(&op, "user@ofcom.example", "ofcom", true).await;
    // The service has access, which can be withdrawn.
    let mut shop = op.client_with("shop", json!({"first_party": false})).await;
    user.logs_in_at(&mut shop, "openid email").await;
    let (_, account, colleague) = member(&op, "colleague@ofcom.example", "ofcom", true).await;
    let (_, substitute, _) = member(&op, "substitute@ofcom.example", "ofcom", true).await;
    let today = op.now().date_naive();
    let mut administrator = op.person_with("admin@itu.example", Role::Administrator).await;
    administrator.logs_in().await;
    let mut rp = op.client("events").await;
    // A service that the administrator walks over, up to its end.
    op.client("doomed").await;
    op.person("patron@example.org").await;
    op.person("sponsor@example.org").await;
    let [patron, sponsor] = [
        op.find_account("patron@example.org").await.id,
        op.find_account("sponsor@example.org").await.id,
    ];
    let shop_id = ClientId::new("shop");
    let owned = clients::add_owner(&op.app, &Context::operator(), &shop_id, &Whom::Account(&patron)).await;
    owned.expect("an owner");
    let webhook = NewWebhook {
        client: ClientId::new("shop"),
        endpoint: "https://shop.example.test/hear".into(),
        kinds: vec![],
        description: "the shop".into(),
    };
    let webhook = shared_signals::add_webhook(&op.app, &Context::operator(), webhook).await;
    let webhook = webhook.expect("a webhook").receiver.id;
    let target = NewScimTarget {
        client: ClientId::new("shop"),
        endpoint: "https://shop.example.test/scim/v2".into(),
        token: Secret::new("of-the-shop"),
        people: ProvisionedPeople::Used,
        description: "the users".into(),
    };
    let target = shared_signals::add_scim_target(&op.app, &Context::operator(), target).await;
    let target = target.expect("a target").id;
    let mut visitor = op.visitor("zoe@example.org");
    // The sign-up is pending, up to the code.
    visitor.browser.get(&rp.authorization_url("openid", &[])).await;
    let [accepted, rejected, merged] = [
        propose(&op, "Telco Laboratory").await,
        propose(&op, "Telco Academy").await,
        propose(&op, "Telco Museum").await,
    ];
    let newcomer = taken_over(&op, "newcomer@example.org").await;
    let mut chooser = op.visitor("zoe@example.org");
    signs_up(&mut chooser, DETAILS, "/signup/organization").await;
    let mut verifier = op.visitor("yan@example.org");
    signs_up(&mut verifier, DETAILS, "/signup/organization").await;
    let page = post(&mut verifier, "/signup/organization", &typed(LISTED)).await;
    assert_eq!(page.url.path(), "/signup/verify", "{}", page.text());
    let mut guarded = op.person("guarded@example.org").await;
    sets_up(&op, &mut guarded).await;
    let mut stranger = op.client_with("stranger", json!({"first_party": false})).await;
    let (guest, consent) = asked(
        &op,
        "guest",
        stranger.authorization_url("openid email", &[]),
        "/consent",
    )
    .await;
    let choose = rp.authorization_url("openid", &[("prompt", "select_account")]);
    let (picker, selection) = asked(&op, "picker", choose, "/select-account").await;
    let policy = json!({"access_policy": {"affiliation": "approved"}});
    let mut members_only = op.client_with("members-only", policy).await;
    let refusal = members_only.authorization_url("openid", &[]);
    let (outsider, refusal) = asked(&op, "outsider", refusal, "/access-refused").await;
    // A service asks from elsewhere.
    let mut customer = op.person("customer@example.org").await;
    customer.logs_in().await;
    bank(&op).await.is_given("customer@example.org", &[]).await;
    let (keyed, _) = with_passkey(&op, "keyed@example.org").await;
    let lagging = with_old_terms(&op, "lagging@example.org").await;
    // A person has forgotten the password, and uses the link of the mail.
    op.person("bob@example.org").await;
    post(&mut visitor, "/forgot-password", &[("email", "bob@example.org")]).await;
    let link = op.outbox().link("bob@example.org", "/reset-password").await;
    visitor.browser.get(&link).await;
    // A change of the address is pending, and another can be undone.
    let mut mover = op.person("mover@example.org").await;
    wants(&mut mover, "mover@new.example").await;
    let mut moved = op.person("moved@example.org").await;
    wants(&mut moved, "moved@new.example").await;
    let code = op.outbox().code("moved@new.example").await;
    let form = moved.browser.get("/account/email").await.form(&["code"]);
    let form = form.press("action", "confirm");
    moved.browser.submit(form, &[("code", &code)]).await;
    let link = op.outbox().link("moved@example.org", "/account/email/undo").await;
    visitor.browser.get(&link).await;
    // Another person has a mail about a login that was not theirs.
    let mut robbed = op.person("robbed@example.org").await;
    robbed.logs_in().await;
    let link = op.outbox().link("robbed@example.org", "/account/not-me").await;
    visitor.browser.get(&link).await;
    let link = op.outbox().link("lost-too@example.org", "/recovery/stop").await;
    visitor.browser.get(&link).await;
    let mut offered = op.person("offered@example.org").await;
    is_offered(&mut offered).await;
    // A person is about to delete the account; another has, and a third has a link that keeps it.
    let mut goner = op.person("goner@example.org").await;
    goner.logs_in().await;
    let mut leaver = op.person("leaver@example.org").await;
    leaver.logs_in().await;
    deletes(&mut leaver).await;
    leaver.logs_in().await;
    let mut regretful = op.person("regretful@example.org").await;
    regretful.logs_in().await;
    deletes(&mut regretful).await;
    let link = op
        .outbox()
        .link("regretful@example.org", "/account/delete/stop")
        .await;
    visitor.browser.get(&link).await;
    // A person who subscribed to the newsletter has the mail about it, and has stopped it before in another browser.
    let mut reader = op.person("reader@example.org").await;
    reader.logs_in().await;
    let form = reader.browser.get("/account/profile").await.form(&["newsletter"]);
    reader.browser.submit(form, &[("newsletter", "on")]).await;
    let link = op.outbox().link("reader@example.org", "/newsletter/stop").await;
    visitor.browser.get(&link).await;
    // A Focal Point's weekly digest has come, and is opened in this browser, too.
    let holder = op.find_account("fp@ofcom.example").await.id;
    let token = WEEKLY_DIGEST.token(&op.app, &holder);
    visitor.browser.get(&format!("/weekly-digest/stop/{token}")).await;
    // Another subscriber's subscription is ended by an administrator.
    let mut subscriber = op.person("subscriber@example.org").await;
    subscriber.logs_in().await;
    let form = subscriber
        .browser
        .get("/account/profile")
        .await
        .form(&["newsletter"]);
    subscriber.browser.submit(form, &[("newsletter", "on")]).await;
    let subscriber = op.find_account(&subscriber.email).await.id;
    let helped = op.person("helped@example.org").await;
    let helped = op.find_account(&helped.email).await.id;
    for id in ["lost", "lost-too"] {
        gives_up_a_mail(&op, id).await;
    }
    // The administrator has pasted a table, which waits.
    let form = administrator.browser.get("/admin/organizations/import").await;
    let table = [("table", "id,acronym\ntelco,TC\n")];
    let waiting_table = administrator.browser.submit(form.form(&["table"]), &table).await;
    let waiting_table = format!(
        "{}?{}",
        waiting_table.url.path(),
        waiting_table.url.query().unwrap_or_default()
    );
    publishes_terms(&mut administrator, "2027-07", "2027-07-01").await;
    let of = |who, path: &str| (who, path.to_owned());
    let pages = vec![
        of("visitor", "/login"),
        of("visitor", "/signup"),
        of("visitor", "/reset-password"),
        of("visitor", "/forgot-password"),
        of("visitor", "/account/email/undo"),
        of("visitor", "/account/not-me"),
        of("visitor", "/account/delete/stop"),
        of("goner", "/account/delete"),
        of("leaver", "/login/keep-account"),
        of("visitor", "/newsletter/stop"),
        of("visitor", "/weekly-digest/stop"),
        of("visitor", "/recovery/stop"),
        of("mover", "/account/email"),
        of("chooser", "/signup/organization"),
        of("verifier", "/signup/verify"),
        ("guest", consent),
        ("picker", selection),
        ("outsider", refusal),
        of("customer", "/account/requests"),
        of("keyed", "/account/security/passkeys"),
        of("offered", "/login/passkey/offer"),
        of("lagging", "/terms/accept"),
        of("guarded", "/account/security/recovery-codes"),
        of("guarded", "/account/security/totp"),
        of("guarded", "/account/security/totp/confirm"),
        of("newcomer", "/login/verify-email"),
        of("user", "/reauthenticate"),
        of("user", "/logout"),
        of("user", "/device"),
        of("user", "/account/profile"),
        of("user", "/account/email"),
        of("user", "/account/organization"),
        of("user", "/account/organization/change"),
        of("user", "/account/security/password"),
        of("user", "/account/security/totp"),
        of("user", "/account/security/passkeys"),
        of("user", "/account/services"),
        of("user", "/account/sessions"),
        of("user", "/account/data"),
        of("focal point", "/focal-point/ofcom/requests"),
        ("focal point", format!("/focal-point/ofcom/requests/{pending}")),
        (
            "focal point",
            format!("/focal-point/ofcom/requests/confirm?decision=reject&requests={chosen}"),
        ),
        of("focal point", "/focal-point/ofcom/ties"),
        (
            "focal point",
            format!("/focal-point/ofcom/ties/confirm?decision=grant&cells={colleague}:mailing_lists"),
        ),
        of("focal point", "/focal-point/ofcom/office"),
        (
            "focal point",
            format!(
                "/focal-point/ofcom/office/confirm?action=name&account_id={substitute}&from={today}&until={today}"
            ),
        ),
        ("focal point", format!("/focal-point/ofcom/people/{account}")),
        ("administrator", format!("/admin/requests/{orphan}")),
        of("administrator", "/admin/organizations/ofcom"),
        of("administrator", "/admin/organizations/ofcom/edit"),
        of("administrator", "/admin/organizations/import"),
        ("administrator", waiting_table),
        of("administrator", "/admin/terms/new"),
        of("administrator", "/admin/terms/terms/2027-07"),
        of("administrator", "/admin/keys"),
        of("administrator", "/admin/mail/lost"),
        of("administrator", "/admin/mail"),
        (
            "administrator",
            format!("/admin/keys/{}", op.app.keys.rows()[0].kid),
        ),
        of("administrator", "/admin/clients/new"),
        of("administrator", "/admin/clients/shop/events"),
        ("administrator", format!("/admin/clients/shop/events/{webhook}")),
        of("administrator", "/admin/clients/shop/owners"),
        (
            "administrator",
            format!("/admin/clients/shop/owners/confirm?action=name&account_id={sponsor}"),
        ),
        of("administrator", "/admin/clients/shop/scim-target"),
        (
            "administrator",
            format!("/admin/clients/shop/events/{target}/token"),
        ),
        of("administrator", "/admin/clients/shop/test"),
        of("administrator", "/admin/clients/doomed/edit"),
        of("administrator", "/admin/clients/doomed"),
        of("administrator", "/admin/recoveries?email=forgetful@example.org"),
        ("administrator", format!("/admin/accounts/{helped}")),
        (
            "administrator",
            format!("/admin/newsletter/confirm?account={subscriber}"),
        ),
        ("administrator", format!("/admin/recoveries/{asked_for}")),
        ("administrator", format!("/admin/recoveries/{waiting}")),
        ("administrator", format!("/admin/proposals/{accepted}")),
        (
            "administrator",
            format!("/admin/proposals/{rejected}/confirm?decision=reject"),
        ),
        (
            "administrator",
            format!("/admin/proposals/{merged}/confirm?decision=merge&organization_id=telco"),
        ),
    ];
    let people = BTreeMap::from([
        ("visitor", visitor),
        ("chooser", chooser),
        ("verifier", verifier),
        ("guest", guest),
        ("picker", picker),
        ("outsider", outsider),
        ("customer", customer),
        ("keyed", keyed),
        ("offered", offered),
        ("guarded", guarded),
        ("lagging", lagging),
        ("newcomer", newcomer),
        ("mover", mover),
        ("goner", goner),
        ("leaver", leaver),
        ("user", user),
        ("focal point", focal_point),
        ("administrator", administrator),
    ]);
    Cast { op, people, pages }
}

/// Publishes Terms of Use whose day is to come.
async fn publishes_terms(administrator: &mut Person, version: &str, day: &str) {
    let form = administrator.browser.get("/admin/terms/new").await;
    let typed = [
        ("kind", "terms"),
        ("version", version),
        ("effective", day),
        ("texts.en.changed", "All of it."),
        ("texts.en.text", version),
    ];
    let form = form.form(&["texts.en.text"]);
    let page = administrator.browser.submit(form, &typed).await;
    assert_eq!(page.url.path(), "/admin/terms/new/confirm", "{}", page.text());
    administrator.browser.send(page.form(&["seen"])).await;
}

/// Writes a mail that the server refused for good.
async fn gives_up_a_mail(op: &TestOp, id: &str) {
    let (db, now) = (&op.app.db, op.now());
    let mail = NewMail {
        id,
        kind: "account_exists",
        recipient: "nobody@example.org",
        account: None,
        subject: "Your account",
        text: "text",
        html: "<p>",
        due_at: now,
        void_at: None,
        unsubscribe: None,
    };
    outbox::insert(db, now, mail).await.expect("a mail");
    let too_old = TooOld {
        queued: now,
        created: now,
    };
    let failed = outbox::mark_failed(db, id, now, None, too_old, "550 no such user").await;
    failed.expect("given up");
}

/// Asks for the recovery of a person who has lost an app, and confirms it, as two administrators of whom none walks. Returns
/// its identifier.
async fn recovery(op: &TestOp, email: &str, is_confirmed: bool) -> String {
    let mut person = op.person(email).await;
    sets_up(op, &mut person).await;
    let account = op.find_account(email).await.id;
    let by = async |name: &str| {
        let email = format!("{name}-{email}");
        op.person_with(&email, Role::Administrator).await;
        let mut context = Context::of(Actor::Person {
            account: op.find_account(&email).await.id,
            role: Role::Administrator,
        });
        context.authenticated_at = Some(op.now());
        context
    };
    let id = assisted_recovery::request(&op.app, &by("one").await, &account, "Called back").await;
    let id = id.expect("a request");
    if is_confirmed {
        let confirmed = assisted_recovery::confirm(&op.app, &by("two").await, &id).await;
        confirmed.expect("a confirmation");
    }
    id
}

/// Returns somebody logged in, brought by a service to the page that asks them, and the page's address.
async fn asked(op: &TestOp, name: &str, url: String, page: &str) -> (Person, String) {
    let mut person = op.person(&format!("{name}@example.org")).await;
    person.logs_in().await;
    op.advance(60); // a login within the same second counts as a choice
    let shown = person.browser.get(&url).await;
    assert_eq!(shown.url.path(), page, "{}", shown.text());
    let address = shown.url.as_str().trim_start_matches(ISSUER).to_owned();
    (person, address)
}

/// Logs in and asks for another address.
async fn wants(person: &mut Person, email: &str) {
    person.logs_in().await;
    let page = person.browser.get("/account/email").await;
    let form = page.form(&["email"]).press("action", "request");
    let page = person.browser.submit(form, &[("email", email)]).await;
    assert!(page.has("#pending-email"), "{}", page.text());
}

/// Returns a person logged in, who accepted Terms of Use that have been replaced.
async fn with_old_terms(op: &TestOp, email: &str) -> Person {
    let mut person = op.person(email).await;
    let old = format!("UPDATE accounts SET terms_version = '2001-01' WHERE email = '{email}'");
    op.app
        .db
        .execute_unprepared(&old)
        .await
        .expect("an older version");
    let page = person.logs_in().await;
    assert_eq!(page.url.path(), "/terms/accept", "{}", page.text());
    person
}

/// Returns a person logged in, with an address that is not verified here.
async fn taken_over(op: &TestOp, email: &str) -> Person {
    let mut person = op.person(email).await;
    crate::journeys::first_login::unverify(op, email).await;
    person.logs_in().await;
    person
}

async fn signs_up(person: &mut Person, fields: Fields, next: &str) {
    let mut values = typed(fields);
    values.retain(|(name, _)| *name != "email");
    let email = person.email.clone();
    values.push(("email", &email));
    let page = post(person, "/signup", &values).await;
    assert_eq!(page.url.path(), next, "{}", page.text());
}

/// Proposes a record as a person who typed it. Returns its identifier.
async fn propose(op: &TestOp, name: &str) -> String {
    let email = format!("{}@example.org", name.to_lowercase().replace(' ', "."));
    let mut person = op.person(&email).await;
    person.logs_in().await;
    let page = person.browser.get("/account/organization/change").await;
    let form = page.form(&["organization_query"]).press("action", "new");
    let page = person.browser.submit(form, &[("member_state", "CH")]).await;
    let form = page.form(&["organization_name"]).press("action", "create");
    let sent = person.browser.submit(form, &[("organization_name", name)]).await;
    assert_eq!(sent.url.path(), "/account/organization", "{}", sent.text());
    let query = format!("SELECT id FROM organizations WHERE name = '{name}'");
    let db = op.app.db.read();
    let query = Statement::from_string(db.get_database_backend(), query);
    let row = db
        .query_one_raw(query)
        .await
        .expect("the records")
        .expect("a record");
    row.try_get("", "id").expect("an identifier")
}
