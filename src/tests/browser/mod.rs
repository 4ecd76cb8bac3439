//! Journeys in a real Chromium, against the built program or its router behind a listener of the test. They need a
//! browser, so they are ignored by default; `.ci/browser` installs it and runs them.

mod acts;
mod announced;
mod back_and_reload;
mod by_keyboard;
mod check_session;
mod double_press;
mod driver;
mod impatience;
mod journey;
mod keyboard;
mod languages;
mod line;
mod not_me;
mod office;
mod on_paper;
mod one_language;
mod passkey_autofill;
mod people;
mod queue;
mod recovery_codes;
mod request_over;
mod server;
mod session_ended;
mod slow_answer;
mod two_steps;
mod typing_a_password;
