//! The REST API `/api/v1`, for programs with an access token of this provider: everything that the consoles can do. Each
//! operation is one entry of a table, from which the router, the OpenAPI document and the list of operations
//! (conformance/requirements/operations.md) are made; it calls the function of a room that the page and the command call.
//! Which token opens it is decided in `oidc::resource`, how it refuses in `http::problem`. No script of another origin
//! calls it: there is no CORS.

mod accounts;
mod admission;
mod affiliations;
mod audit;
mod call;
mod client_mends;
mod client_owners;
mod client_previews;
mod client_usage;
mod clients;
mod document;
mod elsewhere;
mod idempotency;
pub mod listing;
mod mails;
mod newsletter;
mod offices;
pub mod operation;
pub mod operations;
mod organization_history;
mod organizations;
mod overview;
mod organizations_import;
pub(super) mod precondition;
mod proposals;
mod receivers;
mod revocations;
pub mod routes;
mod signing_keys;
mod terms;
