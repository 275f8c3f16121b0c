//! The answers of use cases: what a caller may see, in the form in which the API shows it.

mod activity;
mod board;
mod dependency;
mod folder;
mod grant;
mod label;
mod member;
mod notification;
mod webhook;
mod work_item;

pub use activity::ActivityView;
pub use board::{BoardCard, BoardCell, BoardStage, BoardView, TaskCount};
pub use dependency::{DependencyEnd, DependencyView, HIDDEN_NAME};
pub use folder::{FolderAccess, FolderView};
pub use grant::{GrantView, SubjectType};
pub use label::LabelView;
pub use member::{GroupView, MemberState, MemberView};
pub use notification::{
    DefaultNotificationSettingsView, DefaultWayView, MarkedView, NotificationView,
    OwnNotificationSettingsView, OwnWayView, UnreadView,
};
pub use webhook::{DeliveryDetailView, DeliveryView, ReplayedView, WebhookSecretView, WebhookView};
pub use work_item::{ItemLabel, WorkItemView};
