//! A connection as its form has it: text that may still be wrong, shown again as it was typed, save
//! the secret.

use chrono::{DateTime, NaiveDate, Utc};
use cp_app::sso::{
    ALGORITHMS, Connection, ConnectionDraft, ConnectionView, DEFAULT_ALGORITHMS, SecretChange,
};
use cp_domain::{ConnectionState, Standing};
use kernel::Role;
use secrecy::SecretString;
use ui::{Choice, Choices, Field, Select, Tick};

use crate::auth::pages::{Faults, Submission};

/// Signatures with our secret: only alone.
const SYMMETRIC: &str = "HS256";

/// What was typed.
pub(super) struct Draft {
    name: String,
    issuer: String,
    client_id: String,
    secret: Option<SecretString>,
    no_secret: bool,
    secret_ends: String,
    scopes: String,
    algorithms: Vec<String>,
    group_claim: String,
    provisions: bool,
    role: String,
    external: bool,
    second_factor: bool,
}

/// The form's parts.
pub(super) struct DraftForm {
    pub(super) provider: Vec<Field>,
    pub(super) no_secret: Option<Tick>,
    pub(super) asked: Vec<Field>,
    pub(super) algorithms: Choices,
    pub(super) provisions: Tick,
    pub(super) role: Select,
    pub(super) external: Tick,
    pub(super) second_factor: Tick,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            name: String::new(),
            issuer: String::new(),
            client_id: String::new(),
            secret: None,
            no_secret: false,
            secret_ends: String::new(),
            scopes: "openid email profile".to_owned(),
            algorithms: DEFAULT_ALGORITHMS.split(' ').map(str::to_owned).collect(),
            group_claim: String::new(),
            provisions: true,
            role: Role::User.to_string(),
            external: false,
            second_factor: false,
        }
    }
}

impl Draft {
    /// The connection that is kept.
    pub(super) fn of_kept(connection: &Connection) -> Self {
        let ends = connection.secret_expires_at;
        Self {
            name: connection.name.clone(),
            issuer: connection.issuer.clone(),
            client_id: connection.client_id.clone(),
            secret: None,
            no_secret: false,
            secret_ends: ends
                .map(|at| at.format("%Y-%m-%d").to_string())
                .unwrap_or_default(),
            scopes: connection.scopes.clone(),
            algorithms: connection
                .algorithms
                .split(' ')
                .map(str::to_owned)
                .collect(),
            group_claim: connection.group_claim.clone().unwrap_or_default(),
            provisions: connection.provisions,
            role: connection.default.role.to_string(),
            external: connection.default.external,
            second_factor: connection.proves_second_factor,
        }
    }

