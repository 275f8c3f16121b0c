//! What the use cases' errors are outside. Whatever was wrong with credentials, the answer is one.

use cp_app::{
    StoreError,
    admission::{AdmissionError, CompletionError},
    attempts::TooManyAttempts,
    factors::FactorError,
    invitations::InvitationError,
    mail::QueueError,
    members::MemberError,
    passwords::PasswordError,
    sessions::SessionError,
    sign_in::SignInError,
    staff::StaffSignInError,
    step_up::StepUpRequired,
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
        PasswordError::Parameters(_) | PasswordError::Failed(_) => ApiError::internal(error),
    }
}

pub(crate) fn sign_in(error: SignInError) -> ApiError {
    match error {
        SignInError::InvalidCredentials => ApiError::new(ProblemCode::InvalidCredentials),
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
        AdmissionError::Refused(_) => ApiError::new(ProblemCode::PolicyRefused),
        AdmissionError::Seal(error) => ApiError::internal(&error),
        AdmissionError::Mail(QueueError::Store(error)) | AdmissionError::Store(error) => {
            store(&error)
        }
        AdmissionError::Mail(error) => ApiError::internal(&error),
    }
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
        FactorError::Secret(error) => ApiError::internal(&error),
        FactorError::Mail(QueueError::Store(error)) | FactorError::Store(error) => store(&error),
        FactorError::Mail(error) => ApiError::internal(&error),
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
