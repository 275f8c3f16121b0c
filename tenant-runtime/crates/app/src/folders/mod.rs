//! Folders: the tree from the root, and each member's own "My grids" beside it.

mod create;
mod delete;
mod error;
mod list;
mod load;
mod move_folder;
mod own;
mod patch;
mod undelete;

pub use create::{CreateFolder, create_folder};
pub use delete::delete_folder;
pub use error::FolderError;
pub use list::{FolderFilter, get_folder, list_folders};
pub use move_folder::{MoveFolder, move_folder};
pub use own::MY_GRIDS;
pub use patch::{PatchFolder, patch_folder};
pub use undelete::undelete_folder;
