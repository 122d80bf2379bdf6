//! The priority of tasks and tickets.

use kernel::choices;

choices! {
    /// The priority of a task or a ticket.
    pub Priority {
        /// Low: when there is time.
        Low = "LOW",
        /// Medium: the usual.
        Medium = "MEDIUM",
        /// High: before others.
        High = "HIGH",
        /// Critical: at once.
        Critical = "CRITICAL",
    }
}
