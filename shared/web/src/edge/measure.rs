//! The histogram of requests by route template, method and status. Never by tenant.

use std::{cell::RefCell, collections::HashMap, time::Duration};

use actix_web::http::{Method, StatusCode};
use metrics::Histogram;

type Series = Vec<(Method, StatusCode, Histogram)>;

thread_local! {
    /// Looking a series up in the recorder costs several allocations; here it costs none.
    static SERIES: RefCell<HashMap<String, Series>> = RefCell::new(HashMap::new());
}

pub(super) fn request(method: &Method, route: &str, status: StatusCode, elapsed: Duration) {
    SERIES.with_borrow_mut(|by_route| {
        if !by_route.contains_key(route) {
            by_route.insert(route.to_owned(), Vec::new());
        }
        let Some(series) = by_route.get_mut(route) else {
            return;
        };
        let known = series.iter().find(|(m, s, _)| m == method && *s == status);
        if let Some((_, _, histogram)) = known {
            histogram.record(elapsed);
            return;
        }
        // A client may invent methods; they share one series.
        let name = match *method {
            Method::GET
            | Method::HEAD
            | Method::POST
            | Method::PUT
            | Method::PATCH
            | Method::DELETE
            | Method::OPTIONS => method.as_str().to_owned(),
            _ => "other".to_owned(),
        };
        let histogram = metrics::histogram!(
            "http_request_seconds",
            "method" => name.clone(),
            "route" => route.to_owned(),
            "status" => status.as_u16().to_string(),
        );
        histogram.record(elapsed);
        if name != "other" {
            series.push((method.clone(), status, histogram));
        }
    });
}
