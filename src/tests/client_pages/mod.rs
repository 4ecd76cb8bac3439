//! Tests the pages on which administrators and owners register and change services: `/admin/clients` and below.

mod acting;
mod editing;
mod mending;
mod owners;
mod previewing;
mod registering;
mod software;
mod testing_the_login;
mod usage;

use crate::support::{Person, TestOp};
use itu_account::domain::role::Role;

/// Returns an administrator who is logged in.
pub async fn administrator(op: &TestOp, name: &str) -> Person {
    let mut person = op
        .person_with(&format!("{name}@itu.example"), Role::Administrator)
        .await;
    person.logs_in().await;
    person
}