    /// What the form sent.
    pub(super) fn of_form(form: &Submission) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            name: text("name"),
            issuer: text("issuer"),
            client_id: text("client_id"),
            secret: form
                .given("client_secret")
                .map(|_| form.secret("client_secret")),
            no_secret: form.ticked("no_secret"),
            secret_ends: text("secret_ends"),
            scopes: text("scopes"),
            algorithms: form.all("algorithms").map(str::to_owned).collect(),
            group_claim: text("group_claim"),
            provisions: form.ticked("provisions"),
            role: text("default_role"),
            external: form.ticked("external"),
            second_factor: form.ticked("second_factor"),
        }
    }

    /// The connection that it says; what it does not say is as it was.
    pub(super) fn read(&self, before: Option<&ConnectionView>) -> Result<ConnectionDraft, Faults> {
        let mut faults = Faults::default();
        if self.name.is_empty() {
            faults.add("name", "Enter a name.");
        }
        if self.issuer.is_empty() {
            faults.add("issuer", "Enter the issuer's address.");
        }
        if self.client_id.is_empty() {
            faults.add("client_id", "Enter the client id.");
        }
        if self.algorithms.is_empty() {
            faults.add("algorithms", "Choose at least one signature.");
        }
        let ends = self.secret_end(&mut faults);
        let Ok(role) = self.role.parse::<Role>() else {
            faults.add("default_role", "Choose a role.");
            return Err(faults);
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(ConnectionDraft {
            name: self.name.clone(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: match &self.secret {
                Some(secret) => SecretChange::Set(secret.clone()),
                None if self.no_secret => SecretChange::Remove,
                None => SecretChange::Keep,
            },
            secret_expires_at: ends,
            scopes: self.scopes.clone(),
            algorithms: self.algorithms.join(" "),
            group_claim: Some(self.group_claim.clone()).filter(|claim| !claim.is_empty()),
            group_roles: before
                .map(|view| view.group_roles.clone())
                .unwrap_or_default(),
            provisions: self.provisions,
            default: Standing {
                role,
                external: self.external,
            },
            proves_second_factor: self.second_factor,
            state: before.map_or(ConnectionState::Disabled, |view| view.connection.state),
        })
    }

    fn secret_end(&self, faults: &mut Faults) -> Option<DateTime<Utc>> {
        if self.secret_ends.is_empty() {
            return None;
        }
        let day = NaiveDate::parse_from_str(&self.secret_ends, "%Y-%m-%d").ok();
        let ends = day
            .and_then(|day| day.and_hms_opt(0, 0, 0))
            .map(|at| at.and_utc());
        if ends.is_none() {
            faults.add("secret_ends", "Enter a day such as 2027-01-31, or nothing.");
        }
        ends
    }

    /// The form.
    pub(super) fn form(&self, has_secret: bool, faults: &Faults) -> DraftForm {
        let field = |name, label, hint: &str, value: &str| {
            Field::text(name, label)
                .hint(hint)
                .value(value)
                .error(faults.of(name))
        };
        let optional = |field: Field| Field {
            required: false,
            ..field
        };
        let secret_hint = if has_secret {
            "There is one. Leave it empty to keep it."
        } else {
            "As the provider shows it. Leave it empty for a public client."
        };
        DraftForm {
            provider: vec![
                field("name", "Name", "As people read it on the sign-in page.", &self.name),
                field(
                    "issuer",
                    "Issuer",
                    "The provider's address, exactly as it names itself, such as \
                     https://login.example.com.",
                    &self.issuer,
                ),
                field("client_id", "Client id", "What the provider calls us.", &self.client_id),
                optional(Field::password("client_secret", "Client secret", "off"))
                    .hint(secret_hint)
                    .error(faults.of("client_secret")),
                optional(field(
                    "secret_ends",
                    "The secret ends on",
                    "A day such as 2027-01-31, so that you are warned before it does.",
                    &self.secret_ends,
                )),
            ],
            no_secret: has_secret.then(|| {
                Tick::new("no_secret", "Remove the secret that is there", self.no_secret)
            }),
            asked: vec![
                field(
                    "scopes",
                    "Scopes",
                    "Words separated by spaces; openid is always asked for.",
                    &self.scopes,
                ),
                optional(field(
                    "group_claim",
                    "Claim that lists groups",
                    "Such as groups. Roles are given on the page “Groups and roles”.",
                    &self.group_claim,
                )),
            ],
            algorithms: self.algorithm_boxes(faults),
            provisions: Tick::new(
                "provisions",
                "Whoever comes in becomes a member",
                self.provisions,
            )
            .hint("Only with an address in one of your verified domains. Otherwise invite people first."),
            role: self.role_list(faults),
            external: Tick::new("external", "They are external to your organisation", self.external),
            second_factor: Tick::new(
                "second_factor",
                "The provider asks everybody for a second factor",
                self.second_factor,
            )
            .hint("Then it is not asked for again here."),
        }
    }

    fn algorithm_boxes(&self, faults: &Faults) -> Choices {
        let offered = ALGORITHMS.iter().copied().chain([SYMMETRIC]);
        Choices {
            name: "algorithms",
            label: "Signatures that are accepted",
            hint: Some("Of ID tokens. HS256 only alone, with a long client secret.".to_owned()),
            error: faults.of("algorithms"),
            choices: offered
                .map(|word| Choice::new(word, word, self.algorithms.iter().any(|on| on == word)))
                .collect(),
            single: false,
        }
    }

    fn role_list(&self, faults: &Faults) -> Select {
        Select {
            name: "default_role".to_owned(),
            label: "Role".to_owned(),
            hint: Some("Of who is in no group that gives another.".to_owned()),
            error: faults.of("default_role"),
            choices: [Role::User, Role::Builder, Role::Architect]
                .iter()
                .map(|role| {
                    Choice::new(
                        role.as_str(),
                        super::role_name(*role),
                        role.as_str() == self.role,
                    )
                })
                .collect(),
        }
    }
}
