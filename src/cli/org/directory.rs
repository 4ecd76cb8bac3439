//! `itu-account org find`, `show`, `edit`, `merge`, `proposals`, `accept`, `reject`: the directory, one
//! record at a time.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::affiliations::directory::edit::{self, Edit};
use crate::affiliations::directory::proposals::{self, Correction};
use crate::affiliations::directory::{DirectorySearch, admin, merge};
use crate::affiliations::{Error, offices};
use crate::app::App;
use crate::cli::console::Console;
use crate::domain::OrganizationId;
use crate::domain::actor::Context;
use crate::domain::organization::Organization;
use crate::i18n::{self, Locale};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find organizations by the beginnings of words
    Find {
        #[arg(default_value = "")]
        text: String,
        /// active, suspended or ended
        #[arg(long, default_value = "")]
        status: String,
        /// The page, of 100 organizations each
        #[arg(long, default_value_t = 1)]
        page: u64,
    },
    /// One organization, with its Focal Points
    Show { id: String },
    /// Change the named values of an organization; an empty one clears
    Edit(Box<Values>),
    /// Merge an organization or a proposal into another: its people move along, its id goes on resolving
    Merge {
        from: String,
        into: String,
        /// What the person who proposed it reads
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// The organizations that people proposed, until somebody decides
    Proposals {
        /// The page, of 100 proposals each
        #[arg(long, default_value_t = 1)]
        page: u64,
    },
    /// Take a proposal into the directory, corrected by the named values
    Accept(Box<Values>),
    /// Reject a proposal; whoever said to belong to it belongs to none
    Reject {
        id: String,
        /// What the person who proposed it reads
        #[arg(long, default_value = "")]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub struct Values {
    id: String,
    #[arg(long)]
    name: Option<String>,
    #[arg(long)]
    acronym: Option<String>,
    #[arg(long)]
    membership_type: Option<String>,
    #[arg(long)]
    category: Option<String>,
    /// R, T and D, with semicolons between
    #[arg(long)]
    sectors: Option<String>,
    #[arg(long)]
    member_state: Option<String>,
    #[arg(long)]
    website: Option<String>,
    /// active, suspended or ended; of a proposal it is active
    #[arg(long)]
    status: Option<String>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    valid_from: Option<String>,
    #[arg(long, value_name = "YYYY-MM-DD")]
    valid_until: Option<String>,
    /// With semicolons between
    #[arg(long)]
    email_domains: Option<String>,
    /// Why; the audit trail keeps it
    #[arg(long, default_value = "")]
    reason: String,
}

pub async fn run(console: &Console, app: &App, context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Find { text, status, page } => {
            let search = DirectorySearch {
                text: &text,
                status: &status,
                page,
                size: 100,
                ..DirectorySearch::default()
            };
            let found = admin::list(app, context, &search).await.map_err(in_words)?;
            let rows: Vec<Value> = found.rows.iter().map(record).collect();
            let json = json!({ "organizations": rows, "total": found.total, "page": found.page });
            let mut lines: Vec<String> = found.rows.iter().map(line).collect();
            lines.push(format!("{} in all, page {}", found.total, found.page));
            console.print(&json, lines.join("\n"));
        }
        Command::Show { id } => show(console, app, context, &OrganizationId::new(id)).await?,
        Command::Edit(values) => {
            let id = OrganizationId::new(values.id.as_str());
            let seen = admin::find(app, context, &id).await?.organization;
            let edit = Edit {
                cells: cells(&values),
                reason: values.reason.clone(),
            };
            let changed = edit::edit(app, context, &seen, &edit).await?;
            console.print(&record(&changed), line(&changed));
        }
        Command::Merge { from, into, reason } => {
            let (from, into) = (OrganizationId::new(from), OrganizationId::new(into));
            merge::merge(app, context, &from, &into, &reason)
                .await
                .map_err(in_words)?;
            console.print(
                &json!({ "merged_into": into }),
                format!("{from} is merged into {into}"),
            );
        }
        Command::Proposals { page } => {
            let (found, people) = admin::proposals(app, context, page, 100).await?;
            let rows = found.rows.iter().zip(&people);
            let json: Value = rows
                .clone()
                .map(|(it, people)| json!({ "organization": record(it), "people": people }))
                .collect();
            let mut lines: Vec<String> = rows
                .map(|(it, people)| format!("{}  {people}", line(it)))
                .collect();
            lines.push(format!("{} in all, page {}", found.total, found.page));
            console.print(
                &json!({ "proposals": json, "total": found.total }),
                lines.join("\n"),
            );
        }
        Command::Accept(values) => accept(console, app, context, &values).await?,
        Command::Reject { id, reason } => {
            let id = OrganizationId::new(id);
            proposals::reject(app, context, &id, &reason)
                .await
                .map_err(in_words)?;
            console.print(
                &json!({ "rejected": true }),
                "rejected; the person was told by mail",
            );
        }
    }
    Ok(())
}

