//! What goes in and out of the API of credentials.

use chrono::{DateTime, Utc};
use cp_app::factors::{Enrolled, NewAuthenticator, passkeys::BegunCeremony, passkeys::OwnPasskey};
use cp_domain::Factor;
use garde::Validate;
use kernel::PasskeyId;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::views::is_name;

/// A code of the authenticator, or a recovery code.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct CodeRequest {
    /// The code, as typed.
    #[schema(value_type = String)]
    #[garde(skip)]
    pub code: SecretString,
}

/// The answer of a passkey.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct PasskeyRequest {
    /// The ceremony that it answers.
    #[garde(skip)]
    pub ceremony: Uuid,
    /// What `navigator.credentials` gave, as its `toJSON` writes it.
    #[schema(value_type = Object)]
    #[garde(skip)]
    pub credential: serde_json::Value,
}

/// A new passkey.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct PasskeyCreate {
    /// The ceremony that it answers.
    #[garde(skip)]
    pub ceremony: Uuid,
    /// What its owner calls it.
    #[garde(length(chars, min = 1, max = 100), custom(is_name))]
    pub name: String,
    /// What `navigator.credentials` gave, as its `toJSON` writes it.
    #[schema(value_type = Object)]
    #[garde(skip)]
    pub credential: serde_json::Value,
}

/// Another name of a passkey.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct PasskeyPatch {
    /// What its owner calls it.
    #[garde(length(chars, min = 1, max = 100), custom(is_name))]
    pub name: String,
}

/// The password, wanted when the last second factor goes.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
pub struct FactorRemoval {
    /// The present password.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    #[garde(skip)]
    pub password: Option<SecretString>,
}

/// The present password and a new one.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct PasswordChangeRequest {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    #[garde(skip)]
    pub current: SecretString,
    /// The new one.
    #[schema(value_type = String, format = Password)]
    #[garde(skip)]
    pub password: SecretString,
}

/// An address.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct EmailRequest {
    /// The address.
    #[garde(length(max = 254))]
    pub email: String,
}

/// A link's token.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct LinkRequest {
    /// The token in the link.
    #[schema(value_type = String)]
    #[garde(skip)]
    pub token: SecretString,
}

/// A link's token and a new password.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct RecoverRequest {
    /// The token in the link.
    #[schema(value_type = String)]
    #[garde(skip)]
    pub token: SecretString,
    /// The new password.
    #[schema(value_type = String, format = Password)]
    #[garde(skip)]
    pub password: SecretString,
}

/// One proof of who one is: the second factor, or the password where there is none.
#[derive(Debug, Deserialize, ToSchema, Validate)]
pub struct ConfirmRequest {
    /// The password.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    #[garde(skip)]
    pub password: Option<SecretString>,
    /// A code of the authenticator.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[garde(skip)]
    pub code: Option<SecretString>,
    /// A recovery code.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[garde(skip)]
    pub recovery_code: Option<SecretString>,
    /// The answer of a passkey.
    #[serde(default)]
    #[garde(skip)]
    pub passkey: Option<PasskeyRequest>,
}

/// What a person can confirm who they are with.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfirmMethods {
    /// Whether with the password.
    pub password: bool,
    /// Second factors.
    #[schema(value_type = Vec<String>)]
    pub factors: Vec<Factor>,
    /// The connection through which they came, when that is the only way.
    #[schema(value_type = Option<String>, format = Uuid, required = true)]
    pub connection: Option<kernel::ConnectionId>,
}

/// The first half of a ceremony.
#[derive(Debug, Serialize, ToSchema)]
pub struct CeremonyView {
    /// To be given with the second half.
    pub ceremony: Uuid,
    /// What `navigator.credentials` takes.
    #[schema(value_type = Object)]
    pub options: serde_json::Value,
}

impl From<BegunCeremony> for CeremonyView {
    fn from(begun: BegunCeremony) -> Self {
        Self {
            ceremony: begun.ceremony,
            options: begun.options,
        }
    }
}

/// A secret for an authenticator app, shown once.
#[derive(Serialize, ToSchema)]
pub struct AuthenticatorView {
    /// The secret in base 32, for typing.
    pub secret: String,
    /// The same as an address that the app reads from a picture.
    pub otpauth_url: String,
}

impl From<NewAuthenticator> for AuthenticatorView {
    fn from(new: NewAuthenticator) -> Self {
        Self {
            secret: new.secret_base32.expose_secret().to_owned(),
            otpauth_url: new.otpauth_url.expose_secret().to_owned(),
        }
    }
}

/// A second factor was set up.
#[derive(Serialize, ToSchema)]
pub struct EnrolledView {
    /// Recovery codes, when there were none before: the only time that they are shown.
    #[schema(required = true)]
    pub recovery_codes: Option<Vec<String>>,
}

impl From<&Enrolled> for EnrolledView {
    fn from(enrolled: &Enrolled) -> Self {
        let text = |codes: &Vec<SecretString>| {
            let codes = codes.iter();
            codes.map(|code| code.expose_secret().to_owned()).collect()
        };
        Self {
            recovery_codes: enrolled.recovery_codes.as_ref().map(text),
        }
    }
}

/// New recovery codes: the only time that they are shown.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodesView {
    /// The codes, each good once.
    pub recovery_codes: Vec<String>,
}

/// One's own second factors.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactorsView {
    /// Whether there is an authenticator app.
    pub totp: bool,
    /// Recovery codes that are left.
    pub recovery_codes: u32,
    /// Passkeys.
    pub passkeys: Vec<PasskeyView>,
}

/// A passkey.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasskeyView {
    /// The passkey.
    #[schema(value_type = String, format = Uuid)]
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    #[schema(required = true)]
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<OwnPasskey> for PasskeyView {
    fn from(passkey: OwnPasskey) -> Self {
        Self {
            id: passkey.id,
            name: passkey.name,
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
        }
    }
}
