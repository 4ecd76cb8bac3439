//! Mails about deputies: to the deputy and to the Focal Points of the organization, at the beginning and at the end of a term,
//! in the transaction of the cause (security.md ST-2). Those about the office of Focal Point are in `person`.

use crate::affiliations::Error;
use crate::app::Tx;
use crate::domain::account::Account;
use crate::domain::office::Deputy;
use crate::domain::organization::Organization;
use crate::storage::{accounts, focal_points};
use crate::templates::MailTemplate;
use crate::templates::mails::{DeputyEnded, DeputyMail, DeputyNamed};

pub async fn deputy_named(tx: &Tx, deputy: &Deputy, organization: &Organization) -> Result<(), Error> {
    send(tx, deputy, organization, DeputyNamed).await
}

pub async fn deputy_ended(tx: &Tx, deputy: &Deputy, organization: &Organization) -> Result<(), Error> {
    send(tx, deputy, organization, DeputyEnded).await
}

async fn send<M: MailTemplate + Send + Sync>(
    tx: &Tx,
    deputy: &Deputy,
    organization: &Organization,
    kind: fn(DeputyMail) -> M,
) -> Result<(), Error> {
    let Some(person) = accounts::find(tx, &deputy.account).await? else {
        return Ok(());
    };
    let mail = |to: &Account| {
        kind(DeputyMail {
            name: to.profile.full_name(),
            organization: organization.name.clone(),
            deputy: person.profile.full_name(),
            is_own: to.id == person.id,
            from: deputy.term.from,
            until: deputy.term.last(),
            path: crate::paths::focal_point_office(&organization.id),
        })
    };
    let ids: Vec<_> = focal_points::list_of_organization(tx, &organization.id)
        .await?
        .into_iter()
        .map(|it| it.account)
        .filter(|it| *it != person.id)
        .collect();
    let others = accounts::list_by_ids(tx, &ids).await?;
    for to in std::iter::once(&person)
        .chain(&others)
        .filter(|it| it.is_active())
    {
        tx.mail(to, &mail(to)).await?;
    }
    Ok(())
}
