//! Where an item may lie: grids in folders, stages and themes in grids, elements where a stage and
//! a theme cross, gates after stages, tasks in elements and gates.

use crate::fault::Faults;
use crate::words::{ElementType, WorkItemKind};

/// Which references a kind is placed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Whether it lies in a folder.
    pub folder: bool,
    /// The kinds its parent may have; none when it has no parent.
    pub parents: &'static [WorkItemKind],
    /// Whether it lies in a theme as well.
    pub theme: bool,
}

impl WorkItemKind {
    /// Where items of this kind lie.
    #[must_use]
    pub const fn place(self) -> Place {
        match self {
            Self::Grid => Place {
                folder: true,
                parents: &[],
                theme: false,
            },
            Self::Stage | Self::Theme => Place {
                folder: false,
                parents: &[Self::Grid],
                theme: false,
            },
            Self::Element => Place {
                folder: false,
                parents: &[Self::Stage],
                theme: true,
            },
            Self::Gate => Place {
                folder: false,
                parents: &[Self::Stage],
                theme: false,
            },
            Self::Task => Place {
                folder: false,
                parents: &[Self::Element, Self::Gate],
                theme: false,
            },
        }
    }
}

/// Checks which of the references are given for a new item of this kind.
///
/// # Errors
/// `required` for one that is missing, `not_applicable` for one too many.
pub fn check_references(
    kind: WorkItemKind,
    folder: bool,
    parent: bool,
    theme: bool,
) -> Result<(), Faults> {
    let place = kind.place();
    let mut faults = Faults::none();
    let references = [
        ("folder_id", place.folder, folder),
        ("parent_id", !place.parents.is_empty(), parent),
        ("theme_id", place.theme, theme),
    ];
    for (field, wanted, given) in references {
        match (wanted, given) {
            (true, false) => faults.add(field, "required", format!("a {kind} needs it")),
            (false, true) => faults.add(field, "not_applicable", format!("a {kind} has none")),
            _ => {}
        }
    }
    faults.into_result()
}

/// Checks that an item of `kind` may lie in this parent.
///
/// # Errors
/// `wrong_kind` for a parent of another kind, or an element that takes no tasks.
pub fn check_parent(
    kind: WorkItemKind,
    parent: WorkItemKind,
    parent_type: Option<ElementType>,
) -> Result<(), Faults> {
    let place = kind.place();
    if !place.parents.contains(&parent) {
        let words: Vec<_> = place.parents.iter().map(|k| k.as_str()).collect();
        let detail = format!(
            "the parent of a {kind} is a {}, not a {parent}",
            words.join(" or ")
        );
        return Err(Faults::one("parent_id", "wrong_kind", detail));
    }
    match parent_type {
        Some(found) if kind == WorkItemKind::Task && found != ElementType::WithTasks => {
            let detail = format!("the element is {found} and takes no tasks");
            Err(Faults::one("parent_id", "wrong_kind", detail))
        }
        _ => Ok(()),
    }
}

/// Whether items of the kind leave their grid when they move: columns and rows do not.
#[must_use]
pub const fn moves_between_grids(kind: WorkItemKind) -> bool {
    matches!(
        kind,
        WorkItemKind::Element | WorkItemKind::Gate | WorkItemKind::Task
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use WorkItemKind::*;

    #[test]
    fn each_kind_has_its_place() {
        assert!(check_references(Grid, true, false, false).is_ok());
        assert!(check_references(Element, false, true, true).is_ok());
        let faults = check_references(Element, true, true, false).unwrap_err();
        let found: Vec<_> = faults
            .iter()
            .map(|f| (f.pointer.as_str(), f.code))
            .collect();
        assert_eq!(
            found,
            [("/folder_id", "not_applicable"), ("/theme_id", "required")]
        );
    }

    #[test]
    fn tasks_lie_in_gates_and_elements_that_take_them() {
        assert!(check_parent(Task, Gate, None).is_ok());
        assert!(check_parent(Task, Element, Some(ElementType::WithTasks)).is_ok());
        assert!(check_parent(Task, Element, Some(ElementType::Checkable)).is_err());
        assert!(check_parent(Task, Stage, None).is_err());
        assert!(check_parent(Stage, Grid, None).is_ok());
    }
}
