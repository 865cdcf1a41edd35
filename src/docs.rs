//! `/docs`: the OpenAPI document as a plain page. No script, no third-party host.

use crate::{Result, openapi, web};
use askama::Template;
use poem::{Request, Response, handler};
use std::sync::LazyLock;
use utoipa::openapi::{RefOr, path::Operation, schema::Schema};

#[derive(Template)]
#[template(path = "docs/index.html")]
struct Page {
    stylesheet: &'static str,
    operations: Vec<Entry>,
    schemas: Vec<(String, String)>,
}

/// One operation as the page shows it.
struct Entry {
    id: String,
    method: &'static str,
    path: String,
    summary: String,
    description: String,
    needs_token: bool,
    parameters: Vec<(String, String)>,
    body: Option<String>,
    responses: Vec<(String, String)>,
}

/// The page. What is in it was put together once.
#[handler]
pub fn page(request: &Request) -> Result<Response> {
    static PAGE: LazyLock<Page> = LazyLock::new(build);
    web::kept_page(request, &*PAGE)
}

fn build() -> Page {
    let document = openapi::parsed();
    let mut operations = Vec::new();
    for (path, item) in &document.paths.paths {
        let methods = [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ];
        for (method, operation) in methods {
            if let Some(operation) = operation {
                operations.push(entry(method, path, operation));
            }
        }
    }
    let schemas = document.components.iter().flat_map(|c| &c.schemas);
    Page {
        stylesheet: web::asset("app.css"),
        operations,
        schemas: schemas
            .map(|(name, schema)| (name.clone(), pretty(schema)))
            .collect(),
    }
}

fn entry(method: &'static str, path: &str, operation: &Operation) -> Entry {
    let parameters = operation.parameters.iter().flatten();
    let body = operation.request_body.as_ref().and_then(inline);
    Entry {
        id: operation.operation_id.clone().unwrap_or_default(),
        method,
        path: path.to_owned(),
        summary: operation.summary.clone().unwrap_or_default(),
        description: operation.description.clone().unwrap_or_default(),
        needs_token: operation.security.is_some(),
        parameters: parameters
            .filter_map(inline)
            .map(|p| (p.name.clone(), p.description.clone().unwrap_or_default()))
            .collect(),
        body: body.and_then(|body| {
            let (media_type, content) = body.content.iter().next()?;
            let name = match inline(content)?.schema.as_ref()? {
                RefOr::Ref(reference) => reference.ref_location.rsplit('/').next()?,
                RefOr::T(_) => return Some(media_type.clone()),
            };
            Some(format!("{name} as {media_type}"))
        }),
        responses: operation
            .responses
            .responses
            .iter()
            .map(|(status, response)| match response {
                RefOr::T(response) => (status.clone(), response.description.clone()),
                RefOr::Ref(reference) => (status.clone(), reference.summary.clone()),
            })
            .collect(),
    }
}

/// What stands in the document itself; the parts we refer to are schemas alone.
fn inline<T>(part: &RefOr<T>) -> Option<&T> {
    match part {
        RefOr::T(part) => Some(part),
        RefOr::Ref(_) => None,
    }
}

fn pretty(schema: &RefOr<Schema>) -> String {
    serde_json::to_string_pretty(schema).unwrap_or_default()
}
