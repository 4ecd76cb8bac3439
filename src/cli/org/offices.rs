//! `itu-account org add-focal-point`, `remove-focal-point`, `enter-absence`, `end-absence`, `hand-over`, `deputies`,
//! `add-deputy`, `remove-deputy`, `resume-digest`, `stop-digest`: who holds the offices of an organization, from when until when.

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::directory::in_words;
use crate::accounts::administrators::{self, Found};
use crate::affiliations::focal_points::{self, Whom};
use crate::affiliations::{absences, deputies, digest_preference, handover, offices, roster};
use crate::app::App;
use crate::cli::console::Console;
use crate::domain::account::EmailAddress;
use crate::domain::actor::Context;
use crate::domain::office::Term;
use crate::domain::{AccountId, OrganizationId};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Name a Focal Point; a request of theirs that waits is approved
    AddFocalPoint(Holder),
    /// Take the office of Focal Point away; the affiliation stays
    RemoveFocalPoint(Holder),
    /// Say from when until when a Focal Point is away; while nobody is there, requests go to the administrators
    EnterAbsence {
        #[command(flatten)]
        holder: Holder,
        #[command(flatten)]
        days: Days,
    },
    /// Say that a Focal Point is there again
    EndAbsence(Holder),
    /// Hand the office of a Focal Point over to a colleague, and end it for whoever had it
    HandOver {
        #[command(flatten)]
        holder: Holder,
        /// The colleague
        to: String,
    },
    /// The deputies of an organization
    Deputies {
        #[arg(value_name = "ORG_ID")]
        organization: String,
    },
    /// Name a deputy, who decides about requests and TIES rights from one day until another
    AddDeputy {
        #[command(flatten)]
        holder: Holder,
        #[command(flatten)]
        days: Days,
    },
    /// End the term of a deputy
    RemoveDeputy(Holder),
    /// Send the weekly digest to a Focal Point or deputy
    ResumeDigest(Holder),
    /// Send no weekly digest to a Focal Point or deputy
    StopDigest(Holder),
}

#[derive(Debug, Args)]
pub struct Holder {
    #[arg(value_name = "ORG_ID")]
    organization: String,
    email: String,
}

/// Days in UTC.
#[derive(Debug, Args)]
pub struct Days {
    /// The first day
    #[arg(long, value_name = "YYYY-MM-DD")]
    from: String,
    /// The last day
    #[arg(long, value_name = "YYYY-MM-DD")]
    until: String,
}

impl Days {
    fn read(&self, app: &App) -> anyhow::Result<Term> {
        let read = Term::parse(("--from", &self.from), ("--until", &self.until), app.clock.now());
        read.map_err(|wrong| in_words(crate::affiliations::Error::Invalid(wrong)))
    }
}

