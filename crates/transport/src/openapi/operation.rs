//! One operation of the document: what it takes and what it answers.

use std::collections::BTreeMap;

use utoipa::openapi::{
    Content, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder,
    header::Header,
    path::{Operation, OperationBuilder, Parameter},
    request_body::RequestBodyBuilder,
    response::ResponsesBuilder,
    schema::Type,
};

use super::{
    parameter,
    part::{custom, of},
};

/// The media type of JSON.
pub const JSON: &str = "application/json";
const BYTES: &str = "application/octet-stream";
const PROBLEM: &str = "Problem";
/// How any operation may fail.
const ALWAYS: &[&str] = &["400", "405", "406", "408", "413", "500", "503"];
/// How an operation may fail that needs a key.
pub const KEYED: &[&str] = &["401", "403", "422"];
/// How an operation may fail that is about one record.
pub const ABOUT_ONE: &[&str] = &["404"];
/// How an operation may fail that reads a body.
const READING: &[&str] = &["415"];
/// How an operation may fail that writes.
pub const WRITING: &[&str] = &["409", "412"];

/// An operation under construction.
pub struct Draft {
    operation: OperationBuilder,
    responses: ResponsesBuilder,
}

impl Draft {
    /// An operation of that name.
    pub fn new(id: &str, tag: &str, doc: &str) -> Self {
        let (summary, rest) = doc.split_once(". ").unwrap_or((doc.trim_end_matches('.'), ""));
        let operation = OperationBuilder::new().operation_id(Some(id)).tag(tag).summary(Some(summary));
        let operation = operation.description((!rest.is_empty()).then_some(doc));
        Self { operation, responses: ResponsesBuilder::new() }.fails(ALWAYS)
    }

    /// It may fail with these statuses too.
    pub fn fails(mut self, statuses: &[&str]) -> Self {
        for status in statuses {
            let problem = RefOr::Ref(Ref::from_response_name(PROBLEM));
            self.responses = self.responses.response(*status, problem);
        }
        self
    }

    /// It takes these shared parameters.
    pub fn takes(mut self, names: &[&str]) -> Self {
        for name in names {
            self.operation = self.operation.parameter_ref(parameter::reference(name));
        }
        self
    }

    /// It takes this parameter.
    pub fn takes_one(mut self, parameter: Parameter) -> Self {
        self.operation = self.operation.parameter(parameter);
        self
    }

    /// It reads a body of these types.
    pub fn reads(mut self, schema: &str, content_types: &[&str], required: bool) -> Self {
        let required = if required { Required::True } else { Required::False };
        let body = RequestBodyBuilder::new().required(Some(required));
        let content = || Content::new(Some(Ref::from_schema_name(schema)));
        let body =
            content_types.iter().fold(body, |body, content_type| body.content(*content_type, content()));
        self.operation = self.operation.request_body(Some(body.build()));
        self.fails(READING)
    }

    /// It reads a JSON body.
    pub fn reads_json(self, schema: &str) -> Self {
        self.reads(schema, &[JSON], true)
    }

    /// It reads bytes.
    pub fn reads_bytes(mut self) -> Self {
        let bytes = Content::new(Some(of(Type::String).format(Some(custom("binary")))));
        let body = RequestBodyBuilder::new().required(Some(Required::True)).content(BYTES, bytes);
        self.operation = self.operation.request_body(Some(body.build()));
        self.fails(READING)
    }

    /// It answers this, with these headers.
    pub fn answers(self, status: &str, doc: &str, schema: Option<&str>, headers: &[&str]) -> Self {
        let response = ResponseBuilder::new().description(doc);
        let content = |schema| Content::new(Some(Ref::from_schema_name(schema)));
        let response =
            schema.into_iter().fold(response, |response, schema| response.content(JSON, content(schema)));
        self.responds(status, response, headers)
    }

    /// It answers bytes, with these headers.
    pub fn answers_bytes(self, headers: &[&str]) -> Self {
        let bytes = Content::new(Some(of(Type::String).format(Some(custom("binary")))));
        let response = ResponseBuilder::new().description("The content.").content("*/*", bytes);
        self.responds("200", response, headers)
    }

    fn responds(mut self, status: &str, mut response: ResponseBuilder, headers: &[&str]) -> Self {
        for name in headers {
            response = response.header_ref(*name, Ref::new(format!("#/components/headers/{name}")));
        }
        self.responses = self.responses.response(status, response.build());
        self
    }

    /// Nobody needs to say who they are.
    pub fn open(mut self) -> Self {
        self.operation = self.operation.securities(Some([]));
        self
    }

    /// The operation.
    pub fn done(self) -> Operation {
        self.operation.responses(self.responses.build()).build()
    }
}

/// The one response for everything that goes wrong.
pub fn problem() -> [(String, RefOr<Response>); 1] {
    let content = Content::new(Some(Ref::from_schema_name(PROBLEM)));
    let response = ResponseBuilder::new()
        .description("The request failed.")
        .content("application/problem+json", content);
    let response = response
        .header_ref("Request-Id", Ref::new("#/components/headers/Request-Id"))
        .header_ref("Retry-After", Ref::new("#/components/headers/Retry-After"));
    [(PROBLEM.to_owned(), response.build().into())]
}

/// The headers of answers.
pub fn headers() -> BTreeMap<String, RefOr<Header>> {
    let header = |name: &str, doc: &str| {
        let header = HeaderBuilder::new().schema(Some(of(Type::String))).description(Some(doc)).build();
        (name.to_owned(), header.into())
    };
    let location = of(Type::String).format(Some(custom("uri-reference")));
    let location =
        HeaderBuilder::new().schema(Some(location)).description(Some("Where the record is found."));
    BTreeMap::from([
        header("Request-Id", "The request's id: that which the client gave, or a new one."),
        header(
            "ETag",
            "The record's version in quotes; for `If-Match` and `If-None-Match`. Not with `include`.",
        ),
        header("Retry-After", "When to try again, in seconds; only where nothing can have been written."),
        header("Link", "The next page, with `rel=\"next\"` (RFC 8288); missing on the last."),
        ("Location".to_owned(), location.build().into()),
    ])
}
