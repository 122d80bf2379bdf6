//! The arguments of fields, as the planner reads them.

use app::listing::{Listing, Part};
use async_graphql::parser::types::Field;
use kernel::{
    Result,
    id::TypeId,
    object::Object,
    plan::{Deleted, MAX_PAGE},
};
use serde_json::Value as Json;
use uuid::Uuid;

use super::{Planner, invalid};

impl Planner<'_> {
    /// What the arguments of a list say.
    pub(super) fn listing(&self, field: &Field) -> Result<Listing> {
        let number = |name| match self.document.argument(field, name) {
            None | Some(Json::Null) => Ok(None),
            Some(json) => {
                let number = json.as_u64().and_then(|number| u32::try_from(number).ok());
                number
                    .filter(|number| (1..=MAX_PAGE).contains(number))
                    .map(Some)
                    .ok_or_else(|| invalid(&format!("{name} lies between 1 and {MAX_PAGE}")))
            }
        };
        let (after, before) = (self.text(field, "after")?, self.text(field, "before")?);
        let part = match (number("first")?, number("last")?) {
            (Some(first), None) => Part::First(first, after, before),
            (None, Some(last)) => Part::Last(last, after, before),
            _ => return Err(invalid("either first or last has to be given")),
        };
        let deleted = self.text(field, "deleted")?;
        let deleted = deleted.as_deref().and_then(Deleted::parse).unwrap_or_default();
        let given = |name| self.document.argument(field, name).filter(|json| !json.is_null());
        Ok(Listing {
            predicate: given("where"),
            order_by: given("orderBy"),
            deleted,
            part,
            ..Listing::default()
        })
    }

    /// An argument that is a text.
    pub(super) fn text(&self, field: &Field, name: &str) -> Result<Option<String>> {
        match self.document.argument(field, name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(invalid(&format!("{name}: text is expected"))),
        }
    }

    /// The id of a record of an object that the argument `id` is.
    pub(in crate::graphql) fn id(&self, field: &Field, object: &Object) -> Result<Uuid> {
        let text = self.text(field, "id")?.unwrap_or_default();
        let expected = || invalid(&format!("id: an id {}_… is expected", object.prefix));
        TypeId::parse_as(&object.prefix, &text).ok_or_else(expected)
    }
}
