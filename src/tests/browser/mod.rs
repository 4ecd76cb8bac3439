//! Journeys in a real Chromium, against the built program. They need a browser, so they are ignored
//! by default; `.ci/browser` installs it and runs them.

mod driver;
mod journey;
mod two_steps;
