//! Journeys through real processes and a real browser.

mod browser;
mod chrome;
pub mod stack;

pub use browser::{Browser, Theme};
pub use stack::Stack;
