//! A job: a name, an interval, and the function that runs.

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::app::App;

/// Runs again and again, on every node.
#[derive(Clone, Copy)]
pub struct Job {
    pub name: &'static str,
    pub every: Duration,
    pub run: fn(App) -> BoxFuture<'static, anyhow::Result<()>>,
}
