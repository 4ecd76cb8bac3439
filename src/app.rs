//! What every door hands to the rooms: one cheap clone.

use crate::clock::Clock;
use crate::storage::Database;

#[derive(Clone, Debug)]
pub struct App {
    pub clock: Clock,
    pub db: Database,
}
