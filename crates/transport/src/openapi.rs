//! The OpenAPI 3.1 document, from the same declarations that the doors interpret. It is the same text for
//! the same declarations, whatever the order in which anything was looked at.

mod filter;
mod operation;
mod parameter;
mod part;
mod path;
mod record;

use std::collections::BTreeMap;

use app::{Operations, contract, operation::OperationKind};
use kernel::Registry;
use utoipa::openapi::{
    Components, Info, InfoBuilder, License, OpenApi, OpenApiBuilder, Paths, Server,
    security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    tag::{Tag, TagBuilder},
};

use part::Node;

const ABOUT: &str = "The REST door of Kith, a headless CRM. Every request carries `Authorization: Bearer kith_…`; the \
workspace comes from that key alone. Bodies are JSON with camelCase members; unknown members and parameters are refused, and so is U+0000 in any text. \
Ids are TypeIDs (`contact_01h…`); instants are RFC 3339 in UTC with milliseconds; amounts are decimal text with their \
currency. Errors are problem details (RFC 9457) whose `code` is stable. The same operations, names and limits are to be \
had by GraphQL at `/graphql`.";

const BEARER: &str = "bearer";

/// Writes the document: JSON with line breaks, the last one included.
pub fn document(registry: &Registry, operations: &Operations) -> String {
    let mut text = build(registry, operations).to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

fn build(registry: &Registry, operations: &Operations) -> OpenApi {
    let mut schemas = Schemas::new();
    part::add_shared(&mut schemas);
    filter::add_shared(&mut schemas);
    let mut paths = Paths::new();
    for object in registry.objects() {
        record::add(&mut schemas, registry, object);
        filter::add(&mut schemas, registry, object);
    }
    for operation in operations.iter() {
        match &operation.kind {
            OperationKind::Search => {
                schemas.insert(contract::input(&operation.name), filter::search(&operation.object));
            }
            OperationKind::View(view) => record::add_view(&mut schemas, registry, &operation.object, view),
            OperationKind::Collection(collection) => {
                record::add_collection(&mut schemas, registry, collection);
            }
            OperationKind::Write(write) => record::add_write(&mut schemas, registry, operation, write),
            _ => {}
        }
        path::add(&mut paths, registry, operation);
    }
    path::of_server(&mut paths);
    let tags = registry.objects().iter().map(|object| tag(&object.type_name, object.doc));
    let tags = tags.chain([tag("Server", "The server itself: its health, its errors, its caller.")]);
    OpenApiBuilder::new()
        .info(info())
        .servers(Some([server()]))
        .paths(paths)
        .components(Some(components(schemas)))
        .security(Some([SecurityRequirement::new::<_, [&str; 0], _>(BEARER, [])]))
        .tags(Some(tags))
        .build()
}

/// The schemas of the document, by name.
type Schemas = BTreeMap<String, Node>;

fn info() -> Info {
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    InfoBuilder::new()
        .title("Kith")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(license))
        .build()
}

fn server() -> Server {
    let mut server = Server::new("/");
    server.description = Some("The server that this document comes from.".to_owned());
    server
}

fn tag(name: &str, doc: &str) -> Tag {
    TagBuilder::new().name(name).description(Some(doc)).build()
}

fn components(schemas: Schemas) -> Components {
    let mut components = Components::new();
    components.schemas = schemas;
    components.parameters = parameter::all();
    components.responses.extend(operation::problem());
    components.headers = operation::headers();
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.description = Some("A key, as `issueApiKey` shows it once.".to_owned());
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    components
}

#[cfg(test)]
mod tests;
