//! Events: who handles which, and how those of the aggregates are made.

pub mod dispatch;
mod make;

pub(crate) use make::{folder_event, group_event, item_event, label_event, webhook_event};
