//! Connections, as architects administer them.

use actix_web::{HttpRequest, HttpResponse, Responder as _, delete, get, patch, post, web::Data};
use cp_app::{
    Auth,
    sso::{self, ConnectionDraft, ConnectionView, DEFAULT_ALGORITHMS, SecretChange},
};
use cp_domain::{ConnectionState, FlowPurpose, GroupRole, LocalPath, Standing};
use kernel::{ConnectionId, Revision, Role, Scope};
use web::{ApiError, Created, IfMatchHeader, Json, Path, Problem, ProblemCode, Revised};

use super::{
    departure::{Trip, flow_cookie},
    failures,
    views::{ConnectionAnswer, ConnectionChange, Departure, TestAnswer},
};
use crate::auth::{context::Acting, views::Listed};

/// The tenant's connections to identity providers.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "listConnections",
    responses(
        (status = 200, description = "The connections.", body = Listed<ConnectionAnswer>),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects.", body = Problem),
    ),
)]
#[get("/auth/v1/security/connections")]
pub(super) async fn list(
    auth: Data<Auth>,
    acting: Acting,
) -> Result<Json<Listed<ConnectionAnswer>>, ApiError> {
    let by = acting.scoped(Scope::Admin)?;
    let found = sso::list_connections(&auth, &by).await;
    let found = found.map_err(failures::admin)?;
    let answer = |found: &ConnectionView| ConnectionAnswer::new(&auth, &acting.tenant, found);
    Ok(Json(Listed {
        data: found.iter().map(answer).collect(),
    }))
}

/// Makes a connection. Wants a recent confirmation of who you are.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "createConnection",
    request_body = ConnectionChange,
    responses(
        (status = 201, description = "Made.", body = ConnectionAnswer),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects, recently confirmed.", body = Problem),
        (status = 422, description = "A field is missing or wrong.", body = Problem),
    ),
)]
#[post("/auth/v1/security/connections")]
pub(super) async fn create(
    request: HttpRequest,
    auth: Data<Auth>,
    acting: Acting,
    body: Json<ConnectionChange>,
) -> Result<HttpResponse, ApiError> {
    let by = acting.scoped(Scope::Admin)?;
    let asked = body.into_inner();
    let missing = [
        ("/name", asked.name.is_none()),
        ("/issuer", asked.issuer.is_none()),
        ("/client_id", asked.client_id.is_none()),
    ];
    if let Some((pointer, _)) = missing.into_iter().find(|(_, missing)| *missing) {
        return Err(ApiError::invalid(
            pointer,
            "required",
            "This has to be given.",
        ));
    }
    let made = sso::create_connection(&auth, &by, &over(blank(), asked)).await;
    let made = made.map_err(failures::admin)?;
    let answer = Created {
        location: format!("/auth/v1/security/connections/{}", made.connection.id),
        etag: Some(Revision(made.connection.revision)),
        body: ConnectionAnswer::new(&auth, &acting.tenant, &made),
    };
    Ok(answer.respond_to(&request))
}

/// One connection.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "getConnection",
    params(("id" = uuid::Uuid, Path, description = "The connection.")),
    responses(
        (status = 200, description = "The connection.", body = ConnectionAnswer),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects.", body = Problem),
        (status = 404, description = "There is none such.", body = Problem),
    ),
)]
#[get("/auth/v1/security/connections/{id}")]
pub(super) async fn find(
    auth: Data<Auth>,
    acting: Acting,
    Path(id): Path<ConnectionId>,
) -> Result<Revised<ConnectionAnswer>, ApiError> {
    let by = acting.scoped(Scope::Admin)?;
    let found = sso::find_connection(&auth, &by, id).await;
    let found = found.map_err(failures::admin)?;
    Ok(revised(ConnectionAnswer::new(
        &auth,
        &acting.tenant,
        &found,
    )))
}

/// Changes a connection. Wants a recent confirmation of who you are. Disabled, it lets nobody in,
/// and who came in by it is out; with another issuer it knows nobody any more.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "changeConnection",
    params(
        ("id" = uuid::Uuid, Path, description = "The connection."),
        ("If-Match" = String, Header, description = "The `ETag` of what was read, or `*`."),
    ),
    request_body = ConnectionChange,
    responses(
        (status = 200, description = "The connection as it is now.", body = ConnectionAnswer),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects, recently confirmed.", body = Problem),
        (status = 404, description = "There is none such.", body = Problem),
        (status = 412, description = "Changed meanwhile.", body = Problem),
        (status = 422, description = "A field or a rule.", body = Problem),
        (status = 428, description = "`If-Match` is required.", body = Problem),
    ),
)]
#[patch("/auth/v1/security/connections/{id}")]
pub(super) async fn change(
    auth: Data<Auth>,
    acting: Acting,
    Path(id): Path<ConnectionId>,
    IfMatchHeader(if_match): IfMatchHeader,
    body: Json<ConnectionChange>,
) -> Result<Revised<ConnectionAnswer>, ApiError> {
    let by = acting.scoped(Scope::Admin)?;
    let before = sso::find_connection(&auth, &by, id).await;
    let before = before.map_err(failures::admin)?;
    let draft = over(ConnectionDraft::of(&before), body.into_inner());
    let after = sso::update_connection(&auth, &by, id, if_match, &draft).await;
    let after = after.map_err(failures::admin)?;
    Ok(revised(ConnectionAnswer::new(
        &auth,
        &acting.tenant,
        &after,
    )))
}

