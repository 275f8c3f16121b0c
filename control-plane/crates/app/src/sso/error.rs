//! Why single sign-on did not work: for who wanted to come in, and for who administers it.

use cp_domain::{ConnectionRuleError, EnforcementError, MailDomainError, MembershipError};
use cp_oidc::{ForbiddenAddress, LookupFailed, OidcError, ProviderRuleError};
use cp_store::{StoreError, seal::SealError};
use db::DbError;
use kernel::Revision;

use crate::{admission::AdmissionError, members::MemberError, step_up::StepUpRequired};

/// Why nobody was signed in, linked or confirmed.
#[derive(Debug, thiserror::Error)]
pub enum SsoError {
    /// The tenant has no such connection.
    #[error("there is no such connection")]
    NotFound,
    /// It is switched off.
    #[error("the connection is disabled")]
    Disabled,
    /// What started the sign-in elsewhere names another provider.
    #[error("the sign-in was started for another provider")]
    ForeignInitiator,
    /// The browser was not sent from here, was too long away, or came back twice.
    #[error("the sign-in is not known, too old or used")]
    UnknownFlow,
    /// The provider, or what it said, is not good.
    #[error(transparent)]
    Provider(#[from] OidcError),
    /// The subject is nobody here, and the provider named no address.
    #[error("the subject is not known and the provider named no e-mail address")]
    NoEmail,
    /// The provider does not vouch for the address.
    #[error("the provider does not say that the e-mail address is verified")]
    UnverifiedEmail,
    /// The address is in a domain that the tenant has not proven.
    #[error("the e-mail address is in no verified domain of this tenant")]
    ForeignDomain,
    /// The address belongs to somebody who is another subject of this provider.
    #[error("the e-mail address belongs to a person who is another subject of this provider")]
    AnotherSubject,
    /// The subject is another person.
    #[error("the subject is another person")]
    AnotherPerson,
    /// The person is no member, and the connection makes nobody one.
    #[error("the person is no member and the connection provisions nobody")]
    NotProvisioned,
    /// The person was a member.
    #[error("the member is archived")]
    Archived,
    /// The membership cannot become what the groups say.
    #[error("the membership cannot become what the groups say: {0}")]
    Standing(MembershipError),
    /// The member would become external and holds what externals may not.
    #[error("the groups make the member external, who holds “manage” somewhere")]
    HoldsManage,
    /// It was begun in a session that is not the one that the browser has now.
    #[error("it was begun in another session")]
    AnotherSession,
    /// The member has to confirm who they are first.
    #[error(transparent)]
    StepUp(#[from] StepUpRequired),
    /// They do not come in, whatever the provider says.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// A secret cannot be kept or read.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The tenant's database cannot be asked.
    #[error(transparent)]
    Tenant(#[from] DbError),
    /// The central database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SsoError {
    /// Whether it is the provider's or the tenant's to mend, so that architects want to see it.
    pub(super) const fn is_of_connection(&self) -> bool {
        !matches!(
            self,
            Self::NotFound
                | Self::UnknownFlow
                | Self::StepUp(_)
                | Self::AnotherSession
                | Self::Admission(_)
                | Self::Seal(_)
                | Self::Tenant(_)
                | Self::Store(_)
        )
    }
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SsoAdminError {
    /// The tenant has no such thing.
    #[error("there is no such thing")]
    NotFound,
    /// The caller is no architect.
    #[error("only architects administer single sign-on")]
    Forbidden,
    /// The caller has to confirm who they are first.
    #[error(transparent)]
    StepUp(#[from] StepUpRequired),
    /// `If-Match` is missing.
    #[error("If-Match is required")]
    PreconditionRequired,
    /// It has changed meanwhile.
    #[error("it is at revision {0}")]
    PreconditionFailed(Revision),
    /// A text of the connection is not as it should be.
    #[error(transparent)]
    Rule(#[from] ConnectionRuleError),
    /// Issuer or algorithms are not as they should be.
    #[error(transparent)]
    Provider(#[from] ProviderRuleError),
    /// The issuer is an address that is not called.
    #[error("The issuer cannot be used: {0}.")]
    Address(#[from] ForbiddenAddress),
    /// What members are by default cannot be held so.
    #[error(transparent)]
    Standing(#[from] MembershipError),
    /// The domain cannot be claimed.
    #[error(transparent)]
    Domain(#[from] MailDomainError),
    /// The tenant claims it already.
    #[error("This domain is claimed already.")]
    ClaimedAlready,
    /// Another tenant has proven it.
    #[error("This domain belongs to another organisation on this platform.")]
    TakenElsewhere,
    /// Its record is not there.
    #[error("The record was not found. Name servers may take some time to know of it.")]
    NotProven,
    /// Name servers cannot be asked.
    #[error(transparent)]
    Lookup(LookupFailed),
    /// Somebody would be locked out.
    #[error(transparent)]
    Enforcement(#[from] EnforcementError),
    /// It is the last way in while single sign-on is enforced.
    #[error("Single sign-on is enforced and this is the last connection that is enabled.")]
    LastConnection,
    /// Somebody named is no active architect with a password, or there are too many.
    #[error("Break-glass owners are active architects who have a password; at most two.")]
    Owners,
    /// A limit is out of range.
    #[error("A limit must be between 5 minutes and a year.")]
    Limit,
    /// The colour is none.
    #[error("A colour is written as #rrggbb.")]
    Colour,
    /// The contact is no line of text.
    #[error("The contact must be one line of at most 254 characters.")]
    Contact,
    /// A secret cannot be kept.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The central database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<MemberError> for SsoAdminError {
    fn from(error: MemberError) -> Self {
        match error {
            MemberError::Store(error) => Self::Store(error),
            _ => Self::Forbidden,
        }
    }
}
