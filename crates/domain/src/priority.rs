//! How pressing something is, the same for tasks and tickets.

use kernel::choices;

choices! {
    /// How pressing something is.
    pub Priority {
        /// When there is time.
        Low = "LOW",
        /// As usual.
        Medium = "MEDIUM",
        /// Before others.
        High = "HIGH",
        /// At once.
        Critical = "CRITICAL",
    }
}
