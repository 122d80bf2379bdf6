//! The floor: what the same answers cost as bare SQL, with nobody in between.

pub mod pgbench;
pub mod sqlite;

/// The bare SQL of a workload on both databases. In PostgreSQL's scripts and in the columns, words in braces
/// are filled in.
#[derive(Clone, Copy, Debug)]
pub struct Floor {
    /// What pgbench runs.
    pub postgres: &'static str,
    /// What the loop over SQLite does.
    pub sqlite: sqlite::Loop,
    /// The columns that the answer needs.
    pub columns: &'static str,
}

/// All columns of a contact that its record shows.
pub const WHOLE: &str = "id, version, created_at, updated_at, created_by_id, updated_by_id, deleted_at, \
    external_refs, tag_ids, given_name, family_name, full_name, emails, phones, addresses, job_title, birthday, \
    language, time_zone, preferred_channel, lifecycle, lead_status, source, score, country, converted_deal_id, \
    owner_id";

/// The columns behind a dozen fields.
pub const DOZEN: &str = "id, version, created_at, updated_at, full_name, given_name, family_name, job_title, \
    lifecycle, country, emails, owner_id";

/// A contact by its id.
pub const fn contact(columns: &'static str) -> Floor {
    Floor { postgres: include_str!("../../floor/contact.sql"), sqlite: sqlite::Loop::Contact, columns }
}

/// The first page of a list.
pub const fn list(columns: &'static str) -> Floor {
    Floor {
        postgres: include_str!("../../floor/list.sql"),
        sqlite: sqlite::Loop::List { deep: false },
        columns,
    }
}

/// A page far down the list.
pub const fn deep_list(columns: &'static str) -> Floor {
    let postgres = include_str!("../../floor/list_deep.sql");
    Floor { postgres, sqlite: sqlite::Loop::List { deep: true }, columns }
}

/// Companies, their contacts, and their deals.
pub const TREE: Floor =
    Floor { postgres: include_str!("../../floor/tree.sql"), sqlite: sqlite::Loop::Tree, columns: "" };

/// A new contact with its event.
pub const CREATE: Floor =
    Floor { postgres: include_str!("../../floor/create.sql"), sqlite: sqlite::Loop::Create, columns: "" };
