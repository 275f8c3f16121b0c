//! A good request for every operation, on things that are there.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::world::World;
use crate::notifications;

/// A request without a caller.
pub struct Call {
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
}

fn get(path: impl AsRef<str>) -> Call {
    Call {
        method: Method::GET,
        path: format!("/api/v1/{}", path.as_ref()),
        body: None,
    }
}

fn of(method: Method, path: impl AsRef<str>, body: Option<Value>) -> Call {
    Call {
        method,
        path: format!("/api/v1/{}", path.as_ref()),
        body,
    }
}

fn post(path: impl AsRef<str>, body: Value) -> Call {
    of(Method::POST, path, Some(body))
}

fn verb(path: impl AsRef<str>) -> Call {
    of(Method::POST, path, None)
}

fn patch(path: impl AsRef<str>, body: Value) -> Call {
    of(Method::PATCH, path, Some(body))
}

fn delete(path: impl AsRef<str>) -> Call {
    of(Method::DELETE, path, None)
}

/// The request for an operation. What it changes is made for it.
pub async fn call(world: &World, operation: &str) -> Call {
    match operation {
        "getOpenApi" => get("openapi.json"),
        "listActivity" => get("activity"),
        "streamEvents" => get("events?generation=1&since=1000000000"),
        "openSocket" => Call {
            path: "/ws".to_owned(),
            ..get("")
        },
        "getBoard" => get(format!("grids/{}/board", world.grid)),
        "listMembers" => get("members"),
        "getMember" => get(format!("members/{}", world.editor.id())),
        _ if operation.contains("Folder") => folders(world, operation).await,
        _ if operation.contains("WorkItem") => work_items(world, operation).await,
        _ if operation.contains("Label") => labels(world, operation).await,
        _ if operation.contains("Dependenc") => dependencies(world, operation).await,
        _ if operation.contains("Group") => groups(world, operation).await,
        _ if operation.contains("otification") => notifications(world, operation).await,
        "askToUnsubscribe" | "unsubscribe" => {
            let link = notifications::link(&world.acme, &world.reader).await;
            let get = Call {
                path: format!("/unsubscribe/{link}"),
                ..get("")
            };
            match operation {
                "unsubscribe" => Call {
                    method: Method::POST,
                    ..get
                },
                _ => get,
            }
        }
        _ if operation.contains("Webhook") => webhooks(world, operation).await,
        _ if operation.contains("Grant") => grants(world, operation).await,
        other => panic!("{other} has no request"),
    }
}

async fn folders(world: &World, operation: &str) -> Call {
    match operation {
        "listFolders" => get(format!("folders?parent_id={}", world.folder)),
        "createFolder" => post(
            "folders",
            json!({ "parent_id": world.folder, "name": world.name() }),
        ),
        "getFolder" => get(format!("folders/{}", world.folder)),
        "updateFolder" => patch(
            format!("folders/{}", world.new_folder().await),
            json!({ "name": world.name() }),
        ),
        "deleteFolder" => delete(format!("folders/{}", world.new_folder().await)),
        "undeleteFolder" => {
            let folder = world.new_folder().await;
            world
                .architect
                .delete(&format!("/api/v1/folders/{folder}"), "*")
                .await
                .expect(204);
            verb(format!("folders/{folder}/undelete"))
        }
        "moveFolder" => post(
            format!("folders/{}/move", world.new_folder().await),
            json!({ "parent_id": world.new_folder().await }),
        ),
        other => panic!("{other} has no request"),
    }
}

async fn work_items(world: &World, operation: &str) -> Call {
    match operation {
        "listWorkItems" => get(format!("work-items?grid_id={}", world.grid)),
        "createWorkItem" => {
            let body = json!({ "kind": "task", "name": "New", "parent_id": world.element });
            post("work-items", body)
        }
        "getWorkItem" => get(format!("work-items/{}", world.task)),
        "updateWorkItem" => patch(
            format!("work-items/{}", world.new_task().await),
            json!({ "name": "Renamed" }),
        ),
        "deleteWorkItem" => delete(format!("work-items/{}", world.new_task().await)),
        "undeleteWorkItem" => {
            let task = world.new_task().await;
            world
                .architect
                .delete(&format!("/api/v1/work-items/{task}"), "*")
                .await
                .expect(204);
            verb(format!("work-items/{task}/undelete"))
        }
        "completeWorkItem" => verb(format!("work-items/{}/complete", world.new_task().await)),
        "reopenWorkItem" => verb(format!("work-items/{}/reopen", world.new_task().await)),
        "moveWorkItem" => post(
            format!("work-items/{}/move", world.new_task().await),
            json!({ "after": world.task }),
        ),
        "listWorkItemActivity" => get(format!("work-items/{}/activity", world.task)),
        other => panic!("{other} has no request"),
    }
}

