//! Tests the directory's records: proposals, merging, the end of a membership, the file.

use super::World;
use super::world::{listed, organization, person, rights_of};
use crate::support::Outbox;
use itu_account::affiliations::directory::csv::{ImportError, Imported, export, import};
use itu_account::affiliations::directory::proposals::Correction;
use itu_account::affiliations::directory::{merge, proposals, status};
use itu_account::affiliations::lifecycle::{decisions, requests};
use itu_account::affiliations::{ChoiceInput, Error, choose, focal_points, membership_claims, ties};
use itu_account::domain::actor::Context;
use itu_account::domain::affiliation::AffiliationClaim;
use itu_account::domain::organization::{Organization, OrganizationStatus};
use itu_account::domain::signup::OrganizationChoice;
use itu_account::domain::{AccountId, OrganizationId};
use itu_account::storage::organizations;

fn id(id: &str) -> OrganizationId {
    OrganizationId::new(id)
}

fn typed<'a>() -> ChoiceInput<'a> {
    ChoiceInput {
        membership_type: "sector_member",
        member_state: "KR",
        organization_name: "Seoul Radio Lab",
        organization_website: "https://radio.example.org/",
        request_ties: true,
        ..ChoiceInput::default()
    }
}

impl World {
    async fn proposes(&self, account: &AccountId) -> OrganizationId {
        let choice = choose(&self.app, &typed()).await.unwrap();
        let (_, it) = requests::change(&self.app, &person(account), &choice)
            .await
            .unwrap();
        it.id
    }

    async fn place(&self, account: &AccountId) -> (AffiliationClaim, Option<String>) {
        let told = membership_claims(self.db.read(), account).await.unwrap();
        (told.affiliation_status, told.organization)
    }
}

#[tokio::test]
async fn a_choice_is_consistent_or_told_what_is_wrong() {
    // SU-6
    let world = World::new().await;
    let good = ChoiceInput {
        membership_type: "member_state",
        member_state: "CH",
        organization_id: "ofcom",
        request_ties: true,
        ..ChoiceInput::default()
    };
    assert!(choose(&world.app, &good).await.unwrap().request_ties);
    let un = ChoiceInput {
        membership_type: "un_organization",
        organization_id: "unhq",
        ..good.clone()
    };
    assert!(!choose(&world.app, &un).await.unwrap().request_ties); // not entitled
    for (input, field) in [
        (
            ChoiceInput {
                membership_type: "sector_member",
                ..good.clone()
            },
            "organization_id",
        ),
        (
            ChoiceInput {
                member_state: "FR",
                ..good.clone()
            },
            "organization_id",
        ),
        (
            ChoiceInput {
                member_state: "XX",
                ..good.clone()
            },
            "member_state",
        ),
        (
            ChoiceInput {
                membership_type: "",
                ..good.clone()
            },
            "membership_type",
        ),
        (
            ChoiceInput {
                membership_type: "emperor",
                ..good.clone()
            },
            "membership_type",
        ),
        (
            ChoiceInput {
                organization_id: "",
                ..good.clone()
            },
            "organization_id",
        ),
        (
            ChoiceInput {
                organization_id: "nowhere",
                ..good.clone()
            },
            "organization_id",
        ),
        (
            ChoiceInput {
                organization_website: "javascript:alert(1)",
                ..typed()
            },
            "organization_website",
        ),
        (
            ChoiceInput {
                organization_name: "<b>",
                ..typed()
            },
            "organization_name",
        ),
    ] {
        match choose(&world.app, &input).await {
            Err(Error::Invalid(errors)) => assert!(errors.contains_key(field), "{field}: {errors:?}"),
            other => panic!("{field}: {other:?}"),
        }
    }
    let choice = choose(&world.app, &typed()).await.unwrap();
    assert!(matches!(choice.organization, OrganizationChoice::Typed(_)) && !choice.request_ties);
}

