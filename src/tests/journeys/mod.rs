//! Tests what people do from one page to the next, through the front door: each file is one way through the product.

mod accepting_terms;
mod changing_the_address;
mod choosing_a_password;
mod confirming;
mod consent;
pub mod first_login;
mod form_sent_twice;
mod history;
pub mod joining_an_organization;
mod newsletter;
mod not_me;
mod places;
mod reading;
mod request_over;
pub mod second_factor;
mod signing_in;
mod second_factor_policy;
mod signing_up;
