//! A person's place in organizations: what the rooms allow, and what the database refuses whoever asks.

mod database_rules;
mod directory;
mod joining;
mod organizations;
mod world;

use world::World;