#[tokio::test]
async fn a_typed_organization_is_no_member_until_it_is_accepted_as_one() {
    // SU-6, AF-1
    let world = World::new().await;
    let alice = world.person("alice").await;
    let proposed = world.proposes(&alice).await;
    let told = membership_claims(world.db.read(), &alice).await.unwrap();
    assert_eq!(told.membership_type.unwrap().as_str(), "non_member");
    assert_eq!(
        (told.affiliation_status, told.organization),
        (AffiliationClaim::SelfDeclared, None)
    );

    let correction = Correction {
        name: "Seoul Radio Laboratory",
        acronym: "SRL",
        membership_type: "sector_member",
        category: "SIO",
        member_state: "KR",
        website: "",
        sectors: None,
    };
    let stranger = proposals::accept(&world.app, &person(&alice), &proposed, &correction, "").await;
    assert!(matches!(stranger, Err(Error::NotFound)));
    proposals::accept(&world.app, &Context::operator(), &proposed, &correction, "")
        .await
        .unwrap();
    assert_eq!(world.place(&alice).await, (AffiliationClaim::Pending, None)); // closed, with a new request
    let again = proposals::accept(&world.app, &Context::operator(), &proposed, &correction, "").await;
    assert!(matches!(again, Err(Error::Conflict)));
    let mails = Outbox(&world.app).to("alice@example.org").await;
    assert!(mails.iter().any(|it| it.kind == "organization_decided"));

    let bob = world.person("bob").await;
    let proposed = world.proposes(&bob).await;
    proposals::reject(&world.app, &Context::operator(), &proposed, "no such thing")
        .await
        .unwrap();
    assert_eq!(world.place(&bob).await, (AffiliationClaim::None, None));
}

#[tokio::test]
async fn merging_moves_the_people_along() {
    let world = World::new().await;
    let app = &world.app;
    let operator = Context::operator();
    // A merge into a non-member moves the declaration. A merge into a member makes a request of it.
    let [alice, bob] = [world.person("alice").await, world.person("bob").await];
    let [first, second] = [world.proposes(&alice).await, world.proposes(&bob).await];
    merge::merge(app, &operator, &first, &id("shop"), "")
        .await
        .unwrap();
    assert_eq!(
        world.place(&alice).await,
        (AffiliationClaim::SelfDeclared, Some("Corner Shop".into()))
    );
    merge::merge(app, &operator, &second, &id("telco"), "")
        .await
        .unwrap();
    assert_eq!(world.place(&bob).await, (AffiliationClaim::Pending, None));
    let again = merge::merge(app, &operator, &second, &id("telco"), "").await;
    assert!(matches!(again, Err(Error::Conflict)));

    // A merge of a member into a member keeps affiliations, rights and Focal Points.
    let mina = world.focal_point("mina", "telco").await;
    let carol = world.person("carol").await;
    let request = requests::change(app, &person(&carol), &listed("telco", true))
        .await
        .unwrap()
        .0
        .id;
    decisions::approve(app, &person(&mina), &request, "")
        .await
        .unwrap();
    ties::grant(app, &person(&mina), &request, &["documents".into()])
        .await
        .unwrap();
    let twin = organization("twin", "Telco International", "sector_member");
    organizations::insert(world.db.read(), &[twin]).await.unwrap();
    let refused = merge::merge(app, &operator, &id("telco"), &id("shop"), "").await;
    assert!(matches!(refused, Err(Error::Refused(_))));
    merge::merge(app, &operator, &id("telco"), &id("twin"), "")
        .await
        .unwrap();
    assert_eq!(
        world.place(&carol).await,
        (AffiliationClaim::Approved, Some("Telco International".into()))
    );
    assert_eq!(rights_of(&world, &carol).await, ["documents"]);
    assert_eq!(world.place(&bob).await, (AffiliationClaim::Pending, None));
    focal_points::designate(app, &person(&mina), &request)
        .await
        .unwrap(); // mina's office moved along
    for old in [&second, &id("telco")] {
        let found = organizations::resolve(world.db.read(), old)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.id, id("twin")); // contract.md
    }
}

