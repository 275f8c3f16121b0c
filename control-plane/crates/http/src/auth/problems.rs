//! What the use cases' errors are outside. Whatever was wrong with credentials, the answer is one.

use cp_app::{
    StoreError,
    admission::{AdmissionError, CompletionError},
    attempts::TooManyAttempts,
    credentials::{EmailChangeError, PasswordChangeError, ResetError},
    factors::{FactorChangeError, FactorError, PasskeyError},
    invitations::InvitationError,
    mail::QueueError,
    members::MemberError,
    passwords::PasswordError,
    policies::CheckError,
    sessions::SessionError,
    sign_in::SignInError,
    staff::StaffSignInError,
    step_up::{CameByProvider, ConfirmationError, StepUpRequired},
    tokens::TokenError,
};
use cp_domain::{InvalidEmail, MembershipError, TokenRuleError, WeakPassword};
use web::{ApiError, ProblemCode};

pub(crate) fn store(error: &StoreError) -> ApiError {
    match error {
        StoreError::Missing(_) => ApiError::new(ProblemCode::NotFound),
        _ if error.is_unavailable() => ApiError::new(ProblemCode::Unavailable)
            .retry_after(2)
            .because(error),
        _ => ApiError::internal(error),
    }
}

pub(crate) fn email(_error: InvalidEmail) -> ApiError {
    ApiError::invalid("/email", "invalid", "This is not an e-mail address.")
}

pub(crate) fn too_many(error: TooManyAttempts) -> ApiError {
    ApiError::new(ProblemCode::TooManyRequests)
        .detail("Too many attempts. Wait before the next one.")
        .retry_after(error.retry_after)
}

pub(crate) fn password(error: &PasswordError) -> ApiError {
    match error {
        PasswordError::Busy => ApiError::new(ProblemCode::Unavailable)
            .retry_after(2)
            .because(error),
        PasswordError::Breached(_)
        | PasswordError::Parameters(_)
        | PasswordError::Threads(_)
        | PasswordError::Failed(_) => ApiError::internal(error),
    }
}

pub(crate) fn sign_in(error: SignInError) -> ApiError {
    match error {
        SignInError::InvalidCredentials => ApiError::new(ProblemCode::InvalidCredentials),
        SignInError::Factor(error) => factor(error),
        SignInError::Admission(error) => admission(error),
        SignInError::TooMany(error) => too_many(error),
        SignInError::Password(error) => password(&error),
        SignInError::Store(error) => store(&error),
    }
}

pub(crate) fn admission(error: AdmissionError) -> ApiError {
    match error {
        AdmissionError::NotAdmitted => ApiError::new(ProblemCode::InvalidCredentials),
        AdmissionError::SsoEnforced => ApiError::new(ProblemCode::SsoRequired),
        AdmissionError::Refused(refusal) => {
            ApiError::new(ProblemCode::PolicyRefused).detail(refusal.rule.explanation())
        }
        AdmissionError::Seal(error) => ApiError::internal(&error),
        AdmissionError::Mail(QueueError::Store(error)) | AdmissionError::Store(error) => {
            store(&error)
        }
        AdmissionError::Mail(error) => ApiError::internal(&error),
    }
}

/// What is answered to who came through a provider and wants to change what is their own.
pub(crate) fn by_provider(error: CameByProvider) -> ApiError {
    ApiError::new(ProblemCode::Forbidden).detail(error.to_string())
}

/// What is answered to who is not recently proven.
pub(crate) fn step_up(_error: StepUpRequired) -> ApiError {
    ApiError::new(ProblemCode::StepUpRequired)
        .detail("Confirm who you are at `/auth/v1/confirm-identity`, then repeat the request.")
}

pub(crate) fn factor(error: FactorError) -> ApiError {
    match error {
        FactorError::Wrong => {
            ApiError::new(ProblemCode::InvalidCredentials).detail("The code is wrong or was used.")
        }
        FactorError::Closed => ApiError::new(ProblemCode::Forbidden).detail(
            "Too many wrong codes. Use a recovery code or a passkey, or ask support to reset the \
             authenticator.",
        ),
        FactorError::TooMany(error) => too_many(error),
        FactorError::Passkey(error) => passkey(error),
        FactorError::Secret(error) => ApiError::internal(&error),
        FactorError::Mail(QueueError::Store(error)) | FactorError::Store(error) => store(&error),
        FactorError::Mail(error) => ApiError::internal(&error),
    }
}

