//! `kith schema`: the contract of each door, as the server generates it.

use clap::{Args, ValueEnum};

use crate::failure::{Failure, Outcome};
use crate::output::say;

/// The contract to print.
#[derive(Args)]
pub(super) struct Schema {
    contract: Contract,
}

#[derive(Clone, Copy, ValueEnum)]
enum Contract {
    /// The GraphQL schema, in its definition language
    Graphql,
    /// The OpenAPI 3.1 document of the REST door
    Openapi,
}

impl Schema {
    pub fn print(&self) -> Outcome {
        let registry = app::registry();
        let operations = app::operations(&registry);
        let text = match self.contract {
            Contract::Openapi => transport::openapi::document(&registry, &operations),
            Contract::Graphql => transport::graphql::schema::sdl(&registry, &operations)
                .map_err(|error| Failure::new(error.to_string()))?,
        };
        say(text.trim_end())
    }
}
