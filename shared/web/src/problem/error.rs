//! The error of handlers: a problem in the making, with what only the log may know.

use std::{borrow::Cow, error::Error, fmt, fmt::Write as _};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue, RETRY_AFTER},
    },
};

use super::{FieldError, MEDIA_TYPE, Problem, ProblemCode};

/// An error answer. Handlers return `Result<_, ApiError>`.
#[derive(Debug)]
pub struct ApiError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: ProblemCode,
    detail: Option<Cow<'static, str>>,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
}

impl ApiError {
    /// The error of this code.
    #[must_use]
    pub fn new(code: ProblemCode) -> Self {
        Self(Box::new(Inner {
            code,
            detail: None,
            errors: Vec::new(),
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// A failure of ours: the edge logs `err` with its sources, the client learns nothing of it.
    #[must_use]
    pub fn internal(err: &(dyn Error + 'static)) -> Self {
        Self::new(ProblemCode::Internal).because(err)
    }

    /// A 422 for one field.
    #[must_use]
    pub fn invalid(
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(ProblemCode::ValidationFailed).field(pointer, code, detail)
    }

    /// What is particular to this occurrence. Shown to the client.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// One more wrong field, by JSON pointer.
    #[must_use]
    pub fn field(
        mut self,
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        self.0.errors.push(FieldError {
            pointer: pointer.into(),
            code: code.into(),
            detail: detail.into(),
        });
        self
    }

    /// A header of the answer; dropped when it is not a legal one.
    #[must_use]
    pub fn header(mut self, name: impl TryInto<HeaderName>, value: impl AsRef<str>) -> Self {
        if let (Ok(name), Ok(value)) = (name.try_into(), HeaderValue::from_str(value.as_ref())) {
            self.0.headers.push((name, value));
        }
        self
    }

    /// `Retry-After` in seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.header(RETRY_AFTER, seconds.to_string())
    }

    /// What caused it: for the log only.
    #[must_use]
    pub fn because(mut self, err: &(dyn Error + 'static)) -> Self {
        let mut text = err.to_string();
        let mut source = err.source();
        while let Some(inner) = source {
            let _ = write!(text, ": {inner}");
            source = inner.source();
        }
        self.0.cause = Some(text);
        self
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> ProblemCode {
        self.0.code
    }

    /// The fields that are wrong.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// What the log may know.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The sentence for the client.
    #[must_use]
    pub fn detail_text(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// The body.
    #[must_use]
    pub fn problem(&self, request_id: &str) -> Problem {
        Problem {
            kind: self.0.code.type_uri(),
            title: self.0.code.title().to_owned(),
            status: self.0.code.status().as_u16(),
            detail: self.0.detail.as_deref().map(str::to_owned),
            code: self.0.code.code().to_owned(),
            request_id: request_id.to_owned(),
            errors: self.0.errors.clone(),
        }
    }

    /// The whole answer.
    pub(crate) fn response(&self, request_id: &str) -> HttpResponse {
        let mut response = HttpResponse::build(self.0.code.status());
        for (name, value) in &self.0.headers {
            response.append_header((name.clone(), value.clone()));
        }
        let body = serde_json::to_vec(&self.problem(request_id)).unwrap_or_default();
        response.content_type(MEDIA_TYPE).body(body)
    }
}

impl From<ProblemCode> for ApiError {
    fn from(code: ProblemCode) -> Self {
        Self::new(code)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code.code())?;
        if let Some(detail) = &self.0.detail {
            write!(f, ": {detail}")?;
        }
        Ok(())
    }
}

impl Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    /// The answer without a request id: [`crate::Edge`] writes the body again with it.
    fn error_response(&self) -> HttpResponse {
        self.response("")
    }
}
