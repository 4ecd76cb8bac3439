//! The clock's door: starts what happens without a request. `schedule` lists each job, `runner` runs them, and each
//! calls a room. `serve` and `demo` start them; tests call single jobs.

mod job;
mod runner;
mod schedule;
mod sweep;

pub use job::Job;
pub use runner::Running;
pub use schedule::{
    ALL, build_data_downloads, count_acceptances, count_days, delete_accounts, deliver_events,
    deliver_logouts, deliver_mail, deliver_pings, end_account_views, find_people_to_provision,
    recover_accounts, refresh, revoke_globally, seal_audit_trail, start, store_use_of_clients,
    weekly_digests,
};
pub use sweep::sweep;
