//! Work items of all kinds.

mod counters;
mod find;
mod lifetime;
mod list;
mod order;
mod row;
mod write;

pub use counters::{add_counters, recount};
pub use find::{Located, find, find_any, locate, of_grid};
pub use lifetime::{delete_subtree, delete_under_folders, undelete, undelete_folders_items};
pub use list::{Filter, Sort, SortKey, list};
pub use order::{Sibling, Siblings, last_position, set_position, siblings};
pub use row::ItemRow;
pub use write::{NewItem, insert, relocate, set_completed, set_outcome, touch, update_content};
