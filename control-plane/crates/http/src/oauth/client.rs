//! How a client says who it is (RFC 6749 §2.3.1): as Basic authentication or in the form, not both.

use actix_web::{
    HttpRequest,
    http::header::{AUTHORIZATION, CONTENT_TYPE},
    web::Query,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::SecretString;

use super::token::TokenFault;

const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of a form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(request: &HttpRequest, body: &[u8]) -> Result<Self, TokenFault> {
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok());
        let essence = kind.unwrap_or_default().split(';').next();
        if !essence
            .unwrap_or_default()
            .trim()
            .eq_ignore_ascii_case(FORM)
        {
            return Err(TokenFault::InvalidRequest);
        }
        let text = std::str::from_utf8(body).map_err(|_| TokenFault::InvalidRequest)?;
        decode(text).map(Self)
    }

    /// A field that stands once at most; none when it is empty (§3.2).
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, TokenFault> {
        let mut found = self.0.iter().filter(|(found, _)| found == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) if !value.is_empty() => Ok(Some(value)),
            (_, None) => Ok(None),
            (_, Some(_)) => Err(TokenFault::InvalidRequest),
        }
    }
}

fn decode(text: &str) -> Result<Vec<(String, String)>, TokenFault> {
    Query::<Vec<(String, String)>>::from_query(text)
        .map(Query::into_inner)
        .map_err(|_| TokenFault::InvalidRequest)
}

/// What a client shows.
pub(super) struct Shown {
    pub id: String,
    pub secret: SecretString,
}

impl Shown {
    pub(super) fn of(request: &HttpRequest, form: &Form) -> Result<Self, TokenFault> {
        let in_form = (form.one("client_id")?, form.one("client_secret")?);
        let Some(header) = request.headers().get(AUTHORIZATION) else {
            let (Some(id), Some(secret)) = in_form else {
                return Err(TokenFault::InvalidClient);
            };
            return Ok(Self {
                id: id.to_owned(),
                secret: SecretString::from(secret),
            });
        };
        let shown = header.to_str().ok().and_then(basic);
        let shown = shown.ok_or(TokenFault::InvalidClient)?;
        match in_form {
            (_, Some(_)) => Err(TokenFault::InvalidRequest),
            (Some(id), None) if id != shown.id => Err(TokenFault::InvalidRequest),
            _ => Ok(shown),
        }
    }
}

/// Id and secret, each written as in a form.
fn basic(value: &str) -> Option<Shown> {
    let (scheme, encoded) = value.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let plain = |text: &str| {
        let pairs = decode(&format!("v={text}")).ok()?;
        match <[(String, String); 1]>::try_from(pairs) {
            Ok([(_, value)]) => Some(value),
            Err(_) => None,
        }
    };
    Some(Shown {
        id: plain(id)?,
        secret: SecretString::from(plain(secret)?),
    })
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn shown(header: Option<&str>, body: &str) -> Result<(String, String), TokenFault> {
        let request = TestRequest::post().insert_header((CONTENT_TYPE, FORM));
        let request = match header {
            Some(header) => request.insert_header((AUTHORIZATION, header)),
            None => request,
        };
        let request = request.to_http_request();
        let form = Form::read(&request, body.as_bytes())?;
        let shown = Shown::of(&request, &form)?;
        Ok((shown.id, shown.secret.expose_secret().to_owned()))
    }

    #[test]
    fn a_client_is_shown_once() {
        let basic = format!("Basic {}", BASE64_STANDARD.encode("a%20b:s%3Ax+y"));
        let expected = Ok(("a b".to_owned(), "s:x y".to_owned()));
        assert_eq!(shown(Some(&basic), ""), expected);
        assert_eq!(shown(Some(&basic), "client_id=a+b"), expected);
        let in_form = shown(None, "client_id=a&client_secret=s");
        assert_eq!(in_form, Ok(("a".to_owned(), "s".to_owned())));
        for (header, body, fault) in [
            (None, "", TokenFault::InvalidClient),
            (None, "client_id=a", TokenFault::InvalidClient),
            (
                None,
                "client_id=a&client_secret=",
                TokenFault::InvalidClient,
            ),
            (
                None,
                "client_id=a&client_id=a&client_secret=s",
                TokenFault::InvalidRequest,
            ),
            (
                Some(basic.as_str()),
                "client_secret=s",
                TokenFault::InvalidRequest,
            ),
            (
                Some(basic.as_str()),
                "client_id=b",
                TokenFault::InvalidRequest,
            ),
            (Some("Bearer x"), "", TokenFault::InvalidClient),
            (Some("Basic ???"), "", TokenFault::InvalidClient),
        ] {
            assert_eq!(shown(header, body).unwrap_err(), fault, "{header:?} {body}");
        }
        let json = TestRequest::post().insert_header((CONTENT_TYPE, "application/json"));
        assert!(Form::read(&json.to_http_request(), b"").is_err());
    }
}
