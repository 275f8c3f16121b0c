//! Assets are compiled in: named by their content, compressed beforehand, cacheable for ever.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, AcceptEncoding, Encoding, Header as _},
    web::{ServiceConfig, get},
};

struct Asset {
    name: &'static str,
    path: &'static str,
    content_type: &'static str,
    plain: &'static [u8],
    brotli: &'static [u8],
    gzip: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The path of an asset by its name in the source; empty when there is none of that name.
#[must_use]
pub fn asset(name: &str) -> &'static str {
    ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .map_or("", |asset| asset.path)
}

/// Serves the assets under `/assets/`.
pub fn configure(config: &mut ServiceConfig) {
    for asset in ASSETS {
        config.route(
            asset.path,
            get().to(move |request: HttpRequest| answer(asset, request)),
        );
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "an actix handler takes its extractors by value"
)]
fn answer(asset: &'static Asset, request: HttpRequest) -> std::future::Ready<HttpResponse> {
    let accepted = AcceptEncoding::parse(&request).ok();
    let supported = [Encoding::brotli(), Encoding::gzip(), Encoding::identity()];
    let chosen = accepted.and_then(|accepted| accepted.negotiate(supported.iter()));
    let (body, coding) = match chosen {
        Some(coding) if coding == Encoding::brotli() => (asset.brotli, Some("br")),
        Some(coding) if coding == Encoding::gzip() => (asset.gzip, Some("gzip")),
        _ => (asset.plain, None),
    };
    let mut response = HttpResponse::Ok();
    response
        .content_type(asset.content_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::VARY, "accept-encoding"));
    if let Some(coding) = coding {
        response.insert_header((header::CONTENT_ENCODING, coding));
    }
    std::future::ready(response.body(body))
}

#[cfg(test)]
mod tests {
    use actix_web::{App, test};

    use super::*;

    #[actix_web::test]
    async fn an_asset_is_compressed_as_asked_and_kept_for_ever() {
        let app = test::init_service(App::new().configure(configure)).await;
        let path = asset("trellis.css");
        assert!(
            path.starts_with("/assets/trellis.") && path.ends_with(".css"),
            "{path}"
        );
        for (accept, coding) in [("br, gzip", Some("br")), ("gzip", Some("gzip")), ("", None)] {
            let request = test::TestRequest::get()
                .uri(path)
                .insert_header(("accept-encoding", accept));
            let answer = test::call_service(&app, request.to_request()).await;
            let given = answer
                .headers()
                .get("content-encoding")
                .map(|v| v.to_str().unwrap());
            assert_eq!(given, coding, "{accept:?}");
            assert_eq!(
                answer.headers().get("cache-control").unwrap(),
                "public, max-age=31536000, immutable"
            );
        }
    }

    #[::core::prelude::v1::test]
    fn the_style_sheet_stays_small() {
        let css = ASSETS
            .iter()
            .find(|asset| asset.name == "trellis.css")
            .unwrap();
        assert!(css.gzip.len() <= 12 * 1024, "{} bytes", css.gzip.len());
    }
}
