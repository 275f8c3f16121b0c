//! Which fields go with which kind, and what a patch changes.

use super::*;

fn named(name: &str) -> ContentPatch {
    ContentPatch {
        name: Some(name.into()),
        ..ContentPatch::default()
    }
}

fn pointers(faults: &Faults) -> Vec<(&str, &str)> {
    faults
        .iter()
        .map(|f| (f.pointer.as_str(), f.code))
        .collect()
}

fn minute(text: &str) -> Option<Option<LocalMinute>> {
    Some(LocalMinute::parse(text))
}

#[test]
fn new_items_have_the_defaults_of_their_kind() {
    let task = Content::create(WorkItemKind::Task, named("Call")).unwrap();
    assert_eq!(task.scheduling, Some(Scheduling::Auto));
    assert_eq!(task.evidence_required, Some(false));
    let element = Content::create(WorkItemKind::Element, named("Brief")).unwrap();
    assert_eq!(element.element_type, Some(ElementType::WithTasks));
    let theme = Content::create(WorkItemKind::Theme, named("Legal")).unwrap();
    assert_eq!((theme.scheduling, theme.evidence_required), (None, None));
}

#[test]
fn all_faults_are_told_at_once() {
    let patch = ContentPatch {
        element_type: Some(ElementType::Checkable),
        duration_minutes: Some(Some(MAX_MINUTES + 1)),
        start: minute("2026-02-02T08:00"),
        finish: minute("2026-02-01T08:00"),
        constraint: Some(Some(Constraint::MustStartOn)),
        ..ContentPatch::default()
    };
    let faults = Content::create(WorkItemKind::Task, patch).unwrap_err();
    assert_eq!(
        pointers(&faults),
        [
            ("/name", "required"),
            ("/element_type", "not_applicable"),
            ("/finish", "out_of_order"),
            ("/duration_minutes", "out_of_range"),
            ("/constraint_date", "required"),
        ]
    );
}

#[test]
fn information_is_never_scheduled() {
    let patch = ContentPatch {
        element_type: Some(ElementType::Checkable),
        ..named("Rules")
    };
    let element = Content::create(WorkItemKind::Element, patch).unwrap();
    let to_information = ContentPatch {
        element_type: Some(ElementType::Information),
        ..ContentPatch::default()
    };
    let information = element
        .with(WorkItemKind::Element, to_information.clone())
        .unwrap();
    assert_eq!(information.scheduling, None);
    let dated = ContentPatch {
        deadline: minute("2026-02-01T08:00"),
        ..ContentPatch::default()
    };
    let element = element.with(WorkItemKind::Element, dated).unwrap();
    let faults = element
        .with(WorkItemKind::Element, to_information)
        .unwrap_err();
    assert_eq!(pointers(&faults), [("/deadline", "not_applicable")]);
}

#[test]
fn a_patch_changes_what_it_names_and_a_repeated_one_nothing() {
    let old = Content::create(WorkItemKind::Task, named("Call")).unwrap();
    let patch = ContentPatch {
        rag: Some(Some(Rag::Amber)),
        start: minute("2026-02-02T08:00"),
        ..named("Call back")
    };
    let new = old.with(WorkItemKind::Task, patch.clone()).unwrap();
    let changes = new.changes_from(&old);
    let fields: Vec<_> = changes.iter().filter_map(|c| c.field.as_deref()).collect();
    assert_eq!(fields, ["name", "rag", "start"]);
    assert_eq!(changes[2].new, "2026-02-02T08:00");
    let again = new.with(WorkItemKind::Task, patch).unwrap();
    assert!(again.changes_from(&new).is_empty());
}
