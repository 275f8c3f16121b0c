//! Member administration: what changes members comes to the control plane; the runtime answers
//! what reads them.

use actix_web::{HttpRequest, HttpResponse, delete, patch, post, web::Data};
use cp_app::{
    Auth, KeptAnswer, Member,
    members::{self as app, Keyed, MemberError},
    sessions::CachedSession,
};
use cp_domain::Email;
use kernel::{MemberId, Scope};
use web::{
    ApiError, Created, IdempotencyKey, IfMatchHeader, Path, Problem, ProblemCode, RawJson, Revised,
};

use super::{
    context::Acting,
    problems,
    views::{MemberInvite, MemberPatch, MemberView},
};

/// Invites somebody by mail.
#[utoipa::path(
    tag = "Members",
    operation_id = "inviteMember",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body: the same answer, one invitation.")),
    request_body = MemberInvite,
    responses(
        (status = 201, description = "Invited.", body = MemberView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects invite.", body = Problem),
        (status = 409, description = "The person is a member.", body = Problem),
        (status = 422, description = "A field or a rule.", body = Problem),
    ),
)]
#[post("/api/v1/members")]
pub(super) async fn invite(
    request: HttpRequest,
    auth: Data<Auth>,
    acting: Acting,
    IdempotencyKey(key): IdempotencyKey,
    body: RawJson,
) -> Result<HttpResponse, ApiError> {
    let by = acting.scoped(Scope::MembersWrite)?;
    let invite: MemberInvite = body.parse()?;
    let command = app::InviteMember {
        name: invite.name.trim().to_owned(),
        email: Email::parse(&invite.email).map_err(problems::email)?,
        role: invite.role,
        external: invite.external,
    };
    let answer = |member: &Member| kept(member, body.bytes());
    let keyed = key.map(|key| keyed(&request, by.session, &key, &answer));
    match app::invite_member(&auth, &by, &command, keyed.as_ref()).await {
        Ok(member) => Ok(created(&request, &member)),
        Err(MemberError::Answered(before)) => replay(&before, body.bytes()),
        Err(error) => Err(problems::member(error)),
    }
}

/// Sends somebody who has not come yet another invitation; the one before ends.
#[utoipa::path(
    tag = "Members",
    operation_id = "inviteMemberAgain",
    params(
        ("id" = uuid::Uuid, Path, description = "The member."),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key: one mail."),
    ),
    responses(
        (status = 201, description = "Invited again.", body = MemberView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects invite.", body = Problem),
        (status = 404, description = "There is no such member.", body = Problem),
        (status = 409, description = "The member does not wait for an invitation.", body = Problem),
    ),
)]
#[post("/api/v1/members/{id}/invite")]
pub(super) async fn invite_again(
    request: HttpRequest,
    auth: Data<Auth>,
    acting: Acting,
    IdempotencyKey(key): IdempotencyKey,
    Path(id): Path<MemberId>,
) -> Result<HttpResponse, ApiError> {
    let by = acting.scoped(Scope::MembersWrite)?;
    let answer = |member: &Member| kept(member, &[]);
    let keyed = key.map(|key| keyed(&request, by.session, &key, &answer));
    match app::resend_invitation(&auth, &by, id, keyed.as_ref()).await {
        Ok(member) => Ok(created(&request, &member)),
        Err(MemberError::Answered(before)) => replay(&before, &[]),
        Err(error) => Err(problems::member(error)),
    }
}