#[tokio::test]
async fn an_ended_membership_ends_what_came_of_it() {
    // AF-1
    let world = World::new().await;
    let app = &world.app;
    let mina = world.focal_point("mina", "telco").await;
    let [alice, bob] = [world.person("alice").await, world.person("bob").await];
    let request = requests::change(app, &person(&alice), &listed("telco", true))
        .await
        .unwrap()
        .0
        .id;
    decisions::approve(app, &person(&mina), &request, "")
        .await
        .unwrap();
    ties::grant(app, &person(&mina), &request, &["documents".into()])
        .await
        .unwrap();
    requests::change(app, &person(&bob), &listed("telco", true))
        .await
        .unwrap();
    let operator = Context::operator();
    let set = async |status: OrganizationStatus| {
        let file = format!("id,status\ntelco,{status}\n");
        import(app, &operator, file.as_bytes()).await
    };

    set(OrganizationStatus::Suspended).await.unwrap();
    assert_eq!(world.place(&alice).await, (AffiliationClaim::Approved, None));
    let granted = ties::grant(app, &person(&mina), &request, &["mailing_lists".into()]).await;
    assert!(matches!(granted, Err(Error::NotEntitled)));
    set(OrganizationStatus::Active).await.unwrap();
    assert_eq!(rights_of(&world, &alice).await, ["documents"]);

    set(OrganizationStatus::Ended).await.unwrap();
    set(OrganizationStatus::Active).await.unwrap();
    assert_eq!(world.place(&alice).await, (AffiliationClaim::Lapsed, None)); // reinstatement needs a new request
    assert_eq!(world.place(&mina).await, (AffiliationClaim::Lapsed, None));
    assert_eq!(world.place(&bob).await, (AffiliationClaim::Rejected, None));
    let decided = decisions::remove(app, &person(&mina), &request, "").await;
    assert!(matches!(decided, Err(Error::NotFound))); // no Focal Point any more
}

#[tokio::test]
async fn a_membership_ends_after_its_last_day() {
    let world = World::new().await;
    let alice = world.focal_point("alice", "telco").await;
    let today = world.app.clock.now().date_naive();
    let file = format!("id,valid_until\ntelco,{today}\n");
    import(&world.app, &Context::operator(), file.as_bytes())
        .await
        .unwrap();
    status::end_overdue(&world.app).await.unwrap();
    assert_eq!(world.place(&alice).await.0, AffiliationClaim::Approved);
    world.app.clock.advance(chrono::Duration::days(1));
    status::end_overdue(&world.app).await.unwrap();
    status::end_overdue(&world.app).await.unwrap();
    assert_eq!(world.place(&alice).await.0, AffiliationClaim::Lapsed);
}

#[tokio::test]
async fn a_membership_that_was_prolonged_meanwhile_goes_on() {
    // G-9
    let world = World::new().await;
    let (app, operator) = (&world.app, Context::operator());
    let alice = world.focal_point("alice", "telco").await;
    let today = app.clock.now().date_naive();
    let until = async |last: chrono::NaiveDate| {
        let file = format!("id,valid_until\ntelco,{last}\n");
        import(app, &operator, file.as_bytes()).await.unwrap();
    };
    let yesterday = today - chrono::Days::new(1);
    until(yesterday).await;
    let overdue = itu_account::storage::organizations::list_overdue(world.db.read(), today).await;
    let overdue = overdue.unwrap();
    assert_eq!(overdue.len(), 1);
    until(today).await;
    status::end_all(app, today, &overdue).await.unwrap();
    assert_eq!(world.place(&alice).await.0, AffiliationClaim::Approved);
    until(yesterday).await;
    status::end_all(app, today, &overdue).await.unwrap();
    assert_eq!(world.place(&alice).await.0, AffiliationClaim::Lapsed);
}

