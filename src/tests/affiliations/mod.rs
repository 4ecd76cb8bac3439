//! Tests a person's place in organizations: the functions of the room, and the rules of the database.

mod audit;
mod csv;
mod database_rules;
mod directory;
mod joining;
mod organizations;
mod signing_up;
pub mod world;

use world::World;