fn cells(values: &Values) -> Vec<(&'static str, String)> {
    let named = [
        ("name", &values.name),
        ("acronym", &values.acronym),
        ("membership_type", &values.membership_type),
        ("category", &values.category),
        ("sectors", &values.sectors),
        ("member_state", &values.member_state),
        ("website", &values.website),
        ("status", &values.status),
        ("valid_from", &values.valid_from),
        ("valid_until", &values.valid_until),
        ("email_domains", &values.email_domains),
    ];
    let named = named.into_iter();
    named
        .filter_map(|(name, value)| Some((name, value.clone()?)))
        .collect()
}

async fn show(console: &Console, app: &App, context: &Context, id: &OrganizationId) -> anyhow::Result<()> {
    let found = admin::find(app, context, id).await?;
    let offices = offices::list(app, context, id).await?;
    let points = offices.focal_points.iter().map(|it| it.account.email.as_str());
    let away = offices.focal_points.iter().filter_map(|it| {
        let term = it.term?;
        Some(json!({ "email": it.account.email, "from": term.first_day(), "until": term.last_day() }))
    });
    let mut json = record(&found.organization);
    json["people"] = found.people.into();
    json["focal_points"] = points.collect::<Value>();
    json["away"] = away.collect::<Value>();
    let text = serde_json::to_string_pretty(&json)?;
    console.print(&json, text);
    Ok(())
}

async fn accept(console: &Console, app: &App, context: &Context, values: &Values) -> anyhow::Result<()> {
    let late = [
        &values.status,
        &values.valid_from,
        &values.valid_until,
        &values.email_domains,
    ];
    if late.iter().any(|it| it.is_some()) {
        bail!("status, dates and domains are set by `org edit`, once the organization is accepted");
    }
    let id = OrganizationId::new(values.id.as_str());
    let typed = admin::find_proposal(app, context, &id).await?.organization;
    let or = |given: &Option<String>, typed: Option<&str>| {
        given
            .clone()
            .unwrap_or_else(|| typed.unwrap_or_default().to_owned())
    };
    let sectors: Option<Vec<&str>> = values.sectors.as_ref().map(|it| it.split(';').collect());
    let correction = Correction {
        name: &or(&values.name, Some(&typed.name)),
        acronym: &or(&values.acronym, typed.acronym.as_deref()),
        membership_type: &or(&values.membership_type, Some(typed.membership_type.as_str())),
        category: &or(&values.category, Some(typed.category.as_str())),
        member_state: &or(&values.member_state, typed.country.as_ref().map(|it| it.as_str())),
        website: &or(&values.website, typed.website.as_deref()),
        sectors: sectors.as_deref(),
    };
    proposals::accept(app, context, &id, &correction, &values.reason)
        .await
        .map_err(in_words)?;
    console.print(&json!({ "accepted": id }), format!("{id} is in the directory"));
    Ok(())
}

fn record(it: &Organization) -> Value {
    json!({
        "id": it.id,
        "name": it.name,
        "acronym": it.acronym,
        "membership_type": it.membership_type,
        "category": it.category,
        "sectors": it.sectors,
        "member_state": it.country,
        "website": it.website,
        "status": it.status,
        "valid_from": it.valid_from,
        "valid_until": it.valid_until,
        "email_domains": it.email_domains,
    })
}

fn line(it: &Organization) -> String {
    format!(
        "{}  {}  {}  {}",
        it.id,
        it.name,
        it.membership_type.as_str(),
        it.status
    )
}

/// Names the fields and says what is wrong with each.
pub(super) fn in_words(error: Error) -> anyhow::Error {
    match error {
        Error::Invalid(fields) => {
            let named = fields.iter();
            let named = named.map(|(name, message)| format!("{name}: {}", i18n::plain(Locale::En, message)));
            anyhow::anyhow!("refused: {}", named.collect::<Vec<_>>().join(" "))
        }
        other => other.into(),
    }
}
