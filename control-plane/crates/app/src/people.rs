//! People on their own host: a session that is good there and opens no tenant by itself, the
//! tenants they belong to, and the way from there into one.

mod accounts;
mod everywhere;
mod handoff;
mod session;
mod sign_in;

pub use accounts::{list_accounts, look_of, ways_in, ways_of_email};
pub use cp_store::{Account, PersonAccess, TenantSecurity, WayIn};
pub use everywhere::sign_out_everywhere;
pub use handoff::{Begun, Handoff, HandoffError, IssuedHandoff, begin, issue, redeem, resume};
pub use session::{PendingPerson, find_pending, find_session, sign_out};
pub use sign_in::{
    PersonAdmission, PersonSignIn, PersonSignedIn, complete_second_factor, sign_in,
    sign_in_with_passkey,
};
