//! GraphQL and REST: interpreters of the registry.

mod admission;
mod cors;
pub mod graphql;
mod observe;
pub mod openapi;
mod problem;
mod request;
mod rest;
mod server;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use actix_web::{
    dev::ServiceRequest,
    http::header::HeaderMap,
    middleware::{Compress, Condition, Next, from_fn},
    web::{self, Bytes, ServiceConfig},
};
use admission::Refusals;
use app::{Caller, Kith};
use graphql::Gateway;
use kernel::{Code, Error, Result, Value, plan::Plan};

/// The HTTP status that a refusal with this code comes with.
pub fn status(code: Code) -> u16 {
    problem::status(code).as_u16()
}

pub use cors::Origins;

/// What bounds a request, and who may send it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many bytes a body may have.
    pub body_limit: usize,
    /// How long a request may take, its body's arrival included.
    pub timeout: Duration,
    /// How long an upload may take in all; each wait for more of it is bounded like any other request.
    pub upload_timeout: Duration,
    /// The web pages that browsers let ask.
    pub origins: Origins,
    /// How many records an operation of GraphQL may reach.
    pub max_records: u64,
    /// Whether GraphQL resolves all field by field instead of by plans: slow, for comparing the answers.
    pub field_by_field: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_limit: 1024 * 1024,
            timeout: Duration::from_secs(10),
            upload_timeout: Duration::from_secs(3_600),
            origins: Origins::default(),
            max_records: 10_000,
            field_by_field: false,
        }
    }
}

/// Both doors to one Kith.
#[derive(Clone)]
pub struct Transport {
    kith: Kith,
    settings: Settings,
    document: Arc<OnceLock<Bytes>>,
    gateway: Arc<OnceLock<graphql::Gateway>>,
    refusals: Arc<Refusals>,
}

impl Transport {
    /// The doors to this Kith.
    pub fn new(kith: Kith, settings: Settings) -> Self {
        let (document, gateway, refusals) = Default::default();
        Self { kith, settings, document, gateway, refusals }
    }

    /// What they lead to.
    pub fn kith(&self) -> &Kith {
        &self.kith
    }

    /// What bounds a request.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A whole answer in HTTP/1.1 for what could not be read as a request.
    pub fn refusal(&self, error: &Error) -> Vec<u8> {
        let id = request::new_id(&HeaderMap::new(), &self.kith);
        problem::raw(error, &id)
    }

    /// The GraphQL endpoint, made when somebody first comes to it.
    fn gateway(&self) -> Result<&Gateway> {
        match self.gateway.get() {
            Some(gateway) => Ok(gateway),
            None => {
                let made = Gateway::new(&self.kith, &self.settings)?;
                Ok(self.gateway.get_or_init(|| made))
            }
        }
    }

    /// The OpenAPI document, made when somebody first asks for it.
    fn document(&self) -> Bytes {
        let make = || openapi::document(self.kith.registry(), self.kith.operations()).into();
        self.document.get_or_init(make).clone()
    }
}

/// How a caller's workspace seals cursors.
fn sealer(caller: &Caller) -> impl Fn(&Plan, &[Value], bool) -> String {
    |plan, keys, backward| caller.seal.seal(plan, keys, backward)
}

/// Registers every path of both doors.
pub fn configure(transport: Transport) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let data = web::Data::new(transport.clone());
        let origins = transport.settings.origins.clone();
        let (shares, kith) = (!origins.is_empty(), transport.kith().clone());
        let refusals = Arc::clone(&transport.refusals);
        let watch = move |request: ServiceRequest, next: Next<_>| {
            let id = request::new_id(request.headers(), transport.kith());
            let Settings { timeout, upload_timeout, .. } = transport.settings;
            let is_upload = rest::is_upload(request.method(), request.path());
            observe::watch(if is_upload { upload_timeout } else { timeout }, id, request, next)
        };
        let admit = move |request: ServiceRequest, next: Next<_>| {
            admission::admit(kith.clone(), Arc::clone(&refusals), request, next)
        };
        let share = move |request: ServiceRequest, next: Next<_>| cors::share(origins.clone(), request, next);
        let scope = web::scope("")
            .app_data(data)
            .wrap(Compress::default())
            .wrap(from_fn(watch))
            .wrap(from_fn(admit))
            .wrap(Condition::new(shares, from_fn(share)))
            .route(graphql::PATH, web::to(graphql::handle))
            .service(web::scope(rest::ROOT).default_service(web::to(rest::handle)))
            .route("/livez", web::to(server::alive))
            .route("/readyz", web::to(server::ready))
            .route("/openapi.json", web::to(server::document))
            .route("/errors/{code}", web::to(server::code))
            .default_service(web::to(server::nothing));
        config.service(scope);
    }
}
