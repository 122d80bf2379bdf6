//! How large a document becomes once every fragment is written out where it is spread.

use std::collections::HashMap;
use std::mem;

use super::outline::{Definition, Size, Spread};
use super::{
    MAX_EXPANDED_BYTES, MAX_FRAGMENTS, MAX_NESTING, MAX_ROOT_FIELDS, MAX_SELECTIONS, Refusal, within,
};

/// A definition on the way to its full size.
struct Node<'a> {
    size: Size,
    /// Spreads in it whose fragment does not have its full size yet.
    waiting: usize,
    /// Where this fragment is spread, and in which node.
    users: Vec<(usize, Spread<'a>)>,
}

/// Refuses fragments that spread themselves, and a document that is too large written out.
///
/// A fragment gets its size once, after all that it spreads, so the work is linear in definitions and spreads.
/// What counts in the end are the definitions that no other spreads: every fragment is part of one of those.
pub(super) fn check(definitions: &[Definition<'_>]) -> Result<(), Refusal> {
    let places = places(definitions);
    let mut nodes = nodes(definitions, &places);
    let is_operation =
        |at: usize| definitions.get(at).is_some_and(|definition| definition.fragment.is_none());
    let is_ready = |(at, node): (usize, &Node<'_>)| (node.waiting == 0).then_some(at);
    let mut ready: Vec<usize> = nodes.iter().enumerate().filter_map(is_ready).collect();
    let mut total = Size::default();
    let mut sized = 0;
    while let Some((at, node)) = ready.pop().and_then(|at| Some((at, nodes.get_mut(at)?))) {
        let (size, users) = (node.size, mem::take(&mut node.users));
        sized += 1;
        within("nesting_too_deep", "levels of brackets", size.nesting, MAX_NESTING)?;
        if is_operation(at) {
            within("too_many_root_fields", "fields at its root", size.outermost, MAX_ROOT_FIELDS)?;
        }
        if users.is_empty() {
            total.bytes = total.bytes.saturating_add(size.bytes);
            total.selections = total.selections.saturating_add(size.selections);
        }
        for (user, spread) in users {
            if let Some(node) = nodes.get_mut(user) {
                node.size = node.size.with(spread, size);
                node.waiting -= 1;
                ready.extend((node.waiting == 0).then_some(user));
            }
        }
    }
    if sized < nodes.len() {
        let name = in_circle(definitions, &places, &nodes).unwrap_or_default();
        return Err(Refusal::new(
            "fragment_cycle",
            format!("The fragment `{name}` spreads itself, directly or through others."),
        ));
    }
    within("expansion_too_large", "selections, fragments written out", total.selections, MAX_SELECTIONS)?;
    within("expansion_too_large", "bytes, fragments written out", total.bytes, MAX_EXPANDED_BYTES)
}

fn places<'a>(definitions: &[Definition<'a>]) -> HashMap<&'a str, usize> {
    definitions.iter().enumerate().filter_map(|(at, definition)| Some((definition.fragment?, at))).collect()
}

/// A spread of a fragment that is not there is left to validation.
fn nodes<'a>(definitions: &[Definition<'a>], places: &HashMap<&str, usize>) -> Vec<Node<'a>> {
    let node = |definition: &Definition<'_>| Node { size: definition.size, waiting: 0, users: Vec::new() };
    let mut nodes: Vec<_> = definitions.iter().map(node).collect();
    for (user, definition) in definitions.iter().enumerate() {
        for &spread in &definition.spreads {
            if let Some(fragment) = places.get(spread.fragment).and_then(|&at| nodes.get_mut(at)) {
                fragment.users.push((user, spread));
                if let Some(node) = nodes.get_mut(user) {
                    node.waiting += 1;
                }
            }
        }
    }
    nodes
}

/// From a definition that still waits, along what it waits for: after as many steps as there are fragments the
/// way is inside a circle.
fn in_circle<'a>(
    definitions: &[Definition<'a>],
    places: &HashMap<&str, usize>,
    nodes: &[Node<'_>],
) -> Option<&'a str> {
    let waits = |at: &usize| nodes.get(*at).is_some_and(|node| node.waiting > 0);
    let mut at = (0..nodes.len()).find(waits)?;
    for _ in 0..=MAX_FRAGMENTS {
        let spreads = &definitions.get(at)?.spreads;
        at = spreads.iter().filter_map(|spread| places.get(spread.fragment).copied()).find(waits)?;
    }
    definitions.get(at)?.fragment
}

impl Size {
    /// This definition's size with the fragment of one of its spreads written out there.
    fn with(self, spread: Spread<'_>, fragment: Size) -> Self {
        let merged_again = spread.within.merged.saturating_mul(fragment.outermost);
        let outermost = if spread.within.outermost { fragment.outermost } else { 0 };
        Self {
            bytes: self.bytes.saturating_add(fragment.bytes),
            selections: self.selections.saturating_add(fragment.selections).saturating_add(merged_again),
            outermost: self.outermost.saturating_add(outermost),
            nesting: self.nesting.max(spread.nesting.saturating_add(fragment.nesting)),
        }
    }
}