#[tokio::test]
async fn what_is_exported_can_be_imported_as_it_is() {
    let world = World::new().await;
    let operator = Context::operator();
    let file = "\u{feff}name,id,sectors,membership_type,category,status,email_domains,member_state,valid_from\r\n\
                \"Télécom, \"\"Société\"\"\",tel.1,R;T,sector_member,ROA,active,bücher.example;x.example,FR,2020-02-29\r\n\
                Nameless,,,academia,ACAD,,,,\r\n";
    let done = import(&world.app, &operator, file.as_bytes()).await.unwrap();
    assert_eq!(
        done,
        Imported {
            created: 2,
            changed: 0,
            unchanged: 0
        }
    );

    let exported = export(&world.app, &operator).await.unwrap();
    let text = String::from_utf8(exported.clone()).unwrap();
    assert!(text.starts_with("id,name,acronym,membership_type,category,sectors,member_state,website,status,valid_from,valid_until,email_domains\n"));
    assert!(text.contains("tel.1,\"Télécom, \"\"Société\"\"\",,sector_member,ROA,R;T,FR,,active,2020-02-29,,xn--bcher-kva.example;x.example"));
    let done = import(&world.app, &operator, &exported).await.unwrap();
    assert_eq!(
        done,
        Imported {
            created: 0,
            changed: 0,
            unchanged: 6
        }
    );
    assert_eq!(export(&world.app, &operator).await.unwrap(), exported);

    // An absent column keeps the value; an empty cell clears it.
    import(&world.app, &operator, b"id,acronym,sectors\ntel.1,TS,\n")
        .await
        .unwrap();
    let it = organizations::find(world.db.read(), &id("tel.1"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (it.acronym.as_deref(), it.sectors.len(), it.email_domains.len()),
        (Some("TS"), 0, 2)
    );
    let filter = organizations::Filter {
        text: "ts".into(),
        ..Default::default()
    };
    let found = organizations::search(world.db.read(), &filter, 0, 5);
    assert_eq!(found.await.unwrap().0.len(), 1);
}

#[tokio::test]
async fn a_bad_row_is_told_by_its_line_and_nothing_is_applied() {
    let world = World::new().await;
    let operator = Context::operator();
    let before = export(&world.app, &operator).await.unwrap();
    let lines = async |file: &str| match import(&world.app, &operator, file.as_bytes()).await {
        Err(ImportError::Lines(errors)) => errors.iter().map(|it| it.line).collect::<Vec<_>>(),
        other => panic!("{file}: {other:?}"),
    };
    let head = "id,name,membership_type,status,valid_from,website,member_state\n";
    let good = "good,Good,non_member,active,,,\n";
    for bad in [
        "x,,non_member,active,,,",
        "x,Bad,emperor,active,,,",
        "x,Bad,,active,,,",
        "x,Bad,non_member,merged,,,",
        "x,Bad,non_member,active,2026-1-1,,",
        "x,Bad,non_member,active,2026-02-30,,",
        "x,Bad,non_member,active,,ftp://x.example,",
        "x,Bad,non_member,active,,,XX",
        "x y,Bad,non_member,active,,,",
        "good,Twice,non_member,active,,,",
        "shop,Shop,non_member,proposed,,,",
        "x,Bad,sector_member,proposed,,,",
        "x,Bad,non_member,active",
    ] {
        let file = format!("{head}{good}{bad}\nx2,\"Two\nlines\",non_member,active,,,\n");
        let told = lines(&file).await;
        assert!(told.first() == Some(&3), "{bad}: {told:?}");
    }
    assert_eq!(lines("id,nmae\nx,y\n").await, [1]);
    assert_eq!(lines("id,id\nx,y\n").await, [1]);
    let told = import(
        &world.app,
        &operator,
        b"id,name,membership_type\nx,\xff,non_member\n",
    )
    .await;
    assert!(told.unwrap_err().to_string().starts_with("line 2: "));
    assert_eq!(export(&world.app, &operator).await.unwrap(), before);
    let stranger = super::world::context("alice", itu_account::domain::role::Role::User);
    assert!(import(&world.app, &stranger, head.as_bytes()).await.is_err());
}

#[tokio::test]
async fn a_merged_id_in_a_file_means_the_survivor() {
    let world = World::new().await;
    let operator = Context::operator();
    let twin = organization("twin", "Telco Two", "sector_member");
    organizations::insert(world.db.read(), &[twin]).await.unwrap();
    let before = export(&world.app, &operator).await.unwrap();
    merge::merge(&world.app, &operator, &id("twin"), &id("telco"), "")
        .await
        .unwrap();
    let done = import(&world.app, &operator, &before).await.unwrap();
    assert_eq!(
        done,
        Imported {
            created: 0,
            changed: 0,
            unchanged: 5
        }
    );
    import(&world.app, &operator, b"id,acronym\ntwin,TT\n")
        .await
        .unwrap();
    let it: Organization = organizations::find(world.db.read(), &id("telco"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(it.acronym.as_deref(), Some("TT"));
}

#[tokio::test]
async fn the_same_file_again_makes_nothing_twice() {
    let world = World::new().await;
    let operator = Context::operator();
    let rows: String = (0..120).map(|n| format!("Nameless {n};academia\r\n")).collect();
    let file = format!("Name;Membership Type\r\n{rows}");
    let done = import(&world.app, &operator, file.as_bytes()).await.unwrap();
    assert_eq!((done.created, done.unchanged), (120, 0));
    let done = import(&world.app, &operator, file.as_bytes()).await.unwrap();
    assert_eq!((done.created, done.changed, done.unchanged), (0, 0, 120));
    let bad = file.replace("Nameless 100;academia", "Nameless 100;nothing");
    let Err(ImportError::Lines(lines)) = import(&world.app, &operator, bad.as_bytes()).await else {
        panic!("one bad row refuses the file")
    };
    assert_eq!(lines[0].line, 102);
}
