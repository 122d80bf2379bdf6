//! The engine's own tables as entities: what clients never see as records.

pub(crate) mod api_key_secret;
pub(crate) mod file_chunk;
pub(crate) mod file_upload;
pub(crate) mod job_turn;
pub(crate) mod queued_job;
pub(crate) mod workspace_secret;
