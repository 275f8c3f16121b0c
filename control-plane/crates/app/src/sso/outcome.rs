//! What came of a browser's return from a provider.

use cp_domain::LocalPath;
use kernel::ConnectionId;

use crate::{admission::Admission, sign_in::SignedIn};

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// Somebody came in, as far as they may.
    Admitted(Admission, LocalPath),
    /// The provider's user is a way in of the account from now on.
    Linked(LocalPath),
    /// The member has confirmed who they are; the session has a new cookie.
    Confirmed(SignedIn, LocalPath),
    /// The result of a test was kept.
    Tested(ConnectionId),
}
