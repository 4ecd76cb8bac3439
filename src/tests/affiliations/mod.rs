//! A person's place in organizations: what the rooms allow, and what the database refuses whoever asks.

mod audit;
mod database_rules;
mod directory;
mod joining;
mod organizations;
mod signing_up;
pub mod world;

use world::World;
