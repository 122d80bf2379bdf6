//! GraphQL and REST: interpreters of the registry.
