//! HTTP to our own programs on this machine: the tenant in the Host header, cookies kept, JSON in
//! and out, and pages as a browser would get them.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Request, Response, header};

const PATIENCE: Duration = Duration::from_secs(60);
const REDIRECTS: usize = 5;

/// An agent that reports error statuses as answers and follows no redirect by itself.
fn agent(limit: Duration) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(limit))
        .build()
        .into()
}

/// Whether a program on this machine says that it is alive or ready.
pub fn ready(port: u16, path: &str) -> Result<()> {
    let url = format!("http://127.0.0.1:{port}{path}");
    let mut answer = agent(Duration::from_secs(2))
        .get(&url)
        .call()
        .with_context(|| format!("{url} does not answer"))?;
    let status = answer.status();
    if !status.is_success() {
        let reason = answer.body_mut().read_to_string().unwrap_or_default();
        bail!("{url} answers {status}: {}", reason.trim());
    }
    Ok(())
}

/// A client of one host: connects to this machine, says the host's name, keeps its cookies.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    port: u16,
    host: String,
    cookies: BTreeMap<String, String>,
}

/// What a program answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: String,
    location: Option<String>,
    asked: String,
}

impl Client {
    /// A client of `host:port`, which is on this machine.
    pub fn new(host: &str, port: u16) -> Self {
        let cookies = BTreeMap::new();
        Self {
            agent: agent(PATIENCE),
            port,
            host: host.to_owned(),
            cookies,
        }
    }

    /// The cookies as they are kept between runs.
    pub fn cookies(&self) -> Result<String> {
        Ok(serde_json::to_string(&self.cookies)?)
    }

    /// Takes up cookies that were kept.
    pub fn resume(&mut self, cookies: &str) {
        self.cookies = serde_json::from_str(cookies).unwrap_or_default();
    }

    /// `GET`.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        self.send("GET", path, &[], String::new())
    }

    /// `POST` of JSON.
    pub fn post(&mut self, path: &str, body: &Value) -> Result<Answer> {
        self.send(
            "POST",
            path,
            &[("content-type", "application/json")],
            body.to_string(),
        )
    }

    /// `POST` of JSON that has its effect once, however often it is sent.
    pub fn post_once(&mut self, path: &str, key: &str, body: &Value) -> Result<Answer> {
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        self.send("POST", path, &headers, body.to_string())
    }

    /// A page, redirects followed as a browser does. Also answers the path it ended at.
    pub fn browse(&mut self, path: &str) -> Result<(Answer, String)> {
        let answer = self.get(path)?;
        self.follow(answer, path)
    }

    /// A form sent as a browser does, redirects followed.
    pub fn submit(&mut self, path: &str, fields: &[(String, String)]) -> Result<(Answer, String)> {
        let body: Vec<String> = fields
            .iter()
            .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
            .collect();
        let origin = format!("http://{}:{}", self.host, self.port);
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        let answer = self.send("POST", path, &headers, body.join("&"))?;
        self.follow(answer, path)
    }

    fn follow(&mut self, mut answer: Answer, path: &str) -> Result<(Answer, String)> {
        let mut at = path.to_owned();
        for _ in 0..REDIRECTS {
            let Some(target) = answer.location.take() else {
                return Ok((answer, at));
            };
            at = self.path_of(&target)?;
            answer = self.get(&at)?;
        }
        bail!("{path} redirects more than {REDIRECTS} times")
    }

    /// The path of a link that leads to this client's own host.
    pub fn path_of(&self, link: &str) -> Result<String> {
        if link.starts_with('/') {
            return Ok(link.to_owned());
        }
        let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = authority.split(':').next().unwrap_or_default();
        ensure!(host == self.host, "{link} leads away from {}", self.host);
        Ok(format!("/{path}"))
    }

    fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: String,
    ) -> Result<Answer> {
        let asked = format!("{method} http://{}:{}{path}", self.host, self.port);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:{}{path}", self.port))
            .header(header::HOST, format!("{}:{}", self.host, self.port))
            .header(header::USER_AGENT, "trellis-xtask");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let sent = match method {
            "GET" => self.agent.run(request.body(())?),
            _ => self.agent.run(request.body(body)?),
        };
        let mut response = sent.with_context(|| format!("{asked} got no answer"))?;
        self.keep_cookies(&response);
        let location = response.headers().get(header::LOCATION);
        let redirected = response.status().is_redirection();
        Ok(Answer {
            status: response.status().as_u16(),
            location: location
                .filter(|_| redirected)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            body: response
                .body_mut()
                .read_to_string()
                .context("the answer broke off")?,
            asked,
        })
    }

    fn keep_cookies<B>(&mut self, response: &Response<B>) {
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let pair = cookie
                .to_str()
                .unwrap_or_default()
                .split(';')
                .next()
                .unwrap_or_default();
            match pair.split_once('=') {
                Some((name, "")) => drop(self.cookies.remove(name)),
                Some((name, value)) => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
                None => {}
            }
        }
    }
}

impl Answer {
    /// The JSON of a good answer; otherwise an error with what was asked and answered.
    pub fn json(self) -> Result<Value> {
        self.must()?.parsed()
    }

    /// This answer, when its status is good.
    pub fn must(self) -> Result<Self> {
        ensure!(
            (200..300).contains(&self.status),
            "{} answered {}: {}",
            self.asked,
            self.status,
            self.body.trim()
        );
        Ok(self)
    }

    fn parsed(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("{} answered no JSON", self.asked))
    }
}

/// Percent-encodes what is not plain.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
