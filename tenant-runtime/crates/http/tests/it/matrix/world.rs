//! Two tenants, the people of the matrix, and things to act on.

use std::cell::Cell;

use kernel::Role;
use serde_json::json;
use tr_live::HubSettings;

use crate::app::{Person, Tenant, TestApp};

/// Acme with a plan in it, its people, and somebody from elsewhere.
pub struct World {
    pub app: TestApp,
    pub acme: Tenant,
    /// Where the outsider is at home.
    _globex: Tenant,
    pub architect: Person,
    /// An architect of another tenant.
    pub outsider: Person,
    /// A user: sees by the group of users.
    pub reader: Person,
    /// A builder: edits by the group of builders.
    pub editor: Person,
    /// A user who was given `manage`.
    pub manager: Person,
    /// A guest who was given `view`.
    pub external: Person,
    pub folder: String,
    pub grid: String,
    pub stage: String,
    pub element: String,
    pub task: String,
    pub label: String,
    pub group: String,
    pub dependency: String,
    count: Cell<u32>,
}

impl World {
    pub async fn new() -> Self {
        Self::on(TestApp::new().await).await
    }

    /// The same, with a hub that works like this.
    pub async fn with(settings: HubSettings) -> Self {
        Self::on(TestApp::with(settings).await).await
    }

    async fn on(app: TestApp) -> Self {
        let acme = app.tenant("acme").await;
        let globex = app.tenant("globex").await;
        let architect = acme.member(Role::Architect).await;
        let manager = acme.member(Role::User).await;
        let external = acme.external().await;
        let root = acme.root().to_string();
        let folder = architect
            .create(
                "/api/v1/folders",
                json!({ "parent_id": root, "name": "Plans" }),
            )
            .await;
        for (person, level) in [(&manager, "manage"), (&external, "view")] {
            architect
                .create(
                    "/api/v1/grants",
                    json!({ "object_id": folder, "subject": "member",
                            "subject_id": person.id(), "level": level }),
                )
                .await;
        }
        let item = async |body| architect.create("/api/v1/work-items", body).await;
        let grid = item(json!({ "kind": "grid", "name": "Plan", "folder_id": folder })).await;
        let stage = item(json!({ "kind": "stage", "name": "Stage", "parent_id": grid })).await;
        let theme = item(json!({ "kind": "theme", "name": "Theme", "parent_id": grid })).await;
        let element = item(
            json!({ "kind": "element", "name": "Element", "parent_id": stage,
                                   "theme_id": theme }),
        )
        .await;
        let task = item(json!({ "kind": "task", "name": "Task", "parent_id": element })).await;
        let after = item(json!({ "kind": "task", "name": "After", "parent_id": element })).await;
        let label = architect
            .create(
                "/api/v1/labels",
                json!({ "name": "Urgent", "colour": "#aa0000" }),
            )
            .await;
        let group = architect
            .create("/api/v1/groups", json!({ "name": "Board" }))
            .await;
        let dependency = architect
            .create(
                "/api/v1/dependencies",
                json!({ "predecessor_id": task, "successor_id": after, "kind": "FS" }),
            )
            .await;
        Self {
            outsider: globex.member(Role::Architect).await,
            _globex: globex,
            reader: acme.member(Role::User).await,
            editor: acme.member(Role::Builder).await,
            app,
            acme,
            architect,
            manager,
            external,
            folder,
            grid,
            stage,
            element,
            task,
            label,
            group,
            dependency,
            count: Cell::new(0),
        }
    }

    /// A name that nothing else has.
    pub fn name(&self) -> String {
        self.count.set(self.count.get() + 1);
        format!("thing {}", self.count.get())
    }

    pub async fn new_folder(&self) -> String {
        let body = json!({ "parent_id": self.folder, "name": self.name() });
        self.architect.create("/api/v1/folders", body).await
    }

    pub async fn new_task(&self) -> String {
        let body = json!({ "kind": "task", "name": self.name(), "parent_id": self.element });
        self.architect.create("/api/v1/work-items", body).await
    }

    pub async fn new_label(&self) -> String {
        let body = json!({ "name": self.name(), "colour": "#00aa00" });
        self.architect.create("/api/v1/labels", body).await
    }

    pub async fn new_group(&self) -> String {
        self.architect
            .create("/api/v1/groups", json!({ "name": self.name() }))
            .await
    }

    pub async fn new_grant(&self) -> String {
        let group = self.new_group().await;
        let body = json!({ "object_id": self.grid, "subject": "group",
                           "subject_id": group, "level": "view" });
        self.architect.create("/api/v1/grants", body).await
    }

    pub async fn new_dependency(&self) -> String {
        let (first, second) = (self.new_task().await, self.new_task().await);
        let body = json!({ "predecessor_id": first, "successor_id": second, "kind": "FS" });
        self.architect.create("/api/v1/dependencies", body).await
    }

    /// What makes a webhook; no name has to be looked up for it.
    pub fn webhook_body(&self) -> serde_json::Value {
        json!({ "url": "https://8.8.8.8/hook", "description": self.name(), "kinds": ["*"] })
    }

    /// A webhook: one that is there, since there may be few of them.
    pub async fn a_webhook(&self) -> String {
        let known = self.architect.get("/api/v1/webhooks?limit=1").await;
        if let Some(id) = known.expect(200)["data"][0]["id"].as_str() {
            return id.to_owned();
        }
        self.architect
            .create("/api/v1/webhooks", self.webhook_body())
            .await
    }
}
