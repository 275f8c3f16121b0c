//! Which headers pass (RFC 9110 §7.6.1), which are made anew.

use actix_web::{
    HttpMessage as _, HttpRequest,
    http::{
        header::{HeaderMap as Inbound, HeaderName as InboundName},
        uri::PathAndQuery,
    },
};
use cp_app::sessions::ClientAddress;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, FORWARDED, HOST,
        PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
    },
};

const KEEP_ALIVE: &str = "keep-alive";
const PROXY_CONNECTION: &str = "proxy-connection";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const IDENTITY: HeaderName = HeaderName::from_static("x-trellis-identity");
/// Headers with this prefix are between us and the nodes only.
const OURS: &str = "x-trellis-";
/// Headers with this prefix are for us to write.
const FORWARDED_PREFIX: &str = "x-forwarded-";

/// What the gateway says of a request.
#[derive(Debug)]
pub(crate) struct Said<'a> {
    pub(crate) identity: &'a HeaderValue,
    pub(crate) request_id: &'a str,
    pub(crate) host: &'a str,
    pub(crate) proto: &'static str,
    pub(crate) node: &'a str,
}

/// The headers of the request to the node.
pub(super) fn to_node(request: &HttpRequest, said: &Said<'_>, upgrade: Option<&str>) -> HeaderMap {
    let inbound = request.headers();
    let named = named_in_connection(inbound);
    let mut headers = HeaderMap::with_capacity(inbound.len() + 8);
    for (name, value) in inbound {
        if passes_to_node(name) && !named.iter().any(|other| other == name.as_str()) {
            append(&mut headers, name.as_str(), value.as_bytes());
        }
    }
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(HOST, said.node);
    set(REQUEST_ID, said.request_id);
    set(FORWARDED_HOST, said.host);
    set(FORWARDED_PROTO, said.proto);
    let told = request
        .extensions()
        .get::<ClientAddress>()
        .map(|from| from.ip);
    let client = told.or_else(|| request.peer_addr().map(|peer| peer.ip().to_canonical()));
    if let Some(client) = client {
        set(FORWARDED_FOR, &client.to_string());
    }
    if let Some(protocol) = upgrade {
        set(CONNECTION, "upgrade");
        set(UPGRADE, protocol);
    }
    headers.insert(IDENTITY, said.identity.clone());
    headers.append(VIA, HeaderValue::from_static("1.1 trellis"));
    headers
}

/// The headers of the answer to the client.
pub(super) fn to_client(answer: &HeaderMap, into: &mut Inbound) {
    let named: Vec<String> = answer
        .get_all(CONNECTION)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(words)
        .collect();
    for (name, value) in answer {
        let hop = is_hop_by_hop(name.as_str()) || named.iter().any(|other| other == name.as_str());
        if hop || *name == CONTENT_LENGTH || name.as_str().starts_with(OURS) {
            continue;
        }
        let name = InboundName::from_bytes(name.as_str().as_bytes());
        let value = actix_web::http::header::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            into.append(name, value);
        }
    }
}

/// The request target in origin form.
pub(super) fn target(request: &HttpRequest) -> Option<http::Uri> {
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", PathAndQuery::as_str);
    let target = if target.is_empty() { "/" } else { target };
    http::Uri::try_from(target).ok()
}

/// The protocol of a request that asks for an upgrade of its connection.
pub(crate) fn upgrade(headers: &Inbound) -> Option<&str> {
    let asked = named_in_connection(headers)
        .iter()
        .any(|word| word == UPGRADE.as_str());
    let protocol = headers.get(UPGRADE.as_str())?.to_str().ok()?.trim();
    (asked && !protocol.is_empty()).then_some(protocol)
}

fn passes_to_node(name: &InboundName) -> bool {
    let name = name.as_str();
    let made_anew = name.starts_with(OURS)
        || name.starts_with(FORWARDED_PREFIX)
        || name == FORWARDED.as_str()
        || name == HOST.as_str()
        || name == REQUEST_ID.as_str();
    let ours_alone = name == COOKIE.as_str() || name == AUTHORIZATION.as_str();
    let of_the_body = name == CONTENT_LENGTH.as_str() || name == EXPECT.as_str();
    !made_anew && !ours_alone && !of_the_body && !is_hop_by_hop(name)
}

fn is_hop_by_hop(name: &str) -> bool {
    [
        CONNECTION.as_str(),
        KEEP_ALIVE,
        PROXY_AUTHENTICATE.as_str(),
        PROXY_AUTHORIZATION.as_str(),
        PROXY_CONNECTION,
        TE.as_str(),
        TRAILER.as_str(),
        TRANSFER_ENCODING.as_str(),
        UPGRADE.as_str(),
    ]
    .contains(&name)
}

fn named_in_connection(headers: &Inbound) -> Vec<String> {
    let lines = headers
        .get_all(CONNECTION.as_str())
        .filter_map(|line| line.to_str().ok());
    lines.flat_map(words).collect()
}

fn words(line: &str) -> impl Iterator<Item = String> {
    let words = line.split(',').map(|word| word.trim().to_ascii_lowercase());
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .into_iter()
}

fn append(headers: &mut HeaderMap, name: &str, value: &[u8]) {
    let name = HeaderName::from_bytes(name.as_bytes());
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
        headers.append(name, value);
    }
}

#[cfg(test)]
#[path = "headers/tests.rs"]
mod tests;
