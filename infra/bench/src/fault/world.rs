//! The platform as real processes over servers that may be killed, reached over wires that may be
//! cut.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use e2e::{Stack, Wishes, client::builder};
use sqlx::MySqlPool;
use testkit::services;

use super::{servers::Server, wire::Wire};

/// How often something that happens by itself is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// Seconds between the broker's heartbeats. Less than in production, so that an experiment with
/// two of them is short.
pub const HEARTBEAT: u64 = 6;
/// The nodes that serve.
pub const NODES: [&str; 2] = ["runtime-1", "runtime-2"];
/// The process that consumes.
pub const WORKER: &str = "runtime-work";

/// Where experiments happen.
pub struct World {
    pub stack: Stack,
    pub central: MySqlPool,
    /// The broker as the nodes that serve reach it.
    pub nodes_broker: Wire,
    /// The broker as consumers reach it.
    pub worker_broker: Wire,
    /// The document server, when there is one.
    pub documents: Option<Wire>,
    /// The broker, past all wires.
    pub broker_url: String,
    tenants: u32,
}

impl World {
    /// Starts everything.
    pub async fn open() -> Result<Self> {
        let vhost = testkit::amqp_vhost().await;
        let broker_url = vhost.url().to_owned();
        let nodes_broker = Wire::to("nodes-broker", &broker_url).await?;
        let worker_broker = Wire::to("worker-broker", &broker_url).await?;
        let mut settings = vec![("TR__BROKER__HEARTBEAT_SECONDS", HEARTBEAT.to_string())];
        let mut own_settings: Vec<_> = NODES
            .into_iter()
            .map(|node| (node, &nodes_broker))
            .chain([(WORKER, &worker_broker)])
            .map(|(node, wire)| Ok((node, "TR__BROKER__URL", wire.url(&broker_url)?)))
            .collect::<Result<_>>()?;
        let mut documents = None;
        if let Some(url) = &services().mongodb_url {
            let wire = Wire::to("documents", url).await?;
            let database = format!("fault_{}", vhost.name().replace('-', "_"));
            let url = format!("{}/{database}", wire.url(url)?.trim_end_matches('/'));
            own_settings.extend(NODES.map(|node| (node, "TR__CACHE__URL", url.clone())));
            settings.push(("TR__CACHE__URL", url));
            // What is small here stands in for what takes long.
            settings.push(("TR__CACHE__SHARE_AFTER_MS", "0".to_owned()));
            documents = Some(wire);
        }
        let wishes = Wishes {
            settings,
            own_settings,
            vhost: Some(vhost),
            ..Wishes::default()
        };
        let stack = Stack::with(wishes).await?;
        let central = MySqlPool::connect(stack.central().url()).await?;
        Ok(Self {
            stack,
            central,
            nodes_broker,
            worker_broker,
            documents,
            broker_url,
            tenants: 0,
        })
    }

    /// A host label that no tenant has yet.
    pub fn next_slug(&mut self) -> String {
        self.tenants += 1;
        format!("fault{}", self.tenants)
    }

    /// Kills a program and starts it again.
    pub async fn restart(&mut self, name: &'static str) -> Result<()> {
        self.stack.kill(name)?;
        self.stack.restart_node(name).await
    }

    /// A number among the metrics of a node: the sum over all series that have this in their
    /// name and labels. None when the node does not answer.
    pub async fn metric(&self, node: &str, parts: &[&str]) -> Option<f64> {
        let url = format!("http://127.0.0.1:{}/metrics", self.stack.node_port(node));
        let http = builder().timeout(Duration::from_secs(2)).build().ok()?;
        let text = http.get(url).send().await.ok()?.text().await.ok()?;
        let found = text
            .lines()
            .filter(|line| !line.starts_with('#') && parts.iter().all(|part| line.contains(part)))
            .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        Some(found.sum())
    }

    /// Makes sure that every server and program runs and every wire is whole, after an experiment
    /// that may have broken off.
    pub async fn mend(&mut self) -> Result<()> {
        for wire in [&self.nodes_broker, &self.worker_broker]
            .into_iter()
            .chain(&self.documents)
        {
            wire.open().await?;
        }
        for server in [Server::Broker, Server::Database, Server::Redis] {
            server.start().await?;
        }
        if self.documents.is_some() {
            Server::Documents.start().await?;
        }
        for node in NODES.into_iter().chain([WORKER]) {
            if self.stack.pid(node).is_none() {
                self.stack.restart_node(node).await?;
            }
        }
        Ok(())
    }
}

/// Looks until the answer is there; how long that took.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    look: impl AsyncFn() -> Option<T>,
) -> Result<(T, Duration)> {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return Ok((found, started.elapsed()));
        }
        if started.elapsed() > limit {
            bail!("{what}: not within {} s", limit.as_secs());
        }
        tokio::time::sleep(LOOK).await;
    }
}
