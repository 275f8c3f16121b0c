//! What mail says: a sentence for each trigger.

use mailer::{News, NewsItem};
use serde_json::Value;
use tr_domain::notifications::Trigger;
use tr_domain::{LocalMinute, WorkItemKind};
use tr_store::notifications::{NotificationRow, Object};
use uuid::Uuid;

use super::facts::TenantFacts;

/// Letters of a subject.
const SUBJECT: usize = 120;

/// Who reads it, and where.
pub(super) struct Reader<'a> {
    pub(super) facts: &'a TenantFacts,
    pub(super) name: &'a str,
    pub(super) unsubscribe: &'a str,
}

/// What a mail says of these, of which there is at least one.
pub(super) fn compose(reader: &Reader<'_>, rows: &[NotificationRow], digest: bool) -> News {
    let facts = reader.facts;
    let mut items: Vec<(Uuid, NewsItem)> = Vec::new();
    for row in rows {
        let line = sentence(row);
        match items
            .iter_mut()
            .find(|(object, _)| *object == row.object_id)
        {
            Some((_, item)) => item.lines.push(line),
            None => items.push((row.object_id, item(facts, row, line))),
        }
    }
    let items: Vec<_> = items.into_iter().map(|(_, item)| item).collect();
    let (subject, intro) = match items.as_slice() {
        [only] if !digest => (
            only.title.clone(),
            format!("there is news in {}.", facts.name),
        ),
        several => (
            format!("Your day in {}: {}", facts.name, things(several.len())),
            format!("this happened in {} since your last digest.", facts.name),
        ),
    };
    News {
        name: reader.name.to_owned(),
        tenant: facts.name.clone(),
        subject: subject.chars().take(SUBJECT).collect(),
        intro,
        items,
        because: "You get this because your notification settings say so.".to_owned(),
        inbox: format!("{}/notifications", facts.origin),
        unsubscribe: reader.unsubscribe.to_owned(),
    }
}

fn things(count: usize) -> String {
    match count {
        1 => "one thing".to_owned(),
        count => format!("{count} things"),
    }
}

fn item(facts: &TenantFacts, row: &NotificationRow, line: String) -> NewsItem {
    let (origin, id) = (&facts.origin, row.object_id);
    let grid = row.grid.as_ref();
    let (place, link) = match (row.object, row.item_kind, grid) {
        (Object::WorkItem, Some(kind), Some((grid, name))) if kind != WorkItemKind::Grid => {
            (name.clone(), format!("{origin}/grids/{grid}/items/{id}"))
        }
        (Object::WorkItem, ..) => (String::new(), format!("{origin}/grids/{id}")),
        (Object::Folder, ..) => (String::new(), format!("{origin}/folders/{id}")),
    };
    NewsItem {
        title: row.name.clone(),
        place,
        link,
        lines: vec![line],
    }
}

fn sentence(row: &NotificationRow) -> String {
    let who = row.actor.as_ref().map_or("Somebody", |(_, name)| name);
    let word = |key: &str| {
        row.detail
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .replace('_', " ")
    };
    match row.trigger {
        Trigger::Assigned => format!("{who} assigned it to you."),
        Trigger::Unassigned => format!("{who} assigned it to somebody else."),
        Trigger::Completed => format!("{who} completed it."),
        Trigger::Reopened => format!("{who} reopened it."),
        Trigger::GateDecided => format!("{who} decided the gate: {}.", word("outcome")),
        Trigger::GateReopened => format!("{who} reopened the gate."),
        Trigger::DatesChanged => format!("{who} changed its dates: {}.", dates(&row.detail)),
        Trigger::Shared => format!("{who} shared it with you: {}.", word("level")),
        Trigger::DueSoon => format!("It is due on {}.", minute(row.detail.get("due"))),
    }
}

fn dates(detail: &Value) -> String {
    let fields = detail.as_object().into_iter().flatten();
    let changes = fields.map(|(field, change)| {
        let (old, new) = (minute(change.get("old")), minute(change.get("new")));
        format!("{field} {new}, was {old}")
    });
    changes.collect::<Vec<_>>().join("; ")
}

fn minute(value: Option<&Value>) -> String {
    let minute = value.and_then(Value::as_str).and_then(LocalMinute::parse);
    minute.map_or_else(
        || "none".to_owned(),
        |minute| minute.as_naive().format("%-d %B %Y, %H:%M").to_string(),
    )
}

#[cfg(test)]
#[path = "news_tests.rs"]
mod tests;
