//! SCIM 2.0: what a resource has (`schema`, RFC 7643), and how resources are asked for (`filter`, `condition`, `projection`,
//! RFC 7644). Whose resources a client sees is decided in `oidc::scim`.

pub mod condition;
pub mod filter;
pub mod matching;
pub mod projection;
pub mod schema;
mod schemas;

pub use condition::{Condition, Operand, Test};
pub use filter::{BadFilter, Filter, Operator};
pub use projection::Projection;
pub use schema::{Attribute, AttributeType, Mutability, ResourceType, Returned, Schema, Target};
pub use schemas::{ACCOUNT_GROUP, ACCOUNT_USER, ALL, CORE_GROUP, CORE_USER, ENTERPRISE_USER, GROUP, USER};
