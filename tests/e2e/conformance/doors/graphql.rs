//! Calls as documents with variables for the GraphQL door.

use app::operation::{Operation as Declared, Output, OutputKind};
use kernel::{field::Kind, object::Object, text::pascal};
use serde_json::{Map, Value as Json, json};

use super::{Asked, Call, Operation, input_members};

/// What a mutation tells of what was wrong.
const USER_ERRORS: &str = "userErrors { code field message }";

/// Everything that a record shows, as a GraphQL selection.
pub fn selection(object: &Object, may_read: impl Fn(&str) -> bool) -> String {
    let field = |attribute: &kernel::object::Attribute| match attribute.kind {
        Kind::Money => format!("{} {{ amount currency }}", attribute.name),
        Kind::List(list) if !list.plain => {
            let members: Vec<_> = list.members.iter().map(|member| member.name).collect();
            format!("{} {{ {} }}", attribute.name, members.join(" "))
        }
        _ => attribute.name.to_owned(),
    };
    let readable = object.attributes.iter().filter(|attribute| may_read(attribute.name));
    readable.map(field).collect::<Vec<_>>().join(" ")
}

impl Call<'_> {
    /// The document and its variables.
    pub(super) fn graphql(&self, asked: &Asked, may_read: &dyn Fn(&str) -> bool) -> (String, Json) {
        let (one, field) = (&self.object.type_name, self.field());
        let shown = |object: &str| selection(self.registry.object(object).unwrap(), may_read);
        let own = shown(self.object.name);
        let written = format!("{{ {} {{ {own} }} {USER_ERRORS} }}", self.object.name);
        let id = json!({ "id": asked.id });
        let query = match self.operation {
            Operation::List | Operation::Search => {
                let query = format!(
                    "query($where: {one}Filter, $deleted: DeletedFilter) {{ {field}(first: 200, where: $where, \
                     deleted: $deleted) {{ nodes {{ {own} }} totalCount }} }}"
                );
                return (query, json!({ "where": asked.predicate, "deleted": asked.deleted }));
            }
            Operation::Get => format!("query($id: ID!) {{ {field}(id: $id) {{ {own} }} }}"),
            Operation::Create => {
                let query =
                    format!("mutation($input: Create{one}Input!) {{ {field}(input: $input) {written} }}");
                return (query, json!({ "input": asked.input }));
            }
            Operation::Update => {
                let query = format!(
                    "mutation($id: ID!, $input: Update{one}Input!) {{ {field}(id: $id, input: $input) {written} }}"
                );
                return (query, json!({ "id": asked.id, "input": asked.input }));
            }
            Operation::Delete | Operation::Restore => {
                format!("mutation($id: ID!) {{ {field}(id: $id) {written} }}")
            }
            Operation::Command(command) => return self.graphql_command(command, asked, &shown),
            Operation::View(view) => {
                let panel = |panel: &app::view::Panel| {
                    let target = self.registry.target(self.object.link(panel.link).unwrap().1).unwrap();
                    // As REST has it.
                    let is_shown = |name: &str| may_read(name) && !target.attribute(name).unwrap().is_long();
                    format!("{} {{ {} }}", panel.name, selection(target, is_shown))
                };
                let panels: Vec<_> = view.panels.iter().map(panel).collect();
                let panels = panels.join(" ");
                format!(
                    "query($id: ID!) {{ {field}(id: $id) {{ {} {{ {own} }} {panels} }} }}",
                    self.object.name
                )
            }
            Operation::Collection(_) => {
                format!("query($id: ID!) {{ {field}(id: $id, first: 200) {{ nodes {{ __typename id }} }} }}")
            }
        };
        (query, id)
    }

    fn graphql_command(
        &self,
        command: &Declared,
        asked: &Asked,
        shown: &dyn Fn(&str) -> String,
    ) -> (String, Json) {
        let output = |output: &Output| match output.kind {
            OutputKind::Record(object) => format!("{} {{ {} }}", output.name, shown(object)),
            OutputKind::Text => output.name.to_owned(),
        };
        let outputs: Vec<_> = command.write().unwrap().outputs.iter().map(output).collect();
        let (mut takes, mut gives, mut variables) = (Vec::new(), Vec::new(), Map::new());
        let mut say = |name: &str, of: String, value: Json| {
            takes.push(format!("${name}: {of}"));
            gives.push(format!("{name}: ${name}"));
            variables.insert(name.to_owned(), value);
        };
        if command.on_record {
            say("id", "ID!".to_owned(), asked.id.as_str().into());
            say("expectedVersion", "Int".to_owned(), asked.version.into());
        }
        if input_members(command).next().is_some() {
            say("input", format!("{}Input!", pascal(&command.name)), asked.input.clone().into());
        }
        let query = format!(
            "mutation({}) {{ {}({}) {{ {} {USER_ERRORS} }} }}",
            takes.join(", "),
            command.name,
            gives.join(", "),
            outputs.join(" ")
        );
        // An operation without variables has no brackets for them.
        (query.replace("()", ""), variables.into())
    }
}