/// Deletes a connection; who came in by it is out.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "deleteConnection",
    params(
        ("id" = uuid::Uuid, Path, description = "The connection."),
        ("If-Match" = String, Header, description = "The `ETag` of what was read, or `*`."),
    ),
    responses(
        (status = 204, description = "Deleted."),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects, recently confirmed.", body = Problem),
        (status = 404, description = "There is none such.", body = Problem),
        (status = 412, description = "Changed meanwhile.", body = Problem),
        (status = 422, description = "The last way in stays.", body = Problem),
        (status = 428, description = "`If-Match` is required.", body = Problem),
    ),
)]
#[delete("/auth/v1/security/connections/{id}")]
pub(super) async fn delete(
    auth: Data<Auth>,
    acting: Acting,
    Path(id): Path<ConnectionId>,
    IfMatchHeader(if_match): IfMatchHeader,
) -> Result<HttpResponse, ApiError> {
    let by = acting.scoped(Scope::Admin)?;
    sso::delete_connection(&auth, &by, id, if_match)
        .await
        .map_err(failures::admin)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Begins a test: open the address in the same browser; nobody is signed in, linked or changed.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "testConnection",
    params(("id" = uuid::Uuid, Path, description = "The connection.")),
    responses(
        (status = 200, description = "Where the browser goes; `Set-Cookie` binds it.", body = Departure),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects, recently confirmed.", body = Problem),
        (status = 404, description = "There is none such.", body = Problem),
        (status = 502, description = "The provider cannot be asked.", body = Problem),
    ),
)]
#[post("/auth/v1/security/connections/{id}/test")]
pub(super) async fn start_test(
    request: HttpRequest,
    auth: Data<Auth>,
    acting: Acting,
    Path(connection): Path<ConnectionId>,
) -> Result<HttpResponse, ApiError> {
    let by = acting.scoped(Scope::Admin)?;
    sso::find_connection(&auth, &by, connection)
        .await
        .map_err(failures::admin)?;
    let trip = Trip {
        request: &request,
        auth: &auth,
        tenant: &acting.tenant,
        connection,
        purpose: FlowPurpose::Test,
        visitor: Some(&acting.signed_in.0),
        return_to: LocalPath::or_home(None),
    };
    let begun = trip.begin(None, None).await;
    let (authorization_url, browser) = begun.map_err(failures::problem)?;
    Ok(HttpResponse::Ok()
        .cookie(flow_cookie(&auth, &browser))
        .insert_header(("cache-control", "no-store"))
        .json(Departure { authorization_url }))
}

/// What the latest test of one's session found.
#[utoipa::path(
    tag = "Single sign-on",
    operation_id = "getConnectionTest",
    params(("id" = uuid::Uuid, Path, description = "The connection.")),
    responses(
        (status = 200, description = "What it found.", body = TestAnswer),
        (status = 401, description = "Nobody is signed in.", body = Problem),
        (status = 403, description = "Only architects.", body = Problem),
        (status = 404, description = "There is no connection or no test.", body = Problem),
    ),
)]
#[get("/auth/v1/security/connections/{id}/test")]
pub(super) async fn find_test(
    auth: Data<Auth>,
    acting: Acting,
    Path(connection): Path<ConnectionId>,
) -> Result<Json<TestAnswer>, ApiError> {
    let by = acting.scoped(Scope::Admin)?;
    let found = sso::find_test(&auth, &by, connection).await;
    let found = found.map_err(failures::admin)?;
    Ok(Json(found.ok_or(ProblemCode::NotFound)?.into()))
}

fn revised(body: ConnectionAnswer) -> Revised<ConnectionAnswer> {
    Revised {
        revision: Revision(body.revision),
        body,
    }
}

/// A new connection, where nothing is said.
fn blank() -> ConnectionDraft {
    ConnectionDraft {
        name: String::new(),
        issuer: String::new(),
        client_id: String::new(),
        client_secret: SecretChange::Remove,
        secret_expires_at: None,
        scopes: "email profile".to_owned(),
        algorithms: DEFAULT_ALGORITHMS.to_owned(),
        group_claim: None,
        group_roles: Vec::new(),
        provisions: false,
        default: Standing {
            role: Role::User,
            external: false,
        },
        proves_second_factor: false,
        state: ConnectionState::Enabled,
    }
}

fn over(draft: ConnectionDraft, asked: ConnectionChange) -> ConnectionDraft {
    let words = |words: Vec<String>| words.join(" ");
    ConnectionDraft {
        name: asked.name.unwrap_or(draft.name),
        issuer: asked.issuer.unwrap_or(draft.issuer),
        client_id: asked.client_id.unwrap_or(draft.client_id),
        client_secret: match asked.client_secret {
            None => draft.client_secret,
            Some(None) => SecretChange::Remove,
            Some(Some(secret)) => SecretChange::Set(secret),
        },
        secret_expires_at: asked.secret_expires_at.unwrap_or(draft.secret_expires_at),
        scopes: asked.scopes.map_or(draft.scopes, words),
        algorithms: asked.algorithms.map_or(draft.algorithms, words),
        group_claim: asked.group_claim.unwrap_or(draft.group_claim),
        group_roles: asked.group_roles.map_or(draft.group_roles, |entries| {
            entries.into_iter().map(GroupRole::from).collect()
        }),
        provisions: asked.provisions.unwrap_or(draft.provisions),
        default: Standing {
            role: asked.default_role.unwrap_or(draft.default.role),
            external: asked.default_external.unwrap_or(draft.default.external),
        },
        proves_second_factor: asked
            .proves_second_factor
            .unwrap_or(draft.proves_second_factor),
        state: asked.state.unwrap_or(draft.state),
    }
}
