//! A connection to a server through Toxiproxy, with what can happen to it on the way.

use anyhow::{Context as _, Result, ensure};
use e2e::client::{Client, builder};
use serde_json::{Value, json};
use url::Url;

/// Where programs find a server, and what stands between.
#[derive(Debug, Clone)]
pub struct Wire {
    http: Client,
    proxy: String,
    listen: String,
}

/// The ways of a wire: to the server, and back.
const STREAMS: [&str; 2] = ["upstream", "downstream"];

impl Wire {
    /// A wire of this name to the server of a URL.
    pub async fn to(name: &str, server: &str) -> Result<Self> {
        let api = std::env::var("TRELLIS_FAULT_TOXIPROXY")
            .context("experiments are started by `cargo xtask fault NAME`")?;
        let server = Url::parse(server)?;
        let upstream = format!(
            "{}:{}",
            server.host_str().unwrap_or("127.0.0.1"),
            server.port().context("a server has a port")?
        );
        let http = builder().build()?;
        let name = format!("{name}-{}", std::process::id());
        let proxy = json!({
            "name": name, "listen": "127.0.0.1:0", "upstream": upstream, "enabled": true,
        });
        let answer = http.post(format!("{api}/proxies")).json(&proxy).send();
        let made: Value = answer.await?.error_for_status()?.json().await?;
        let listen = made.pointer("/listen").and_then(Value::as_str);
        Ok(Self {
            http,
            proxy: format!("{api}/proxies/{name}"),
            listen: listen.context("a proxy listens somewhere")?.to_owned(),
        })
    }

    /// The URL with the wire in place of the server.
    pub fn url(&self, server: &str) -> Result<String> {
        let mut url = Url::parse(server)?;
        let (host, port) = self.listen.rsplit_once(':').context("no port")?;
        url.set_host(Some(host))?;
        let port = Some(port.parse()?);
        ensure!(url.set_port(port).is_ok(), "a server's URL has a host");
        Ok(url.into())
    }

    /// Closes every connection and takes none.
    pub async fn close(&self) -> Result<()> {
        self.enable(false).await
    }

    /// Lets connections through as they are, whatever happened before.
    pub async fn open(&self) -> Result<()> {
        let toxics = self.http.get(format!("{}/toxics", self.proxy)).send();
        let toxics: Vec<Value> = toxics.await?.error_for_status()?.json().await?;
        for toxic in toxics {
            let name = toxic.pointer("/name").and_then(Value::as_str);
            let name = name.context("a toxic has a name")?;
            let removed = self.http.delete(format!("{}/toxics/{name}", self.proxy));
            removed.send().await?.error_for_status()?;
        }
        self.enable(true).await
    }

    /// Resets every connection (`RST`), and lets new ones through.
    pub async fn reset(&self) -> Result<()> {
        self.poison("reset_peer", &json!({ "timeout": 0 })).await?;
        // Those on which nothing is said at the moment are closed.
        self.close().await?;
        self.open().await
    }

    /// Nothing gets through any more, and nobody is told.
    pub async fn fall_silent(&self) -> Result<()> {
        self.poison("timeout", &json!({ "timeout": 0 })).await
    }

    /// Everything comes so much later.
    pub async fn slow(&self, milliseconds: u64) -> Result<()> {
        let attributes = json!({ "latency": milliseconds, "jitter": milliseconds / 4 });
        self.poison("latency", &attributes).await
    }

    async fn poison(&self, kind: &str, attributes: &Value) -> Result<()> {
        for stream in STREAMS {
            let toxic = json!({
                "name": format!("{kind}-{stream}"), "type": kind, "stream": stream,
                "attributes": attributes,
            });
            let added = self
                .http
                .post(format!("{}/toxics", self.proxy))
                .json(&toxic);
            added.send().await?.error_for_status()?;
        }
        Ok(())
    }

    async fn enable(&self, enabled: bool) -> Result<()> {
        let change = self.http.post(&self.proxy);
        let change = change.json(&json!({ "enabled": enabled }));
        change.send().await?.error_for_status()?;
        Ok(())
    }
}
