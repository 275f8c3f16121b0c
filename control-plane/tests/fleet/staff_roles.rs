//! Who may do what, derived from the document: every operation × every role, and nobody.

use cp_domain::StaffRole;
use reqwest::{Client, Method};
use uuid::Uuid;

use crate::staff_api::Served;

/// The operations that a role must be refused, by operationId.
fn is_allowed(role: StaffRole, operation: &str) -> bool {
    use StaffRole::{Operator, Owner, Security, Support};
    match operation {
        // What everybody looks at, and one's own sessions.
        "listTenants"
        | "getTenant"
        | "getTenantUsage"
        | "listTimers"
        | "listOperations"
        | "getOperation"
        | "watchOperation"
        | "listServers"
        | "listPlacementGroups"
        | "listConnections"
        | "listApprovals"
        | "getApproval"
        | "listUnsafeCountries"
        | "getPeoplePolicy"
        | "getStaffPolicy"
        | "listQueues"
        | "listBacklog"
        | "listOutboxes"
        | "listDeadLetters"
        | "countDeadLetters"
        | "groupDeadLetters"
        | "listOwnStaffSessions"
        | "endOwnStaffSession" => true,
        "createTenant" | "suspendTenant" | "resumeTenant" | "retryOperation"
        | "cancelOperation" | "approve" | "decline" | "runTimer" | "pauseQueue" | "resumeQueue"
        | "getDeadLetter" | "redriveDeadLetter" | "redriveDeadLetters" | "discardDeadLetter"
        | "discardDeadLetters" => matches!(role, Operator | Owner),
        "createServer"
        | "createPlacementGroup"
        | "inviteStaff"
        | "changeStaffRole"
        | "disableStaff"
        | "enableStaff"
        | "resetStaffFactors"
        | "endStaffSession"
        | "withdrawStaffLink" => role == Owner,
        "listAudit"
        | "getAuditHead"
        | "listStaff"
        | "getStaff"
        | "listStaffSessions"
        | "listStaffLinks"
        | "resetPersonFactors"
        | "stopConnection"
        | "putUnsafeCountry"
        | "removeUnsafeCountry"
        | "putPeoplePolicy"
        | "putStaffPolicy"
        | "tryPlatformPolicies" => {
            matches!(role, Security | Owner)
        }
        "listPeople" | "getPerson" | "listPersonSessions" | "endPersonSession"
        | "endPersonSessions" | "clearLockout" | "listSupportAccess" | "getSupportAccess" => {
            matches!(role, Support | Security | Owner)
        }
        "requestSupportAccess" | "enterTenant" | "endSupportAccess" => {
            matches!(role, Support | Owner)
        }
        unknown => panic!("say who may {unknown}"),
    }
}

/// Open to everybody: signing in and the document.
const OPEN: [&str; 4] = [
    "staffSignIn",
    "staffSignInTotp",
    "staffSignOut",
    "getOpenApi",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_of_roles_holds() {
    let served = Served::new(false).await;
    let document = serde_json::to_value(cp_http::staff::openapi()).unwrap();
    let http = Client::new();
    let nil = &Uuid::nil().to_string();
    let mut roles = vec![(None, None)];
    for role in StaffRole::ALL {
        roles.push((Some(role), Some(served.staff(role).await.1)));
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        let url = format!(
            "{}{}",
            served.base,
            path.replace("{id}", nil)
                .replace("{session_id}", nil)
                .replace("{connection_id}", nil)
                .replace("{country}", "KP")
                .replace("{class}", "activity")
                .replace("{ring}", "general")
                .replace("{name}", "purge")
        );
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let tag = operation["tags"][0].as_str().unwrap();
            if OPEN.contains(&id) || tag == "Sign-in" {
                continue;
            }
            for (role, session) in &roles {
                let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let mut request = http.request(method.clone(), &url);
                if matches!(method, Method::POST | Method::PUT) {
                    request = request.json(&body(id));
                }
                if let Some(session) = session {
                    request = request.bearer_auth(session);
                }
                let status = request.send().await.unwrap().status().as_u16();
                match role {
                    None => assert_eq!(status, 401, "{id} by nobody"),
                    Some(role) if is_allowed(*role, id) => {
                        assert!(
                            !matches!(status, 401 | 403 | 405 | 500),
                            "{id} by {role}: {status}"
                        );
                    }
                    Some(role) => assert_eq!(status, 403, "{id} by {role}"),
                }
            }
        }
    }
}

/// A well-formed body, so that only the role decides.
fn body(operation: &str) -> serde_json::Value {
    match operation {
        "createTenant" => serde_json::to_value(crate::staff_api::tenant("acme")).unwrap(),
        "suspendTenant" | "resetPersonFactors" | "stopConnection" | "pauseQueue"
        | "redriveDeadLetters" | "discardDeadLetter" => {
            serde_json::json!({ "reason": "a test" })
        }
        "discardDeadLetters" => serde_json::json!({ "reason": "a test", "confirm": 0 }),
        "inviteStaff" => serde_json::json!({
            "email": "new@trellis.example", "name": "New", "role": "support"
        }),
        "putUnsafeCountry" => serde_json::json!({ "reason": "a test" }),
        "putPeoplePolicy" | "putStaffPolicy" => serde_json::json!({ "everyone": {} }),
        "changeStaffRole" => serde_json::json!({ "role": "support" }),
        "requestSupportAccess" => serde_json::json!({
            "tenant_id": Uuid::nil(), "reason": "a long enough reason", "minutes": 30
        }),
        "createPlacementGroup" => serde_json::json!({ "name": "another", "ring": "early" }),
        "createServer" => serde_json::json!({
            "name": "another", "placement_group": "default", "host": "127.0.0.1", "port": 1,
            "admin_user": "a", "admin_password": "b", "max_tenants": 1
        }),
        _ => serde_json::json!({}),
    }
}
