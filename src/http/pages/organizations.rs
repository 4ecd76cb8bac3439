//! The questions about one's organization, which sign-up and account ask alike, and the search behind
//! them: `/organizations/search` for scripts, a button of the form for browsers without.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::IntoDeserializer;

use super::{PageContext, PageError, Tick};
use crate::affiliations::directory::{self, DirectorySearch, Found};
use crate::affiliations::{self, ChoiceInput};
use crate::domain::message::FieldErrors;
use crate::domain::organization::MembershipType;
use crate::http::extract::form::FormError;
use crate::templates::pages::{OrganizationFound, OrganizationQuestions};
use crate::templates::{FormChoice, FormState};

/// The organizations shown at once; typing more finds the others.
const MOST_SUGGESTED: u64 = 20;

pub async fn search(ctx: PageContext) -> Result<Response, PageError> {
    let value = |name| ctx.query(name).unwrap_or_default();
    let (text, membership_type, member_state) = (value("q"), value("membership_type"), value("member_state"));
    let search = DirectorySearch {
        text: &text,
        membership_type: &membership_type,
        member_state: &member_state,
        ..DirectorySearch::default()
    };
    let (found, _) = directory::suggest(&ctx.app, &ctx.actor_context(), &search, MOST_SUGGESTED).await?;
    let found: Vec<OrganizationFound> = found.iter().map(found_organization).collect();
    Ok(Json(found).into_response())
}

/// The fields of the questions, for every form that asks them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answers {
    pub membership_type: String,
    pub member_state: String,
    pub organization_id: String,
    pub organization_query: String,
    pub organization_name: String,
    pub organization_acronym: String,
    pub organization_website: String,
    pub organization_city: String,
    pub request_ties: Tick,
    pub action: Button,
    /// The form that sent the answers; `new` is that of a new record.
    pub showing: String,
    // The sign-up alone has these fields: see `without_signup`.
    pub newsletter: Option<Tick>,
    pub accept_terms: Option<Tick>,
    /// The texts of the documents that the page offered.
    pub version: Option<String>,
    pub decision: Option<String>,
}

/// The button that sent them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Button {
    #[default]
    #[serde(rename = "")]
    None,
    Search,
    New,
    Existing,
    Create,
    Submit,
}

impl Button {
    fn of(name: &str) -> Self {
        let name: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
        Self::deserialize(name).unwrap_or_default()
    }
}

impl Answers {
    /// Returns the answers as they were typed into a form that is shown again.
    pub fn typed(form: &FormState) -> Self {
        let text = |name| form.value(name).to_owned();
        Self {
            membership_type: text("membership_type"),
            member_state: text("member_state"),
            organization_id: text("organization_id"),
            organization_query: text("organization_query"),
            action: Button::of(form.value("action")),
            showing: text("showing"),
            ..Self::default()
        }
    }

    /// Returns `true` if the button only changes what is asked.
    pub fn is_unfinished(&self) -> bool {
        matches!(self.action, Button::Search | Button::New | Button::Existing)
    }

    /// Refuses the sign-up's own fields: elsewhere they are no fields of the form (security.md G-3).
    pub fn without_signup(self) -> Result<Self, FormError> {
        match (
            &self.newsletter,
            &self.accept_terms,
            &self.version,
            &self.decision,
        ) {
            (None, None, None, None) => Ok(self),
            _ => Err(FormError::UnknownField),
        }
    }

    fn is_new_record(&self) -> bool {
        let of_form = self.action == Button::None && self.showing == "new";
        of_form || matches!(self.action, Button::New | Button::Create)
    }

    /// Returns what the answers choose: a record of the list, or the one that was typed, by the form that was shown.
    pub fn input(&self) -> ChoiceInput<'_> {
        let typed = self.is_new_record();
        let of = |listed: bool, value| if listed != typed { value } else { "" };
        ChoiceInput {
            membership_type: match self.membership_type.as_str() {
                "" if typed => MembershipType::NON_MEMBER,
                chosen => chosen,
            },
            member_state: &self.member_state,
            organization_id: of(true, self.organization_id.as_str()),
            request_ties: self.request_ties.is_on() && !typed,
            organization_name: of(false, self.organization_name.as_str()),
            organization_acronym: of(false, self.organization_acronym.as_str()),
            organization_website: of(false, self.organization_website.as_str()),
            organization_city: of(false, self.organization_city.as_str()),
        }
    }
}

/// Returns the questions as they are after these answers.
pub async fn questions(ctx: &PageContext, answers: &Answers) -> Result<OrganizationQuestions, PageError> {
    let types = directory::membership_types::list(&ctx.app).await?;
    let language = ctx.locale().as_str();
    let mut page = OrganizationQuestions {
        membership_types: types
            .iter()
            .map(|it| FormChoice::new(it.id.as_str(), it.name(language)))
            .collect(),
        new_record: answers.is_new_record(),
        ..OrganizationQuestions::default()
    };
    if page.new_record {
        return Ok(page);
    }
    if !answers.organization_id.is_empty() {
        let chosen = directory::find(&ctx.app, &answers.organization_id).await?;
        page.chosen = chosen.as_ref().map(found_organization);
    }
    if answers.action == Button::Search || !answers.organization_query.trim().is_empty() {
        let search = DirectorySearch {
            text: &answers.organization_query,
            membership_type: &answers.membership_type,
            member_state: &answers.member_state,
            ..DirectorySearch::default()
        };
        match directory::suggest(&ctx.app, &ctx.actor_context(), &search, MOST_SUGGESTED).await {
            Ok((found, more)) => {
                page.found = Some(found.iter().map(found_organization).collect());
                page.more = more;
            }
            // DS-2: the form stays, with everything that was typed.
            Err(affiliations::Error::Throttled { .. }) => page.too_many = true,
            Err(other) => return Err(other.into()),
        }
    }
    Ok(page)
}

/// Adds the errors. Those of a record that was typed belong to fields that the form of the list does not show.
pub fn with_errors(typed: FormState, wrong: FieldErrors) -> FormState {
    super::refused(typed, wrong).notice("error.form")
}

fn found_organization(found: &Found) -> OrganizationFound {
    let organization = &found.organization;
    OrganizationFound {
        id: organization.id.as_str().to_owned(),
        name: organization.name.clone(),
        acronym: organization.acronym.clone(),
        category: organization.category.as_str().to_owned(),
        member_state: organization.country.as_ref().map(|it| it.as_str().to_owned()),
        needs_approval: found.its_type.needs_approval,
        ties_entitled: found.its_type.ties_entitled,
    }
}
