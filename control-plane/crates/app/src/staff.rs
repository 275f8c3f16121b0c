//! The platform's own staff: accounts, and a sign-in that always takes two factors.

mod account;
mod accounts;
mod links;
pub(crate) mod record;
mod second_factor;
mod session;
mod settings;
mod sign_in;
pub(crate) mod totp;

pub use account::{
    CreatedStaff, NewSecondFactor, NewStaff, StaffAccountError, create_staff, list_staff,
    reset_second_factor,
};
pub use accounts::{
    StaffChange, StaffChangeError, change_account, end_session, find_account, list_accounts,
    list_sessions,
};
pub use cp_store::{ListedStaffSession, StaffAccount, StaffLink};
pub use links::{
    InviteStaff, OpenedLink, StaffLinkError, UseLink, invite_staff, list_links, open_link,
    reset_staff, use_link, withdraw_link,
};
pub use record::By;
pub use second_factor::{GiveCode, StaffSignedIn, confirm_code, give_code};
pub use session::{hash_staff_credential, resolve_staff, sign_out_staff};
pub use settings::StaffSettings;
pub use sign_in::{PendingStaff, StaffSignIn, sign_in_staff};

use cp_store::{StoreError, seal::SealError};

use crate::{attempts::TooManyAttempts, passwords::PasswordError, policies::CheckError};

/// Why a member of staff is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum StaffSignInError {
    /// E-mail, password or code is wrong, or the account is closed.
    #[error("the e-mail, the password or the code is wrong")]
    InvalidCredentials,
    /// No password was given before the code, or too long ago.
    #[error("the password comes first")]
    NotPending,
    /// Too many wrong codes: an owner has to reset the second factor.
    #[error("the second factor is closed")]
    Closed,
    /// Too many attempts.
    #[error(transparent)]
    TooMany(#[from] TooManyAttempts),
    /// Passwords cannot be checked now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The kept secret cannot be used.
    #[error("the secret of the second factor cannot be used: {0}")]
    Secret(#[from] SealError),
    /// An access policy refuses, or cannot be read.
    #[error(transparent)]
    Policy(#[from] CheckError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
