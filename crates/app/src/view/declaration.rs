//! What views and collections are declared by, in their areas.

use kernel::{Record, Result};
use serde_json::Value as Json;

/// A record and what is most worth knowing around it, in one request.
#[derive(Debug)]
pub struct View {
    /// Its name: `contactOverview`.
    pub name: &'static str,
    /// The object whose record it is about.
    pub object: &'static str,
    /// The last part of its path: `overview`.
    pub path: &'static str,
    /// Its description, for clients.
    pub doc: &'static str,
    /// The panels beside the record.
    pub panels: &'static [Panel],
}

/// The first records behind a link.
#[derive(Debug)]
pub struct Panel {
    /// Its name.
    pub name: &'static str,
    /// The link.
    pub link: &'static str,
    /// The filter, as a predicate.
    pub predicate: &'static str,
    /// The order.
    pub sort: &'static str,
    /// Its description, for clients.
    pub doc: &'static str,
}

/// The number of records in a panel.
pub const PANEL: u32 = 20;

/// Declares a panel.
pub(crate) const fn panel(
    name: &'static str,
    link: &'static str,
    predicate: &'static str,
    sort: &'static str,
    doc: &'static str,
) -> Panel {
    Panel { name, link, predicate, sort, doc }
}

/// A list of records that another record stands for.
pub struct Collection {
    /// Its name: `segmentMembers`.
    pub name: &'static str,
    /// The object whose record stands for it.
    pub object: &'static str,
    /// The last part of its path: `members`.
    pub path: &'static str,
    /// Its description, for clients.
    pub doc: &'static str,
    /// The objects whose records may be in it.
    pub of: &'static [&'static str],
    /// Resolves its members.
    pub resolve: fn(&Record) -> Result<Members>,
}

/// The members of a collection.
pub struct Members {
    /// Their object.
    pub object: &'static str,
    /// The predicate that holds for them.
    pub predicate: Json,
}
