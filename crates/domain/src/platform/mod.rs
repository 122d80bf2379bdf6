//! The workspace, the people and programs that work in it, and what Kith keeps about its own doings.

pub mod api_key;
pub mod event;
pub mod file;
pub mod job;
pub mod job_error;
pub mod membership;
pub mod roles;
pub mod team;
pub mod user;
pub mod workspace;

use kernel::{object::Object, value::Choice};

/// The objects of this area, where jobs are of these kinds.
pub fn objects(job_kinds: &'static [Choice]) -> Vec<Object> {
    vec![
        workspace::workspace(),
        user::user(),
        team::team(),
        membership::membership(),
        api_key::api_key(),
        event::event(),
        job::job(job_kinds),
        job_error::job_error(),
        file::file(),
    ]
}