pub async fn run(console: &Console, app: &App, context: &Context, command: Command) -> anyhow::Result<()> {
    match command {
        Command::AddFocalPoint(holder) => {
            let (email, organization) = (EmailAddress::parse(&holder.email)?, holder.organization());
            focal_points::appoint(app, context, &organization, &Whom::Email(&email)).await?;
            console.print(
                &json!({ "organization": organization, "focal_point": email }),
                format!("{} is a Focal Point of {organization}", email.as_str()),
            );
        }
        Command::RemoveFocalPoint(holder) => {
            let (account, organization) = (holder.account(app).await?, holder.organization());
            let office = roster::affiliation_of(app, context, &organization, &account).await?;
            focal_points::undesignate(app, context, &office, "").await?;
            let text = format!("{} is no Focal Point of {organization} any more", holder.email);
            console.print(&json!({ "removed": true }), text);
        }
        Command::EnterAbsence { holder, days } => {
            let (account, absence) = (holder.account(app).await?, days.read(app)?);
            let entered = absences::enter(app, context, &holder.organization(), &account, absence).await;
            entered.map_err(in_words)?;
            let text = format!(
                "{} is away from {} until {}",
                holder.email,
                absence.first_day(),
                absence.last_day()
            );
            console.print(
                &json!({ "away_from": absence.first_day(), "away_until": absence.last_day() }),
                text,
            );
        }
        Command::EndAbsence(holder) => {
            let account = holder.account(app).await?;
            absences::end(app, context, &holder.organization(), &account).await?;
            console.print(&json!({ "ended": true }), format!("{} is there", holder.email));
        }
        Command::HandOver { holder, to } => {
            let (from, to) = (holder.account(app).await?, EmailAddress::parse(&to)?);
            let organization = holder.organization();
            handover::hand_over(app, context, &organization, &from, &Whom::Email(&to))
                .await
                .map_err(in_words)?;
            let text = format!(
                "{} is a Focal Point of {} in place of {}",
                to.as_str(),
                holder.organization,
                holder.email
            );
            console.print(&json!({ "focal_point": to, "in_place_of": holder.email }), text);
        }
        Command::Deputies { organization } => {
            let found = offices::list(app, context, &OrganizationId::new(organization)).await?;
            print(console, &found.deputies);
        }
        Command::AddDeputy { holder, days } => {
            let (email, term) = (EmailAddress::parse(&holder.email)?, days.read(app)?);
            let named =
                deputies::name(app, context, &holder.organization(), &Whom::Email(&email), term).await;
            named.map_err(in_words)?;
            let text = format!(
                "{} is deputy from {} until {}",
                holder.email,
                term.first_day(),
                term.last_day()
            );
            console.print(
                &json!({ "deputy": email, "from": term.first_day(), "until": term.last_day() }),
                text,
            );
        }
        Command::RemoveDeputy(holder) => {
            let account = holder.account(app).await?;
            deputies::end(app, context, &holder.organization(), &account).await?;
            console.print(
                &json!({ "removed": true }),
                format!("{} is no deputy any more", holder.email),
            );
        }
        Command::ResumeDigest(holder) => holder.set_digest(console, app, context, true).await?,
        Command::StopDigest(holder) => holder.set_digest(console, app, context, false).await?,
    }
    Ok(())
}

impl Holder {
    fn organization(&self) -> OrganizationId {
        OrganizationId::new(self.organization.as_str())
    }

    async fn account(&self, app: &App) -> anyhow::Result<AccountId> {
        match administrators::find(app, &self.email).await? {
            Found::Account(account) => Ok(account.id),
            _ => bail!("there is no account with this address"),
        }
    }
}

impl Holder {
    async fn set_digest(
        &self,
        console: &Console,
        app: &App,
        context: &Context,
        wanted: bool,
    ) -> anyhow::Result<()> {
        let account = self.account(app).await?;
        digest_preference::set(app, context, &self.organization(), &account, wanted).await?;
        let gets = if wanted { "gets" } else { "does not get" };
        console.print(
            &json!({ "weekly_digest": wanted }),
            format!("{} {gets} the weekly digest", self.email),
        );
        Ok(())
    }
}

fn print(console: &Console, deputies: &[offices::Holder]) {
    let rows = deputies.iter().filter_map(|it| Some((it, it.term?)));
    let json: Value = rows
        .clone()
        .map(|(it, term)| {
            json!({
                "account_id": it.account.id,
                "name": it.account.profile.full_name(),
                "email": it.account.email,
                "from": term.first_day(),
                "until": term.last_day(),
                "is_now": it.is_now,
                "weekly_digest": it.wants_digest,
            })
        })
        .collect();
    let mut lines: Vec<String> = rows
        .map(|(it, term)| {
            format!(
                "{}  {}  {}  {}",
                it.account.profile.full_name(),
                it.account.email.as_str(),
                term.first_day(),
                term.last_day()
            )
        })
        .collect();
    lines.push(format!("{} in all", deputies.len()));
    console.print(
        &json!({ "deputies": json, "total": deputies.len() }),
        lines.join("\n"),
    );
}
