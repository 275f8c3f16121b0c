//! What each operation answers to each kind of caller.

/// `operationId`, then: outsider (of another tenant), reader (`view`), editor (`edit`), manager
/// (`manage`), architect, external (`view`). Lists of an outsider are their own: 200 and empty.
/// A thing that is named in a body and unknown is a 422; one that is addressed is a 404.
pub const EXPECTED: &[(&str, [u16; 6])] = &[
    ("getOpenApi", [200, 200, 200, 200, 200, 200]),
    ("listFolders", [404, 200, 200, 200, 200, 200]),
    ("createFolder", [422, 403, 201, 201, 201, 403]),
    ("getFolder", [404, 200, 200, 200, 200, 200]),
    ("updateFolder", [404, 403, 200, 200, 200, 403]),
    ("deleteFolder", [404, 403, 403, 204, 204, 403]),
    ("undeleteFolder", [404, 403, 403, 200, 200, 403]),
    ("moveFolder", [404, 403, 200, 200, 200, 403]),
    ("listWorkItems", [200, 200, 200, 200, 200, 200]),
    ("createWorkItem", [422, 403, 201, 201, 201, 403]),
    ("getWorkItem", [404, 200, 200, 200, 200, 200]),
    ("updateWorkItem", [404, 403, 200, 200, 200, 403]),
    ("deleteWorkItem", [404, 403, 403, 204, 204, 403]),
    ("undeleteWorkItem", [404, 403, 403, 200, 200, 403]),
    // Unassigned: whoever sees it may complete it.
    ("completeWorkItem", [404, 200, 200, 200, 200, 200]),
    ("reopenWorkItem", [404, 200, 200, 200, 200, 200]),
    ("moveWorkItem", [404, 403, 200, 200, 200, 403]),
    ("listWorkItemActivity", [404, 200, 200, 200, 200, 200]),
    ("getBoard", [404, 200, 200, 200, 200, 200]),
    // Builders and architects keep the labels; a guest knows those on what they see.
    ("listLabels", [200, 200, 200, 200, 200, 200]),
    ("createLabel", [201, 403, 201, 403, 201, 403]),
    ("getLabel", [404, 200, 200, 200, 200, 404]),
    ("updateLabel", [404, 403, 200, 403, 200, 404]),
    ("deleteLabel", [404, 403, 204, 403, 204, 404]),
    ("listDependencies", [404, 200, 200, 200, 200, 200]),
    ("createDependency", [422, 403, 201, 201, 201, 403]),
    ("getDependency", [404, 200, 200, 200, 200, 200]),
    ("deleteDependency", [404, 403, 204, 204, 204, 403]),
    ("listMembers", [200, 200, 200, 200, 200, 200]),
    // Guests know the people who share content with them, such as this one.
    ("getMember", [404, 200, 200, 200, 200, 200]),
    ("listGroups", [200, 200, 200, 200, 200, 200]),
    ("createGroup", [201, 403, 403, 403, 201, 403]),
    ("getGroup", [404, 200, 200, 200, 200, 404]),
    ("updateGroup", [404, 403, 403, 403, 200, 404]),
    ("deleteGroup", [404, 403, 403, 403, 204, 404]),
    ("listGroupMembers", [404, 200, 200, 200, 200, 404]),
    ("addGroupMember", [404, 403, 403, 403, 200, 404]),
    ("removeGroupMember", [404, 403, 403, 403, 200, 404]),
    ("listGrants", [404, 403, 403, 200, 200, 403]),
    ("createGrant", [404, 403, 403, 201, 201, 403]),
    ("getGrant", [404, 403, 403, 200, 200, 403]),
    ("deleteGrant", [404, 403, 403, 204, 204, 403]),
    ("listActivity", [200, 200, 200, 200, 200, 200]),
    // Webhooks are the architects'; nobody else knows of one.
    ("listWebhooks", [200, 403, 403, 403, 200, 403]),
    ("createWebhook", [201, 403, 403, 403, 201, 403]),
    ("getWebhook", [404, 404, 404, 404, 200, 404]),
    ("updateWebhook", [404, 404, 404, 404, 200, 404]),
    ("deleteWebhook", [404, 404, 404, 404, 204, 404]),
    ("rotateWebhookSecret", [404, 404, 404, 404, 200, 404]),
    ("testWebhook", [404, 404, 404, 404, 202, 404]),
    ("listWebhookDeliveries", [404, 404, 404, 404, 200, 404]),
    ("getWebhookDelivery", [404, 404, 404, 404, 200, 404]),
    ("replayWebhookDelivery", [404, 404, 404, 404, 202, 404]),
    (
        "replayFailedWebhookDeliveries",
        [404, 404, 404, 404, 202, 404],
    ),
    // What one is told is one's own; this one is the reader's.
    ("listNotifications", [200, 200, 200, 200, 200, 200]),
    ("countUnreadNotifications", [200, 200, 200, 200, 200, 200]),
    ("markNotificationsRead", [200, 200, 200, 200, 200, 200]),
    ("markNotificationRead", [404, 200, 404, 404, 404, 404]),
    ("markNotificationUnread", [404, 200, 404, 404, 404, 404]),
    ("getOwnNotificationSettings", [200, 200, 200, 200, 200, 200]),
    ("putOwnNotificationSettings", [200, 200, 200, 200, 200, 200]),
    (
        "getDefaultNotificationSettings",
        [200, 403, 403, 403, 200, 403],
    ),
    (
        "putDefaultNotificationSettings",
        [200, 403, 403, 403, 200, 403],
    ),
    // Whoever has the link, at the tenant's host.
    ("askToUnsubscribe", [404, 200, 200, 200, 200, 200]),
    ("unsubscribe", [404, 200, 200, 200, 200, 200]),
    // Everybody may listen; topics are refused one by one. These ask for what nobody can have: events
    // from the future, a socket without an upgrade.
    ("streamEvents", [400, 400, 400, 400, 400, 400]),
    ("openSocket", [400, 400, 400, 400, 400, 400]),
];
