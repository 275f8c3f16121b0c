//! The domain's words as OpenAPI shows them. The domain itself knows nothing of OpenAPI; fields
//! of views and bodies name these types in `#[schema(value_type = …)]`.

use std::borrow::Cow;

use tr_domain::{
    Constraint, DependencyKind, ElementType, GateOutcome, Rag, Scheduling, WorkItemKind,
    access::Level, notifications::MailChoice,
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

fn of_words(words: &[&str], description: &str) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words.iter().copied()))
        .description(Some(description))
        .build()
        .into()
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $schema:literal, $description:literal, $words:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                of_words($words, $description)
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($schema)
            }
        }
    )*};
}

words! {
    /// [`WorkItemKind`]
    KindWord = "WorkItemKind", "The kind of a work item.", WorkItemKind::WORDS;
    /// [`ElementType`]
    ElementTypeWord = "ElementType", "How an element is completed: by its tasks, by a tick, never.", ElementType::WORDS;
    /// [`Rag`]
    RagWord = "Rag", "A status set by a person.", Rag::WORDS;
    /// [`GateOutcome`]
    OutcomeWord = "GateOutcome", "What was decided at a gate.", GateOutcome::WORDS;
    /// [`Scheduling`]
    SchedulingWord = "Scheduling", "Who sets the dates: the scheduler or people.", Scheduling::WORDS;
    /// [`Constraint`]
    ConstraintWord = "Constraint", "A limit on the dates.", Constraint::WORDS;
    /// [`DependencyKind`]
    DependencyKindWord = "DependencyKind", "Which ends a dependency ties: finish to start, and so on.", DependencyKind::WORDS;
    /// [`Level`]
    LevelWord = "Level", "A right; each holds the ones before it.", Level::WORDS;
    /// [`tr_domain::notifications::MailChoice`]
    MailChoiceWord = "MailChoice", "When there is mail: once it has settled, once a day, never.", MailChoice::WORDS;
    /// The state of a member.
    MemberStateWord = "MemberState", "Whether a member has come in, and is still there.", &["invited", "active", "archived"];
}

/// [`tr_domain::LocalMinute`]
#[derive(Debug)]
pub struct LocalMinute;

impl PartialSchema for LocalMinute {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$"))
            .description(Some("A minute of the tenant's local time, without a zone."))
            .examples(["2026-03-29T09:30"])
            .build()
            .into()
    }
}

impl ToSchema for LocalMinute {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("LocalMinute")
    }
}
