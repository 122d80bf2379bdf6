//! Every job, by area. A new one stands in its area's folder and here.

use std::sync::LazyLock;

use kernel::value::Choice;

use crate::{import, job::RegisteredJob};

pub(crate) fn all() -> Vec<RegisteredJob> {
    vec![RegisteredJob::of::<import::job::ImportFile>()]
}

/// The kinds of all jobs, as the contract has them.
pub(crate) static KINDS: LazyLock<Vec<Choice>> = LazyLock::new(|| all().iter().map(|job| job.kind).collect());
