//! Tests what people do from one page to the next, through the front door: each file is one way through the product.

mod accepting_terms;
mod accounts_console;
mod assisted_recovery;
mod changing_the_address;
mod choosing_a_password;
mod confirming;
mod consent;
pub mod first_login;
mod focal_point_office;
mod form_sent_twice;
mod history;
mod editing_organizations;
mod importing_organizations;
pub mod joining_an_organization;
mod newsletter;
mod not_me;
mod places;
mod reading;
mod request_over;
pub mod second_factor;
mod second_factor_policy;
mod signing_in;
mod signing_up;
