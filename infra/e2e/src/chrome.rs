//! Commands of chromedriver that WebDriver does not have.

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// A command of chromedriver.
#[derive(Debug)]
pub(crate) enum ChromeCommand {
    /// Takes what the browser has written to its console.
    TakeLog,
    /// A security key or a telephone, which is there and says yes.
    AddAuthenticator,
    /// A command of the DevTools protocol.
    DevTools {
        name: &'static str,
        parameters: Value,
    },
}

impl WebDriverCompatibleCommand for ChromeCommand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        let session = session.unwrap_or_default();
        let path = match self {
            Self::TakeLog => "se/log",
            Self::AddAuthenticator => "webauthn/authenticator",
            Self::DevTools { .. } => "goog/cdp/execute",
        };
        base.join(&format!("session/{session}/{path}"))
    }

    fn method_and_body(&self, _url: &Url) -> (Method, Option<String>) {
        let body = match self {
            Self::TakeLog => json!({ "type": "browser" }),
            Self::AddAuthenticator => json!({
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": true,
                "hasUserVerification": true,
                "isUserConsenting": true,
                "isUserVerified": true,
            }),
            Self::DevTools { name, parameters } => json!({ "cmd": name, "params": parameters }),
        };
        (Method::POST, Some(body.to_string()))
    }
}
