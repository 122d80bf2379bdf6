//! What of a valid document may be wrong with other variables. Validation sees to it that a variable's type fits
//! where the variable stands, so a value of that type fits as well, but for two cases: a null in place of a
//! default, and a variable within a list or an object, where the rest is judged only together with its value.

use std::collections::HashSet;

use async_graphql::{
    Name, Positioned,
    parser::types::{Directive, Field, Selection, SelectionSet},
    registry::{MetaInputValue, MetaTypeName, Registry},
};
use async_graphql_value::Value;

use crate::graphql::operation::Operation;

/// An argument to be looked at again with other variables.
pub struct Varying {
    /// Its value.
    pub value: Value,
    /// Its type.
    pub of: String,
}

/// The arguments of a valid operation that are to be looked at again; none where that cannot be told.
pub fn varying(registry: &Registry, operation: &Operation) -> Option<Vec<Varying>> {
    let mut walk = Walk { registry, operation, fragments: HashSet::new(), found: Vec::new() };
    walk.set(&operation.definition().ok()?.selection_set.node, &registry.query_type)?;
    Some(walk.found)
}

struct Walk<'a> {
    registry: &'a Registry,
    operation: &'a Operation,
    fragments: HashSet<&'a Name>,
    found: Vec<Varying>,
}

impl<'a> Walk<'a> {
    fn set(&mut self, set: &'a SelectionSet, of: &'a str) -> Option<()> {
        for selection in &set.items {
            for Positioned { node: Directive { name, arguments }, .. } in selection.node.directives() {
                let known = self.registry.directives.get(name.node.as_str())?;
                self.arguments(arguments, |name| known.args.get(name))?;
            }
            match &selection.node {
                Selection::Field(field) => self.field(&field.node, of)?,
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    let of = condition.map_or(of, |condition| condition.node.on.node.as_str());
                    self.set(&fragment.node.selection_set.node, of)?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    if self.fragments.insert(name) {
                        let fragment = &self.operation.document.fragments.get(name)?.node;
                        let of = fragment.type_condition.node.on.node.as_str();
                        self.set(&fragment.selection_set.node, of)?;
                    }
                }
            }
        }
        Some(())
    }

    fn field(&mut self, field: &'a Field, of: &'a str) -> Option<()> {
        if field.name.node == "__typename" {
            return Some(());
        }
        let known = self.registry.types.get(of)?.field_by_name(&field.name.node)?;
        self.arguments(&field.arguments, |name| known.args.get(name))?;
        self.set(&field.selection_set.node, MetaTypeName::concrete_typename(&known.ty))
    }

    fn arguments(
        &mut self,
        given: &[(Positioned<Name>, Positioned<Value>)],
        known: impl Fn(&str) -> Option<&'a MetaInputValue>,
    ) -> Option<()> {
        for (name, value) in given {
            let of = &known(&name.node)?.ty;
            let may_vary = match &value.node {
                Value::Variable(name) => of.ends_with('!') && !self.operation.parameters.is_never_null(name),
                value => has_variables(value),
            };
            if may_vary {
                self.found.push(Varying { value: value.node.clone(), of: of.clone() });
            }
        }
        Some(())
    }
}

fn has_variables(value: &Value) -> bool {
    match value {
        Value::Variable(_) => true,
        Value::List(items) => items.iter().any(has_variables),
        Value::Object(members) => members.values().any(has_variables),
        _ => false,
    }
}
