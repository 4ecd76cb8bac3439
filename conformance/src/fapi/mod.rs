//! FAPI 2.0 from the side of two clients. Each piece of a flow can be mutated by itself, so that a module is a row of a
//! table: a mutation, and where the flow may end. The tables and the larger modules are in `modules/fapi`.
//!
//! `variant.rs` what a plan fixes · `keys.rs` keys and JWTs · `actor.rs` a client with its keys and certificate ·
//! `flow.rs` one authorization and what may be changed of it · `calls.rs` one request · `steps.rs` all of them ·
//! `expect.rs` where a flow may end · `ciba.rs` the same for CIBA

mod calls;
pub mod ciba;
mod expect;
mod flow;
mod keys;
mod actor;
mod steps;
mod variant;

pub use actor::{Actor, endpoint};
pub use calls::{RESOURCE, post};
pub(crate) use expect::row;
pub use expect::{Expect, Row, judge};
pub use flow::{Call, Context, Flow, flow};
pub use keys::{Jwt, Key};
pub use steps::{
    FlowEnd, Grant, PAR, TokenOutcome, client_credentials, expect_refusal, is_accepted, open, push,
    read_request_uri, read_response, read_tokens, refuse_in_query, resource, resource_url, run_flow, token,
    use_tokens,
};
pub use variant::{Auth, Constraint, FapiVariant, Restriction};
