//! The tables of a tenant database, one file each.

pub mod activity;
pub mod dependency;
pub mod element;
pub mod folder;
pub mod gate;
pub mod grant;
pub mod grid;
pub mod group_member;
pub mod label;
pub mod member;
pub mod member_group;
pub mod outbox;
pub mod task;
pub mod webhook;
pub mod work_item;
pub mod work_item_label;
