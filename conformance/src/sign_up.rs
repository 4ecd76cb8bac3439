//! The forms of a sign-up at ITU User Account, before the page that asks for the code of the mail.

/// A path, and what is typed there beside the address.
pub type Form = (&'static str, &'static [(&'static str, &'static str)]);

/// The page that asks for the code.
pub const VERIFY: &str = "/signup/verify";

pub const FORMS: [Form; 2] = [
    (
        "/signup",
        &[
            ("first_name", "Ada"),
            ("last_name", "Stranger"),
            ("password", "Harbour-9-violin"),
            ("password_confirmation", "Harbour-9-violin"),
            ("gender", "undisclosed"),
            ("job_title", "Engineer"),
            ("professional_role", "technical"),
        ],
    ),
    (
        "/signup/organization",
        &[
            ("action", "create"),
            ("organization_name", "Stranger and Company"),
            ("organization_city", "Geneva"),
            ("member_state", "CH"),
            ("accept_terms", "on"),
        ],
    ),
];
