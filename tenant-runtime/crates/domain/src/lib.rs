//! The work-item domain: what a plan is made of, who may do what in it, when things are complete
//! and how progress rolls up. Pure: no I/O, no clock, no randomness.

pub mod access;
pub mod completion;
pub mod content;
pub mod dependency;
pub mod event;
pub mod fault;
pub mod labels;
pub mod notifications;
pub mod placement;
pub mod position;
pub mod rollup;
pub mod text;
pub mod time;
pub mod webhook;
pub mod words;

pub use content::{Content, ContentPatch};
pub use fault::{Fault, Faults};
pub use time::LocalMinute;
pub use words::{
    Constraint, DeliveryState, DependencyKind, DisabledReason, ElementType, GateOutcome,
    ObjectKind, Rag, Scheduling, UnknownWord, WorkItemKind,
};
