//! What the use cases' errors are on architects' pages: a fault of a field where there is one, the
//! page of an error otherwise.

use cp_app::sso::SsoAdminError;
use cp_domain::ConnectionRuleError;
use cp_oidc::ProviderRuleError;
use web::{ApiError, ProblemCode};

use crate::auth::{pages::Faults, sso::admin};

/// What somebody can do better; other errors go on.
pub(super) fn faults(error: SsoAdminError) -> Result<Faults, ApiError> {
    let field = match &error {
        SsoAdminError::Rule(rule) => match rule {
            ConnectionRuleError::Name => "name",
            ConnectionRuleError::ClientId => "client_id",
            ConnectionRuleError::Scopes => "scopes",
            ConnectionRuleError::GroupClaim => "group_claim",
            ConnectionRuleError::Groups | ConnectionRuleError::Standing(_) => "",
        },
        SsoAdminError::Provider(rule) => match rule {
            ProviderRuleError::Issuer => "issuer",
            ProviderRuleError::Algorithm | ProviderRuleError::Symmetric => "algorithms",
        },
        SsoAdminError::Address(_) => "issuer",
        SsoAdminError::Standing(_) => "default_role",
        SsoAdminError::Domain(_)
        | SsoAdminError::ClaimedAlready
        | SsoAdminError::TakenElsewhere => "domain",
        SsoAdminError::Owners => "owners",
        SsoAdminError::Colour => "colour",
        SsoAdminError::Contact => "contact",
        SsoAdminError::PreconditionFailed(_) => {
            return Ok(Faults::field(
                "",
                "Somebody else has changed this meanwhile. Look at your changes again, then save.",
            ));
        }
        SsoAdminError::NotProven
        | SsoAdminError::Enforcement(_)
        | SsoAdminError::LastConnection
        | SsoAdminError::Limit => "",
        SsoAdminError::Lookup(_) => {
            return Ok(Faults::field(
                "",
                "Name servers did not answer. Try again in some minutes.",
            ));
        }
        _ => return Err(outside(error)),
    };
    Ok(Faults::field(field, sentence(&error)))
}

/// What is told of an error that no form can mend.
pub(super) fn outside(error: SsoAdminError) -> ApiError {
    match error {
        // For whoever is no architect any more, the pages do not exist.
        SsoAdminError::Forbidden => ApiError::new(ProblemCode::NotFound),
        other => admin(other),
    }
}

/// The error as a sentence: with a capital and a full stop.
pub(super) fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let rest = letters.as_str();
    if rest.ends_with(['.', '!', '?']) {
        format!("{first}{rest}")
    } else {
        format!("{first}{rest}.")
    }
}
