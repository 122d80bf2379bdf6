//! A step of the history that makes tables.

use sea_orm_migration::prelude::*;

use crate::table::{Table, connect};

/// A step that makes tables and connects them with those of earlier steps.
pub struct Tables {
    /// The name by which the database remembers the step.
    pub name: &'static str,
    /// The tables, each after those it refers to.
    pub tables: fn() -> Vec<Table>,
    /// Connections that waited for these tables: from which table, by which column, to which table.
    pub connections: &'static [(&'static str, &'static str, &'static str)],
    /// What else is to be done, in the SQL of both databases.
    pub after: &'static [&'static str],
}

impl MigrationName for Tables {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Tables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let mut statements: Vec<_> =
            (self.tables)().iter().flat_map(|table| table.statements(backend)).collect();
        let connections = self.connections.iter();
        statements.extend(
            connections.filter_map(|(table, column, target)| connect(table, column, target, backend)),
        );
        statements.extend(self.after.iter().map(|statement| (*statement).to_owned()));
        manager.get_connection().execute_unprepared(&statements.join(";\n")).await?;
        Ok(())
    }

    // SQLite would otherwise keep half of a step that fails.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