pub(crate) fn passkey(error: PasskeyError) -> ApiError {
    match error {
        PasskeyError::NoCeremony => ApiError::new(ProblemCode::InvalidCredentials)
            .detail("The request for a passkey has ended. Begin again."),
        PasskeyError::Refused => {
            ApiError::new(ProblemCode::InvalidCredentials).detail("The passkey is refused.")
        }
        PasskeyError::Known => {
            ApiError::new(ProblemCode::AlreadyExists).detail("This passkey is known already.")
        }
        PasskeyError::Unusable(_) | PasskeyError::State(_) => ApiError::internal(&error),
        PasskeyError::Store(error) => store(&error),
    }
}

pub(crate) fn factor_change(error: FactorChangeError) -> ApiError {
    match error {
        FactorChangeError::StepUp(error) => step_up(error),
        FactorChangeError::ByProvider(error) => by_provider(error),
        FactorChangeError::NoSession => ApiError::new(ProblemCode::Unauthenticated),
        FactorChangeError::NotFound => ApiError::new(ProblemCode::NotFound),
        FactorChangeError::Required => ApiError::new(ProblemCode::RuleBroken)
            .detail("A tenant of yours requires a second factor, and this is the only one."),
        FactorChangeError::PasswordNeeded => ApiError::invalid(
            "/password",
            "required",
            "Without a second factor the password stands alone. Give it to go on.",
        ),
        FactorChangeError::PasswordTooShort => ApiError::invalid(
            "/password",
            "too_short",
            "Without a second factor the password needs 15 characters. Change it first.",
        ),
        FactorChangeError::TooManyPasskeys => {
            ApiError::new(ProblemCode::RuleBroken).detail("There are as many passkeys as can be.")
        }
        FactorChangeError::Factor(error) => factor(error),
        FactorChangeError::Passkey(error) => passkey(error),
        FactorChangeError::Password(error) => password(&error),
        FactorChangeError::Seal(error) => ApiError::internal(&error),
        FactorChangeError::Mail(QueueError::Store(error)) | FactorChangeError::Store(error) => {
            store(&error)
        }
        FactorChangeError::Mail(error) => ApiError::internal(&error),
    }
}

pub(crate) fn password_change(error: PasswordChangeError) -> ApiError {
    match error {
        PasswordChangeError::WrongPassword => ApiError::new(ProblemCode::InvalidCredentials)
            .detail("The present password is another one."),
        PasswordChangeError::Weak(error) => weak(error),
        PasswordChangeError::NoSession => ApiError::new(ProblemCode::Unauthenticated),
        PasswordChangeError::TooMany(error) => too_many(error),
        PasswordChangeError::Password(error) => password(&error),
        PasswordChangeError::Mail(QueueError::Store(error)) | PasswordChangeError::Store(error) => {
            store(&error)
        }
        PasswordChangeError::Mail(error) => ApiError::internal(&error),
    }
}

pub(crate) fn reset(error: ResetError) -> ApiError {
    match error {
        ResetError::Spent => ApiError::new(ProblemCode::Gone)
            .detail("This link is not valid any more. Ask for a new one."),
        ResetError::Weak(error) => weak(error),
        ResetError::TooMany(error) => too_many(error),
        ResetError::Password(error) => password(&error),
        ResetError::Mail(QueueError::Store(error)) | ResetError::Store(error) => store(&error),
        ResetError::Mail(error) => ApiError::internal(&error),
    }
}

pub(crate) fn email_change(error: EmailChangeError) -> ApiError {
    match error {
        EmailChangeError::StepUp(error) => step_up(error),
        EmailChangeError::ByProvider(error) => by_provider(error),
        EmailChangeError::Same => {
            ApiError::invalid("/email", "same", "This is the present address.")
        }
        EmailChangeError::Spent => ApiError::new(ProblemCode::Gone)
            .detail("This link is not valid any more. Ask for a new one."),
        EmailChangeError::TooMany(error) => too_many(error),
        EmailChangeError::Mail(QueueError::Store(error)) | EmailChangeError::Store(error) => {
            store(&error)
        }
        EmailChangeError::Mail(error) => ApiError::internal(&error),
    }
}

pub(crate) fn confirmation(error: ConfirmationError) -> ApiError {
    match error {
        ConfirmationError::WrongPassword => {
            ApiError::new(ProblemCode::InvalidCredentials).detail("The password is wrong.")
        }
        ConfirmationError::FactorNeeded => ApiError::invalid(
            "/password",
            "second_factor_needed",
            "You have a second factor: confirm with it.",
        ),
        ConfirmationError::NoSession => ApiError::new(ProblemCode::Unauthenticated),
        ConfirmationError::Factor(error) => factor(error),
        ConfirmationError::TooMany(error) => too_many(error),
        ConfirmationError::Password(error) => password(&error),
        ConfirmationError::Store(error) => store(&error),
    }
}

