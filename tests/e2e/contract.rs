//! The contract that every operation keeps, whatever its object: strict input, pages, versions, ids, headers,
//! events, and what happens when many write at once.

mod answers;
mod at_once;
mod bodies;
mod bounds;
mod browsers;
mod concurrency;
mod conditions;
mod deletion;
mod errors;
mod events;
mod http;
mod identity;
mod input;
mod late;
mod lists;
mod me;
mod pages;
mod reading;
mod taken;
mod texts;
mod versions;

/// Creates a contact by GraphQL.
const CREATE_CONTACT: &str = "mutation($input: CreateContactInput!) { createContact(input: $input) {
    contact { id version } userErrors { code field message meta } } }";

/// Changes a contact by GraphQL.
const UPDATE_CONTACT: &str = "mutation($id: ID!, $version: Int, $input: UpdateContactInput!) {
    updateContact(id: $id, expectedVersion: $version, input: $input) {
        contact { id version } userErrors { code field message meta } } }";
