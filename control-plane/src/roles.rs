//! The roles of a process: which listeners it has and what it does in the background.

mod background;
mod listeners;

use clock::Clock;
use cp_app::routes::RouteDirectory;
use cp_gateway::{Gateway, GatewayParts, HostSettings};
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;
use web::health::Health;

use crate::{parts::Parts, readiness, settings::Settings};
use background::Background;

/// Everything: gateway, staff API, node API and worker.
pub async fn serve(settings: Settings) -> anyhow::Result<()> {
    let process = Process::start(settings).await?;
    let gateway = process.gateway();
    let servers = [
        listeners::gateway(&process.parts, &gateway, &process.health)?,
        listeners::staff_api(&process.parts, &process.health)?,
        listeners::node_api(&process.parts, &process.health)?,
    ];
    let mut background = Background::new(process.stop.clone());
    background.work(&process.parts)?;
    background.sessions(&process.parts);
    background.gateway(gateway);
    process.run(servers, background).await
}

/// The gateway only.
pub async fn gateway(settings: Settings) -> anyhow::Result<()> {
    let process = Process::start(settings).await?;
    let gateway = process.gateway();
    let servers = [listeners::gateway(
        &process.parts,
        &gateway,
        &process.health,
    )?];
    let mut background = Background::new(process.stop.clone());
    background.sessions(&process.parts);
    background.gateway(gateway);
    process.run(servers, background).await
}

/// The worker only, with a listener for its health.
pub async fn work(settings: Settings) -> anyhow::Result<()> {
    let process = Process::start(settings).await?;
    let servers = [listeners::health(&process.parts, &process.health)?];
    let mut background = Background::new(process.stop.clone());
    background.work(&process.parts)?;
    background.pushes(&process.parts);
    process.run(servers, background).await
}

/// What every role has.
struct Process {
    parts: Parts,
    health: Health,
    stop: CancellationToken,
}

impl Process {
    async fn start(settings: Settings) -> anyhow::Result<Self> {
        let telemetry = telemetry::init("control-plane", &settings.log);
        let health = Health::new().with_metrics(move || telemetry.metrics_text());
        readiness::begin(&health);
        let parts = Parts::new(settings, Clock::system()).await?;
        Ok(Self {
            parts,
            health,
            stop: CancellationToken::new(),
        })
    }

    fn gateway(&self) -> Gateway {
        let (parts, settings) = (&self.parts, &self.parts.settings);
        let gateway = GatewayParts {
            routes: RouteDirectory::new(parts.central.clone()),
            sessions: parts.auth.directory.clone(),
            access: parts.auth.access.clone(),
            keys: parts.nodes.keys.clone(),
            nodes: parts.nodes.clone(),
            pushes: parts.pushes.clone(),
            clock: parts.auth.clock.clone(),
            health: self.health.clone(),
        };
        let host = HostSettings {
            base_domain: parts.auth.links.base_domain().to_owned(),
            https: settings.public_url.starts_with("https://"),
            insecure_cookies: settings.sessions.insecure_cookies,
        };
        Gateway::new(gateway, host, settings.proxy.clone())
    }

    /// Serves until the process is asked to end or a task of it ended, then ends what is in flight.
    async fn run<const N: usize>(
        self,
        servers: [web::Bound; N],
        mut background: Background,
    ) -> anyhow::Result<()> {
        let watching = readiness::watch(self.parts.clone(), self.health, self.stop.clone());
        background.spawn(watching);
        let runs = servers.map(|server| {
            let stop = self.stop.clone();
            async move {
                let ended = server.run(stop.clone().cancelled_owned()).await;
                // One listener that fails takes the process with it.
                stop.cancel();
                ended
            }
        });
        let asked = async {
            tokio::select! {
                () = web::shutdown_signal() => {}
                () = self.stop.cancelled() => {}
            }
        };
        let ran = async {
            let ran = background.run_until(asked).await;
            self.stop.cancel();
            ran
        };
        let (ended, ran) = tokio::join!(join_all(runs), ran);
        let stopped = background.end().await;
        ended.into_iter().collect::<Result<Vec<()>, _>>()?;
        Ok(ran.and(stopped)?)
    }
}