async fn labels(world: &World, operation: &str) -> Call {
    match operation {
        "listLabels" => get("labels"),
        "createLabel" => post(
            "labels",
            json!({ "name": world.name(), "colour": "#123456" }),
        ),
        "getLabel" => get(format!("labels/{}", world.label)),
        "updateLabel" => patch(
            format!("labels/{}", world.new_label().await),
            json!({ "colour": "#654321" }),
        ),
        "deleteLabel" => delete(format!("labels/{}", world.new_label().await)),
        other => panic!("{other} has no request"),
    }
}

async fn dependencies(world: &World, operation: &str) -> Call {
    match operation {
        "listDependencies" => get(format!("dependencies?grid_id={}", world.grid)),
        "createDependency" => {
            let (first, second) = (world.new_task().await, world.new_task().await);
            let body = json!({ "predecessor_id": first, "successor_id": second, "kind": "SS" });
            post("dependencies", body)
        }
        "getDependency" => get(format!("dependencies/{}", world.dependency)),
        "deleteDependency" => delete(format!("dependencies/{}", world.new_dependency().await)),
        other => panic!("{other} has no request"),
    }
}

async fn groups(world: &World, operation: &str) -> Call {
    let member = world.reader.id();
    match operation {
        "listGroups" => get("groups"),
        "createGroup" => post("groups", json!({ "name": world.name() })),
        "getGroup" => get(format!("groups/{}", world.group)),
        "updateGroup" => patch(
            format!("groups/{}", world.new_group().await),
            json!({ "name": world.name() }),
        ),
        "deleteGroup" => delete(format!("groups/{}", world.new_group().await)),
        "listGroupMembers" => get(format!("groups/{}/members", world.group)),
        "addGroupMember" => of(
            Method::PUT,
            format!("groups/{}/members/{member}", world.new_group().await),
            None,
        ),
        "removeGroupMember" => {
            let path = format!("groups/{}/members/{member}", world.new_group().await);
            let put = world
                .architect
                .request(Method::PUT, &format!("/api/v1/{path}"));
            world.app.send(put).await.expect(200);
            delete(path)
        }
        other => panic!("{other} has no request"),
    }
}

async fn grants(world: &World, operation: &str) -> Call {
    match operation {
        "listGrants" => get(format!("grants?object_id={}", world.grid)),
        "createGrant" => {
            let group = world.new_group().await;
            let body = json!({ "object_id": world.grid, "subject": "group", "subject_id": group,
                               "level": "edit" });
            post("grants", body)
        }
        "getGrant" => get(format!("grants/{}", world.new_grant().await)),
        "deleteGrant" => delete(format!("grants/{}", world.new_grant().await)),
        other => panic!("{other} has no request"),
    }
}

async fn webhooks(world: &World, operation: &str) -> Call {
    let hook = match operation {
        "listWebhooks" => return get("webhooks"),
        "createWebhook" => return post("webhooks", world.webhook_body()),
        _ => format!("webhooks/{}", world.a_webhook().await),
    };
    let delivery = async || {
        let path = format!("/api/v1/{hook}/test");
        let sent = world.architect.post(&path, &json!({})).await;
        sent.expect(202)["id"].as_str().unwrap().to_owned()
    };
    match operation {
        "getWebhook" => get(hook),
        "updateWebhook" => patch(hook, json!({ "kinds": ["label.*"] })),
        "deleteWebhook" => delete(hook),
        "rotateWebhookSecret" => verb(format!("{hook}/rotate-secret")),
        "testWebhook" => verb(format!("{hook}/test")),
        "listWebhookDeliveries" => get(format!("{hook}/deliveries?state=pending")),
        "getWebhookDelivery" => get(format!("{hook}/deliveries/{}", delivery().await)),
        "replayWebhookDelivery" => verb(format!("{hook}/deliveries/{}/replay", delivery().await)),
        "replayFailedWebhookDeliveries" => post(
            format!("{hook}/replay-failed"),
            json!({ "since": "2026-01-01T00:00:00Z" }),
        ),
        other => panic!("{other} has no request"),
    }
}

async fn notifications(world: &World, operation: &str) -> Call {
    let told = notifications::tell(&world.acme, &world.reader, &world.task).await;
    let defaults = json!({ "settle_seconds": 120, "digest_hour": 7, "remind_hours": 24 });
    match operation {
        "listNotifications" => get("notifications"),
        "countUnreadNotifications" => get("notifications/unread-count"),
        "markNotificationsRead" => post("notifications/read", json!({ "up_to": told })),
        "markNotificationRead" => verb(format!("notifications/{told}/read")),
        "markNotificationUnread" => verb(format!("notifications/{told}/unread")),
        "getOwnNotificationSettings" => get("notification-settings"),
        "putOwnNotificationSettings" => of(Method::PUT, "notification-settings", Some(json!({}))),
        "getDefaultNotificationSettings" => get("notification-settings/defaults"),
        "putDefaultNotificationSettings" => of(
            Method::PUT,
            "notification-settings/defaults",
            Some(defaults),
        ),
        other => panic!("{other} has no request"),
    }
}
