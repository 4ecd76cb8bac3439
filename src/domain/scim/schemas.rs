//! The schemas of this provider: those of RFC 7643 as far as an account has such data, and an extension of our own for
//! membership (contract.md).

use super::schema::{Attribute, ResourceType, Returned, Schema};

const USERS: &[&str] = &["User"];
const GROUPS: &[&str] = &["Group"];

pub static CORE_USER: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    description: "A person with an account.",
    attributes: &[
        Attribute::string("externalId", "The claim sub.").case_exact(),
        Attribute::string(
            "userName",
            "The e-mail address; for a client that does not get it, the claim sub.",
        )
        .required()
        .unique(),
        Attribute::complex(
            "name",
            "The name.",
            &[
                Attribute::string("formatted", "The whole name."),
                Attribute::string("familyName", "The last name."),
                Attribute::string("givenName", "The first name."),
                Attribute::string("honorificPrefix", "The title: mr, ms, dr and so on."),
            ],
        ),
        Attribute::string("displayName", "The whole name."),
        Attribute::string("title", "The job title."),
        Attribute::string("preferredLanguage", "The language of pages and mails: ar, en, es, fr, ru or zh."),
        Attribute::string("locale", "The same, as the claim locale."),
        Attribute::boolean(
            "active",
            "Whether the person can log in to the service. False suspends the account, true lifts the suspension.",
        )
        .required()
        .writable(),
        Attribute::complex(
            "emails",
            "The e-mail address of the account.",
            &[
                Attribute::string("value", "The address."),
                Attribute::boolean("primary", "Always true: an account has one address."),
            ],
        )
        .multi_valued(),
        Attribute::complex(
            "groups",
            "The organization and the TIES rights of the person.",
            &[
                Attribute::string("value", "The id of the group.").case_exact(),
                Attribute::reference("$ref", "The address of the group.", GROUPS),
                Attribute::string("display", "The name of the group."),
                Attribute::string("type", "Always direct."),
            ],
        )
        .multi_valued(),
    ],
};

pub static ENTERPRISE_USER: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    name: "EnterpriseUser",
    description: "The organization of the person.",
    attributes: &[Attribute::string(
        "organization",
        "The name of the organization; the claim organization.",
    )],
};

pub static ACCOUNT_USER: Schema = Schema {
    id: "urn:itu:params:scim:schemas:extension:account:1.0:User",
    name: "AccountUser",
    description: "The membership of the person's organization, the affiliation and the TIES rights.",
    attributes: &[
        Attribute::string("membershipType", "The claim membership_type.").case_exact(),
        Attribute::string("organizationId", "The claim organization_id.").case_exact(),
        Attribute::string("membershipCategory", "The claim membership_category.").case_exact(),
        Attribute::string("memberState", "The claim member_state.").case_exact(),
        Attribute::string("affiliationStatus", "The claim affiliation_status.").case_exact(),
        Attribute::string("tiesRights", "The claim ties_rights.")
            .case_exact()
            .multi_valued(),
        Attribute::boolean("focalPoint", "The claim focal_point."),
        Attribute::boolean("emailVerified", "The claim email_verified."),
        Attribute::string("professionalRole", "The claim professional_role.").case_exact(),
    ],
};

pub static CORE_GROUP: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    description: "The people of an organization, or those with a TIES right.",
    attributes: &[
        Attribute::string("externalId", "Groups have none.").case_exact(),
        Attribute::string("displayName", "The name of the organization or of the right.").required(),
        Attribute::complex(
            "members",
            "The people whom the client sees. Given if the request names the attribute.",
            &[
                Attribute::string("value", "The id of the person.").case_exact(),
                Attribute::reference("$ref", "The address of the person.", USERS),
                Attribute::string("type", "Always User."),
                Attribute::string("display", "The name of the person."),
            ],
        )
        .multi_valued()
        .returned(Returned::Request),
    ],
};

pub static ACCOUNT_GROUP: Schema = Schema {
    id: "urn:itu:params:scim:schemas:extension:account:1.0:Group",
    name: "AccountGroup",
    description: "What the group stands for.",
    attributes: &[
        Attribute::string("kind", "organization or ties_right.").case_exact(),
        Attribute::string("acronym", "The acronym of the organization."),
        Attribute::string("membershipType", "The membership type of the organization.").case_exact(),
        Attribute::string("membershipCategory", "The category code of the organization.").case_exact(),
        Attribute::string("memberState", "The Member State of the organization.").case_exact(),
    ],
};

pub static USER: ResourceType = ResourceType {
    name: "User",
    description: "People with an account.",
    endpoint: "/Users",
    schema: &CORE_USER,
    extensions: &[&ENTERPRISE_USER, &ACCOUNT_USER],
};

pub static GROUP: ResourceType = ResourceType {
    name: "Group",
    description: "Organizations and TIES rights.",
    endpoint: "/Groups",
    schema: &CORE_GROUP,
    extensions: &[&ACCOUNT_GROUP],
};

/// Every schema, in the order in which they are listed.
pub static ALL: [&Schema; 5] = [
    &CORE_USER,
    &ENTERPRISE_USER,
    &ACCOUNT_USER,
    &CORE_GROUP,
    &ACCOUNT_GROUP,
];
