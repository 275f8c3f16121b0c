//! Staff's pages over the staff API. Stateless: the session is the control plane's, held in a
//! cookie of this host; every page asks the staff API on its owner's behalf.

pub mod cli;
mod failure;
mod frame;
mod pages;
mod session;
mod settings;

use actix_web::web::{Data, FormConfig, ServiceConfig};
use clock::Clock;
use cp_staff_api::StaffApi;

pub use crate::settings::{DEFAULTS, Settings};

/// What every page needs.
#[derive(Debug, Clone)]
pub struct Office {
    /// The staff API.
    pub api: StaffApi,
    /// The time.
    pub clock: Clock,
    /// Whether the session cookie may travel over plain http.
    pub insecure_cookies: bool,
}

/// Adds all pages to an app.
pub fn configure(config: &mut ServiceConfig, office: &Office) {
    config
        .app_data(Data::new(office.clone()))
        .app_data(FormConfig::default().limit(64 * 1024));
    ui::configure_assets(config);
    pages::configure(config);
}
