//! Schemas that every OpenAPI document shares.

use serde::Serialize;
use utoipa::ToSchema;

/// The schema of [`kernel::Page`], which itself knows nothing of OpenAPI:
/// `body = PageOf<WorkItemView>`.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageOf<T: ToSchema> {
    /// The rows.
    pub data: Vec<T>,
    /// Give it as `cursor` for the next page; null on the last page.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}