pub(crate) fn completion(error: CompletionError) -> ApiError {
    match error {
        CompletionError::NotPending => ApiError::new(ProblemCode::Unauthenticated)
            .detail("Give e-mail and password first, the second factor within ten minutes."),
        CompletionError::Factor(error) => factor(error),
        CompletionError::Store(error) => store(&error),
    }
}

pub(crate) fn policy(error: CheckError) -> ApiError {
    match error {
        CheckError::Refused(refusal) => {
            ApiError::new(ProblemCode::PolicyRefused).detail(refusal.rule.explanation())
        }
        CheckError::Store(error) => store(&error),
    }
}

pub(crate) fn staff_sign_in(error: StaffSignInError) -> ApiError {
    match error {
        StaffSignInError::InvalidCredentials => ApiError::new(ProblemCode::InvalidCredentials),
        StaffSignInError::NotPending => ApiError::new(ProblemCode::Unauthenticated)
            .detail("Give e-mail and password first, the code within ten minutes."),
        StaffSignInError::Closed => ApiError::new(ProblemCode::Forbidden)
            .detail("Too many wrong codes. An owner has to reset the second factor."),
        StaffSignInError::TooMany(error) => too_many(error),
        StaffSignInError::Password(error) => password(&error),
        StaffSignInError::Secret(error) => ApiError::internal(&error),
        StaffSignInError::Policy(error) => policy(error),
        StaffSignInError::Store(error) => store(&error),
    }
}

pub(crate) fn session(error: SessionError) -> ApiError {
    match error {
        SessionError::NotFound => ApiError::new(ProblemCode::NotFound),
        SessionError::Store(error) => store(&error),
    }
}

pub(crate) fn token(error: TokenError) -> ApiError {
    match error {
        TokenError::Rule(rule) => {
            let (pointer, code) = match rule {
                TokenRuleError::NoScopes => ("/scopes", "required"),
                TokenRuleError::ExpiresInPast => ("/expires_at", "in_past"),
                TokenRuleError::LivesTooLong => ("/expires_at", "too_late"),
            };
            ApiError::invalid(pointer, code, rule.to_string())
        }
        TokenError::NotFound => ApiError::new(ProblemCode::NotFound),
        TokenError::SessionEnded => ApiError::new(ProblemCode::Unauthenticated),
        TokenError::Store(error) => store(&error),
    }
}

pub(crate) fn weak(error: WeakPassword) -> ApiError {
    ApiError::invalid("/password", error.code(), error.to_string())
}

pub(crate) fn invitation(error: InvitationError) -> ApiError {
    match error {
        InvitationError::Unknown => {
            ApiError::new(ProblemCode::NotFound).detail("There is no such invitation.")
        }
        InvitationError::Spent(spent) => ApiError::new(ProblemCode::Gone).detail(spent.to_string()),
        InvitationError::Weak(error) => weak(error),
        InvitationError::WrongPassword => ApiError::new(ProblemCode::InvalidCredentials)
            .detail("You have an account. Give the password that you sign in with."),
        InvitationError::Admission(error) => admission(error),
        InvitationError::TooMany(error) => too_many(error),
        InvitationError::Password(error) => password(&error),
        InvitationError::Store(error) => store(&error),
    }
}

pub(crate) fn member(error: MemberError) -> ApiError {
    match error {
        MemberError::NotFound => ApiError::new(ProblemCode::NotFound),
        MemberError::SessionEnded => ApiError::new(ProblemCode::Unauthenticated),
        MemberError::Forbidden => ApiError::new(ProblemCode::Forbidden)
            .detail("Only architects invite, change and archive members."),
        MemberError::PreconditionRequired => ApiError::new(ProblemCode::PreconditionRequired),
        MemberError::PreconditionFailed(_) => ApiError::new(ProblemCode::PreconditionFailed),
        MemberError::Rule(rule) => ApiError::new(code_of(rule)).detail(rule.to_string()),
        MemberError::HoldsManage => {
            ApiError::new(ProblemCode::RuleBroken).detail(error.to_string())
        }
        // Replayed before it gets here.
        MemberError::Answered(_) => ApiError::new(ProblemCode::Conflict),
        MemberError::Mail(QueueError::Store(error)) | MemberError::Store(error) => store(&error),
        MemberError::Mail(error) => ApiError::internal(&error),
        MemberError::Tenant(error) => ApiError::new(ProblemCode::Unavailable)
            .retry_after(2)
            .because(&error),
    }
}

const fn code_of(rule: MembershipError) -> ProblemCode {
    match rule {
        MembershipError::ExternalArchitect | MembershipError::LastArchitect => {
            ProblemCode::RuleBroken
        }
        MembershipError::Archived | MembershipError::NotInvited => ProblemCode::InvalidState,
        MembershipError::AlreadyMember => ProblemCode::AlreadyExists,
    }
}
