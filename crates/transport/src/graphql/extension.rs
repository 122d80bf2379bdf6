//! Where async-graphql stops: it validates a document, and what was valid is run as plans afterwards.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_graphql::{
    Response,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute},
};

/// Whether a document is valid, found out by a request that has this among its data and is not executed.
#[derive(Clone, Default)]
pub struct Validity(Arc<AtomicBool>);

impl Validity {
    /// Whether it was valid.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Makes the extension of each request.
pub struct ValidationOnly;

impl ExtensionFactory for ValidationOnly {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(ValidationOnly)
    }
}

#[async_trait::async_trait]
impl Extension for ValidationOnly {
    /// It is called for valid documents only.
    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let Some(Validity(valid)) = ctx.data_opt() else { return next.run(ctx, name).await };
        valid.store(true, Ordering::Relaxed);
        Response::default()
    }
}
