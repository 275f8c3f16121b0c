//! What every operation of a kind has: headers in, problems out.

use utoipa::openapi::{
    ContentBuilder, Header, OpenApi, PathItem, Ref, RefOr, Required, ResponseBuilder,
    path::{HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn},
    schema::{ObjectBuilder, Type},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

/// A problem that operations may answer with: status, name of the component, meaning.
const PROBLEMS: [(&str, &str, &str); 13] = [
    (
        "400",
        "BadRequest",
        "The query, a header or the body is malformed.",
    ),
    ("401", "Unauthorized", "There is no valid session or token."),
    (
        "403",
        "Forbidden",
        "The caller sees the thing but may not do this, or the token lacks the scope.",
    ),
    (
        "404",
        "NotFound",
        "There is no such thing, or the caller may not know of it.",
    ),
    (
        "409",
        "Conflict",
        "The present state does not allow it; `detail` says why.",
    ),
    (
        "412",
        "PreconditionFailed",
        "`If-Match` names another revision than the present one.",
    ),
    ("413", "PayloadTooLarge", "The body is too large."),
    (
        "415",
        "UnsupportedMediaType",
        "The body is not declared as JSON.",
    ),
    (
        "422",
        "Unprocessable",
        "Fields are wrong, each named in `errors`; or a rule forbids it; or the idempotency key was used with another body.",
    ),
    ("428", "PreconditionRequired", "`If-Match` is missing."),
    (
        "429",
        "TooManyRequests",
        "A limit is used up; `Retry-After` says when to come again.",
    ),
    ("500", "InternalError", "Something failed on our side."),
    (
        "503",
        "Unavailable",
        "The service cannot do this now; `Retry-After` says when to come again.",
    ),
];

/// Completes the document.
pub(super) fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    for (_, name, description) in PROBLEMS {
        let response = ResponseBuilder::new()
            .description(description)
            .header("X-Request-Id", text_header("The request's id."))
            .content(
                web::problem::MEDIA_TYPE,
                ContentBuilder::new()
                    .schema(Some(Ref::from_schema_name("Problem")))
                    .build(),
            )
            .build();
        components
            .responses
            .insert(name.to_owned(), response.into());
    }
    components.add_security_scheme(
        "session",
        SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
            "__Host-trellis",
            "The cookie of a signed-in session.",
        ))),
    );
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A personal access token or an access token; scopes limit it.",
        ))
        .build();
    components.add_security_scheme("token", SecurityScheme::Http(token));
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            describe(path, &method, operation);
        }
    }
}

/// The operations of a path.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

fn describe(path: &str, method: &HttpMethod, operation: &mut Operation) {
    if operation.security.is_none() {
        return;
    }
    let writes = *method != HttpMethod::Get;
    let revised = matches!(method, HttpMethod::Patch | HttpMethod::Delete);
    let posted = *method == HttpMethod::Post;
    let addressed = path.contains('{');
    if revised || (posted && addressed) {
        let meaning = "The `ETag` of what was read; `*` for whatever it is now.";
        header_in(operation, "If-Match", meaning, revised);
    }
    if posted {
        let meaning = "Makes a repetition within 24 hours answer as the first one did, with \
                       `Idempotent-Replayed: true`, and do nothing.";
        header_in(operation, "Idempotency-Key", meaning, false);
    }
    header_in(
        operation,
        "X-Request-Id",
        "An id for the request; made when left out.",
        false,
    );
    let has_body = operation.request_body.is_some();
    let has_query = parameters(operation).any(|p| p.parameter_in == ParameterIn::Query);
    for (status, name, _) in PROBLEMS {
        let applies = match status {
            "400" => has_body || has_query || writes,
            "404" => addressed || has_body || has_query,
            "409" | "422" => writes,
            "412" => writes && addressed,
            "413" | "415" => has_body,
            "428" => revised,
            _ => true,
        };
        if applies {
            let known = &mut operation.responses.responses;
            let problem = RefOr::Ref(Ref::from_response_name(name));
            known.entry(status.to_owned()).or_insert(problem);
        }
    }
}

fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    operation
        .parameters
        .iter()
        .flatten()
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter),
            RefOr::Ref(_) => None,
        })
}

fn header_in(operation: &mut Operation, name: &str, description: &str, required: bool) {
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(if required {
            Required::True
        } else {
            Required::False
        })
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build();
    operation
        .parameters
        .get_or_insert_default()
        .push(parameter.into());
}

fn text_header(description: &str) -> Header {
    let mut header = Header::new(ObjectBuilder::new().schema_type(Type::String));
    header.description = Some(description.to_owned());
    header
}
