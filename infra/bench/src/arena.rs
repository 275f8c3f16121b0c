//! The whole platform as real processes, with a tenant, somebody in it and an item to read.

use anyhow::{Context as _, Result};
use chrono::Utc;
use clock::Clock;
use cp_app::identity_keys::IdentityKeys;
use cp_store::seal::{KeyRing, Sealer};
use db::{CentralDb, PoolSettings};
use e2e::{
    People, Stack, TenantClient,
    client::{read, text},
    people::Member,
};
use identity::Claims;
use kernel::{Actor, Generation, Role, TenantContext};
use serde_json::{Value, json};
use sqlx::{MySqlPool, Row as _};
use uuid::Uuid;

/// The tenant's host label.
const SLUG: &str = "bench";

/// Of a tenant that was neither moved nor restored.
pub const GENERATION: Generation = Generation(1);

/// Where everything happens.
pub struct Arena {
    pub stack: Stack,
    pub central: MySqlPool,
    pub people: People,
    reader: Somebody,
    architect: Somebody,
    pub item: Uuid,
    pub grid: Uuid,
    keys: IdentityKeys,
}

/// A member who is signed in.
#[derive(Debug, Clone)]
struct Somebody {
    member: Uuid,
    cookie: String,
}

impl Arena {
    /// Starts the programs and makes a tenant with a small plan.
    pub async fn open() -> Result<Self> {
        let stack = Stack::start().await?;
        stack.run(&[
            "tenant",
            "create",
            SLUG,
            "--name",
            "Bench",
            "--architect-name",
            "Ada Farrow",
            "--architect-email",
            "ada@bench.example",
            "--wait",
        ])?;
        let central = MySqlPool::connect(stack.central().url()).await?;
        let people = People::of(&central, SLUG).await?;
        let architect = signed_in(&people, people.architect().await?).await?;
        // A builder reads by the grants of their group.
        let reader = people.join("ben@bench.example", "builder", None).await?;
        let reader = signed_in(&people, reader).await?;
        let (grid, item) = plan(&stack, &architect).await?;
        let keys = keys(&stack).await?;
        Ok(Self {
            stack,
            central,
            people,
            reader,
            architect,
            item,
            grid,
            keys,
        })
    }

    /// The tenant's host.
    pub fn host(&self) -> String {
        self.stack.host(SLUG)
    }

    /// The path of the item.
    pub fn path(&self) -> String {
        format!("/api/v1/work-items/{}", self.item)
    }

    /// The member who reads.
    pub const fn member(&self) -> Uuid {
        self.reader.member
    }

    /// The request to the gateway.
    pub fn through_the_gateway(&self) -> Vec<u8> {
        let (path, host) = (self.path(), self.stack.host(SLUG));
        let cookie = &self.reader.cookie;
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: trellis={cookie}\r\n\r\n").into()
    }

    /// The request to a node.
    pub fn to_a_node(&self) -> Result<Vec<u8>> {
        let identity = self.identity()?;
        let (path, header) = (self.path(), identity::HEADER);
        Ok(format!("GET {path} HTTP/1.1\r\nHost: node\r\n{header}: {identity}\r\n\r\n").into())
    }

    /// Who reads, to a node; good for a minute.
    pub fn identity(&self) -> Result<String> {
        let now = Utc::now();
        let signer = self.keys.signer(now).context("no identity key")?;
        let claims = Claims {
            tenant: TenantContext {
                tenant: self.people.tenant().into(),
                generation: GENERATION,
            },
            actor: Actor {
                member: self.reader.member.into(),
                role: Role::Builder,
                external: false,
                session: None,
                scopes: None,
            },
            support: None,
        };
        Ok(signer.sign(&claims, now).token)
    }

    /// Writes another name into the item: one event.
    pub async fn rename(&self, number: u64) -> Result<()> {
        let client = TenantClient::new(&self.stack, SLUG)?;
        let request = client
            .request("PATCH".parse()?, &self.path())
            .header("cookie", format!("trellis={}", self.architect.cookie))
            .header("if-match", "*")
            .json(&json!({ "name": format!("Check bay {number}") }));
        read(request).await?.expect(200).map(drop)
    }

    /// The tenant's database as its runtime reaches it, but with the administrator's account.
    pub async fn database(&self) -> Result<String> {
        let name: String =
            sqlx::query("SELECT database_name FROM tenant_databases WHERE tenant_id = ?")
                .bind(self.people.tenant())
                .fetch_one(&self.central)
                .await?
                .try_get(0)?;
        let mut url = url::Url::parse(self.stack.central().url())?;
        url.set_path(&name);
        Ok(url.into())
    }
}

/// Signs a member in.
async fn signed_in(people: &People, member: Member) -> Result<Somebody> {
    Ok(Somebody {
        member: member.member,
        cookie: people.sign_in(member).await?,
    })
}

/// A small plan; answers its grid and a task of it, with a label, dates and a text.
async fn plan(stack: &Stack, architect: &Somebody) -> Result<(Uuid, Uuid)> {
    let client = TenantClient::new(stack, SLUG)?;
    let cookie = format!("trellis={}", architect.cookie);
    let post = async |path: &str, body: Value| -> Result<Value> {
        let request = client
            .request("POST".parse()?, path)
            .header("cookie", &cookie);
        read(request.json(&body)).await?.expect(201)
    };
    let items = "/api/v1/work-items";
    let folders = client
        .request("GET".parse()?, "/api/v1/folders")
        .header("cookie", &cookie);
    let folders = read(folders).await?.expect(200)?;
    let root = text(&folders, "/data/0/id").to_owned();
    let label = json!({ "name": "Facade", "colour": "#1a6b34" });
    let label = post("/api/v1/labels", label).await?;
    let grid = post(
        items,
        json!({ "kind": "grid", "name": "Hall", "folder_id": root }),
    )
    .await?;
    let under = |kind: &str, name: &str, parent: &Value| json!({ "kind": kind, "name": name, "parent_id": text(parent, "/id") });
    let stage = post(items, under("stage", "Design", &grid)).await?;
    let theme = post(items, under("theme", "Structure", &grid)).await?;
    let element = json!({
        "kind": "element", "name": "Curtain wall",
        "parent_id": text(&stage, "/id"), "theme_id": text(&theme, "/id"),
    });
    let element = post(items, element).await?;
    let mut item = Value::Null;
    for number in 0..20 {
        let task = json!({
            "kind": "task", "name": format!("Check bay {number}"),
            "parent_id": text(&element, "/id"),
            "description": "Measure both diagonals and the sill before the frame is fixed.",
            "start": "2026-11-23T08:00", "finish": "2026-11-23T12:00", "duration_minutes": 240,
            "labels": [{ "id": text(&label, "/id"), "primary": true }],
        });
        item = post(items, task).await?;
    }
    Ok((text(&grid, "/id").parse()?, text(&item, "/id").parse()?))
}

async fn keys(stack: &Stack) -> Result<IdentityKeys> {
    let pool = PoolSettings {
        url: stack.central().url().to_owned().into(),
        max_connections: 1,
        acquire_timeout_ms: 2_000,
        statement_timeout_ms: 2_000,
    };
    let sealer = Sealer::new(KeyRing::parse(stack.setting("CP__SECRETS__KEYS"))?);
    let keys = IdentityKeys::new(CentralDb::connect(&pool).await?, sealer, Clock::system());
    keys.refresh().await?;
    Ok(keys)
}