/// Changes a member's role or whether they are external. It holds at once, also for who is
/// signed in.
#[utoipa::path(
    tag = "Members",
    operation_id = "changeMember",
    params(
        ("id" = uuid::Uuid, Path, description = "The member."),
        ("If-Match" = String, Header, description = "The `ETag` of what was read, or `*`."),
    ),
    request_body = MemberPatch,
    responses(
        (status = 200, description = "The member as they are now.", body = MemberView),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects change members.", body = Problem),
        (status = 404, description = "There is no such member.", body = Problem),
        (status = 409, description = "The member is archived.", body = Problem),
        (status = 412, description = "Changed meanwhile.", body = Problem),
        (status = 422, description = "A field or a rule.", body = Problem),
        (status = 428, description = "`If-Match` is required.", body = Problem),
    ),
)]
#[patch("/api/v1/members/{id}")]
pub(super) async fn change(
    auth: Data<Auth>,
    acting: Acting,
    Path(id): Path<MemberId>,
    IfMatchHeader(if_match): IfMatchHeader,
    body: RawJson,
) -> Result<Revised<MemberView>, ApiError> {
    let by = acting.scoped(Scope::MembersWrite)?;
    // Whether the member is there and may be changed comes before what is wrong with the body.
    app::check_change(&auth, &by, id, if_match)
        .await
        .map_err(problems::member)?;
    let MemberPatch { role, external } = body.parse()?;
    let change = app::MemberChange { role, external };
    let member = app::change_member(&auth, &by, id, change, if_match)
        .await
        .map_err(problems::member)?;
    Ok(Revised {
        revision: member.membership.revision(),
        body: MemberView::from(&member),
    })
}

/// Archives a member: they are signed out at once and may not come back unless invited again.
#[utoipa::path(
    tag = "Members",
    operation_id = "archiveMember",
    params(
        ("id" = uuid::Uuid, Path, description = "The member."),
        ("If-Match" = String, Header, description = "The `ETag` of what was read, or `*`."),
    ),
    responses(
        (status = 204, description = "Archived."),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects archive members.", body = Problem),
        (status = 404, description = "There is no such member.", body = Problem),
        (status = 412, description = "Changed meanwhile.", body = Problem),
        (status = 422, description = "The last active architect stays.", body = Problem),
        (status = 428, description = "`If-Match` is required.", body = Problem),
    ),
)]
#[delete("/api/v1/members/{id}")]
pub(super) async fn archive(
    auth: Data<Auth>,
    acting: Acting,
    Path(id): Path<MemberId>,
    IfMatchHeader(if_match): IfMatchHeader,
) -> Result<HttpResponse, ApiError> {
    let by = acting.scoped(Scope::MembersWrite)?;
    app::archive_member(&auth, &by, id, if_match)
        .await
        .map_err(problems::member)?;
    Ok(HttpResponse::NoContent().finish())
}

fn keyed<'a>(
    request: &HttpRequest,
    session: &CachedSession,
    key: &str,
    answer: &'a (dyn Fn(&Member) -> KeptAnswer + Send + Sync),
) -> Keyed<'a> {
    let method = request.method().as_str();
    Keyed::new(session.member_id, method, request.path(), key, answer)
}

fn location(member: &Member) -> String {
    format!("/api/v1/members/{}", member.membership.member)
}

fn kept(member: &Member, body: &[u8]) -> KeptAnswer {
    KeptAnswer {
        body_hash: app::body_hash(body),
        status: 201,
        location: Some(location(member)),
        body: serde_json::to_vec(&MemberView::from(member)).unwrap_or_default(),
    }
}

fn created(request: &HttpRequest, member: &Member) -> HttpResponse {
    use actix_web::Responder as _;
    let etag = Some(member.membership.revision());
    let answer = Created {
        location: location(member),
        etag,
        body: MemberView::from(member),
    };
    answer.respond_to(request)
}

/// The answer that was given before; to another body, a problem.
fn replay(before: &KeptAnswer, body: &[u8]) -> Result<HttpResponse, ApiError> {
    if before.body_hash != app::body_hash(body) {
        return Err(ApiError::new(ProblemCode::IdempotencyKeyReused));
    }
    let mut answer = HttpResponse::Created();
    if let Some(location) = &before.location {
        answer.insert_header(("location", location.as_str()));
    }
    let revision = serde_json::from_slice::<serde_json::Value>(&before.body)
        .ok()
        .and_then(|view| view.get("revision")?.as_u64())
        .and_then(|revision| u32::try_from(revision).ok());
    if let Some(revision) = revision {
        answer.insert_header(("etag", web::etag(kernel::Revision(revision))));
    }
    Ok(answer
        .content_type("application/json")
        .body(before.body.clone()))
}
