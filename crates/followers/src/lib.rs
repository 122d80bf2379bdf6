//! Followers of the log and timers.
