//! Checks what a person says about their own organization, in the sign-up or later, against the directory, field by field
//! (security.md SU-6). The pages of sign-up and account call this. Acting on the choice is in `lifecycle::requests`.

use sea_orm::ConnectionTrait;

use crate::affiliations::Error;
use crate::app::App;
use crate::domain::message::{FieldErrors, Message};
use crate::domain::organization::{Country, Organization};
use crate::domain::signup::{Choice, OrganizationChoice, TypedOrganization};
use crate::domain::{MembershipTypeId, OrganizationId, text};
use crate::i18n::countries;
use crate::storage::{membership_types, organizations};

/// The fields of `/signup/organization` and `/account/organization`, as they were typed.
#[derive(Clone, Debug, Default)]
pub struct ChoiceInput<'a> {
    pub membership_type: &'a str,
    pub member_state: &'a str,
    pub organization_id: &'a str,
    pub request_ties: bool,
    pub organization_name: &'a str,
    pub organization_acronym: &'a str,
    pub organization_website: &'a str,
    pub organization_city: &'a str,
}

const LONGEST_ACRONYM: usize = 50;
const LONGEST_CITY: usize = 100;
const LONGEST_WEBSITE: usize = 500;

/// Returns the choice, or every reason why there is none. A listed organization wins over one that was typed.
pub async fn choose(app: &App, input: &ChoiceInput<'_>) -> Result<Choice, Error> {
    let db = app.db.read();
    let mut errors = FieldErrors::new();
    let membership_type = MembershipTypeId::new(input.membership_type);
    let its_type = match input.membership_type {
        "" => None,
        _ => membership_types::find(db, &membership_type).await?,
    };
    if its_type.is_none() {
        errors.insert(
            "membership_type",
            Message::choose("membership_type", input.membership_type),
        );
    }
    let country = Country::parse(input.member_state).filter(|it| countries::exists(it.as_str()));
    if country.is_none() {
        errors.insert(
            "member_state",
            Message::choose("member_state", input.member_state),
        );
    }
    let organization = if !input.organization_id.is_empty() || input.organization_name.trim().is_empty() {
        listed(db, input, country.as_ref(), &mut errors)
            .await?
            .map(|it| OrganizationChoice::Listed(it.id))
    } else {
        typed(app, input, membership_type, &mut errors).map(OrganizationChoice::Typed)
    };
    match (organization, its_type) {
        (Some(organization), Some(its_type)) if errors.is_empty() => Ok(Choice {
            request_ties: input.request_ties
                && its_type.ties_entitled
                && matches!(organization, OrganizationChoice::Listed(_)),
            organization,
        }),
        _ => Err(Error::Invalid(errors)),
    }
}

async fn listed(
    db: &impl ConnectionTrait,
    input: &ChoiceInput<'_>,
    country: Option<&Country>,
    errors: &mut FieldErrors,
) -> Result<Option<Organization>, Error> {
    let id = OrganizationId::new(input.organization_id);
    let found = match input.organization_id {
        "" => None,
        _ => organizations::resolve(db, &id).await?,
    };
    let Some(found) = found.filter(Organization::is_active) else {
        errors.insert("organization_id", "error.organization.choose");
        return Ok(None);
    };
    let fits = found.membership_type.as_str() == input.membership_type
        && (found.country.is_none() || found.country.as_ref() == country);
    if !fits {
        errors.insert("organization_id", "error.organization.mismatch");
    }
    Ok(fits.then_some(found))
}

fn typed(
    app: &App,
    input: &ChoiceInput<'_>,
    membership_type: MembershipTypeId,
    errors: &mut FieldErrors,
) -> Option<TypedOrganization> {
    let before = errors.len();
    let mut line = |field, value: &str, longest: usize, required: bool| match text::line(value, longest) {
        Ok(text) => text,
        Err(text::Refused::Empty) if !required => String::new(),
        Err(refused) => {
            errors.insert(field, refused.message());
            String::new()
        }
    };
    let name = line(
        "organization_name",
        input.organization_name,
        Organization::LONGEST_NAME,
        true,
    );
    let acronym = line(
        "organization_acronym",
        input.organization_acronym,
        LONGEST_ACRONYM,
        false,
    );
    let city = line("organization_city", input.organization_city, LONGEST_CITY, false);
    // DR-7: nobody proposes a name that passes for the institution's.
    let reserved = app.reserved_names();
    for (field, value) in [("organization_name", &name), ("organization_acronym", &acronym)] {
        if reserved.are_passed_for_by(value) {
            errors.insert(field, "error.reserved_name");
        }
    }
    let website = match input.organization_website.trim() {
        "" => String::new(),
        typed => website(typed).unwrap_or_else(|| {
            errors.insert("organization_website", "error.website");
            String::new()
        }),
    };
    (errors.len() == before).then(|| TypedOrganization {
        name,
        acronym,
        website,
        city,
        membership_type,
        member_state: input.member_state.to_owned(),
    })
}

/// Reads a web address to which people may be sent: http or https, a host, no user information. People leave `https://`
/// out.
pub(super) fn website(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let typed = &*if typed.contains("://") {
        typed.to_owned()
    } else {
        format!("https://{typed}")
    };
    let url = url::Url::parse(typed).ok()?;
    let fits = typed.len() <= LONGEST_WEBSITE
        && matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|it| it.contains('.'))
        && url.username().is_empty()
        && url.password().is_none()
        && !typed.contains(|it: char| it.is_control() || it.is_whitespace());
    fits.then(|| typed.to_owned())
}

pub(super) fn acronym(typed: &str) -> Result<String, text::Refused> {
    text::line(typed, LONGEST_ACRONYM)
}
