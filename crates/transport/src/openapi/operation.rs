//! One operation of the document: what it takes and what it answers.

use std::collections::BTreeMap;

use utoipa::openapi::{
    Content, HeaderBuilder, Ref, RefOr, Required, Response, ResponseBuilder,
    header::Header,
    path::{Operation, OperationBuilder},
    request_body::RequestBodyBuilder,
    response::ResponsesBuilder,
    schema::Type,
};

use super::{
    parameter,
    part::{custom, of},
};

const JSON: &str = "application/json";
const ANY: &str = "*/*";
const PROBLEM: &str = "Problem";

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
        let problem = Ref::from_response_name(PROBLEM);
        Self { operation, responses: ResponsesBuilder::new().response("default", RefOr::Ref(problem)) }
    }

    /// It takes these shared parameters.
    pub fn takes(mut self, names: &[&str]) -> Self {
        for name in names {
            self.operation = self.operation.parameter_ref(parameter::reference(name));
        }
        self
    }

    /// It takes a predicate.
    pub fn takes_condition(mut self, predicate: &str) -> Self {
        self.operation = self.operation.parameter(parameter::condition(predicate));
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
        self
    }

    /// It reads a JSON body.
    pub fn reads_json(self, schema: &str) -> Self {
        self.reads(schema, &[JSON], true)
    }

    /// It reads bytes.
    pub fn reads_bytes(mut self) -> Self {
        let body = RequestBodyBuilder::new().required(Some(Required::True)).content(ANY, Content::default());
        self.operation = self.operation.request_body(Some(body.build()));
        self
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
        let response = ResponseBuilder::new().description("The content.").content(ANY, Content::default());
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
    let response = response.header_ref("Request-Id", Ref::new("#/components/headers/Request-Id"));
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
        header("Link", "The next page, with `rel=\"next\"` (RFC 8288); missing on the last."),
        ("Location".to_owned(), location.build().into()),
    ])
}
