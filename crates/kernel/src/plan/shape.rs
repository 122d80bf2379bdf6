//! The shape of a plan: everything about it but the values in it. Plans of one shape cost about the same.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    mem::discriminant,
};

use super::Plan;
use crate::predicate::{Compare, Predicate, Quantifier};

impl Plan {
    /// A number that plans of the same shape share.
    pub fn shape(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        plan(self, &mut hasher);
        hasher.finish()
    }
}

impl Predicate {
    /// Whether other records are looked at to decide it.
    pub fn follows_links(&self) -> bool {
        match self {
            Predicate::All(parts) | Predicate::Any(parts) => parts.iter().any(Predicate::follows_links),
            Predicate::Not(part) => part.follows_links(),
            Predicate::Link { .. } => true,
            Predicate::Field(_) | Predicate::Items { .. } => false,
        }
    }
}

fn plan(plan: &Plan, hasher: &mut DefaultHasher) {
    plan.permit.workspace().hash(hasher);
    plan.object().name.hash(hasher);
    if !plan.permit.reaches_all() {
        plan.permit.role().hash(hasher);
    }
    predicate(&plan.predicate, hasher);
    discriminant(&plan.deleted).hash(hasher);
    for key in &plan.order {
        (key.field, key.descending).hash(hasher);
    }
    if let Some(order) = &plan.groups {
        (&plan.columns, order).hash(hasher);
    }
    (plan.page.count, plan.page.after.is_some(), plan.page.before.is_some()).hash(hasher);
    for child in &plan.children {
        child.link.hash(hasher);
        self::plan(&child.plan, hasher);
    }
}

fn predicate(predicate: &Predicate, hasher: &mut DefaultHasher) {
    discriminant(predicate).hash(hasher);
    match predicate {
        Predicate::All(parts) | Predicate::Any(parts) => {
            parts.len().hash(hasher);
            parts.iter().for_each(|part| self::predicate(part, hasher));
        }
        Predicate::Not(part) => self::predicate(part, hasher),
        Predicate::Field(test) => {
            test.field.hash(hasher);
            discriminant::<Compare>(&test.compare).hash(hasher);
        }
        Predicate::Link { link, how, of } => {
            link.hash(hasher);
            discriminant::<Quantifier>(how).hash(hasher);
            self::predicate(&of.predicate, hasher);
        }
        Predicate::Items { field, how, of } => {
            field.hash(hasher);
            discriminant::<Quantifier>(how).hash(hasher);
            self::predicate(of, hasher);
        }
    }
}
