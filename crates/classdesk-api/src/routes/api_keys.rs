//! Keys of programs: `auth/keys/`.

use classdesk_domain::ids::ApiKeyId;
use classdesk_domain::paging::ListKind;

use crate::call::{Answer, Call};
use crate::dto::{ApiKeyBody, ApiKeyParams, ApiKeyView, CreatedApiKeyView};
use crate::extract::{JsonBody, Path};
use crate::idempotency::once;
use crate::render;
use crate::routing::{Endpoints, endpoints};

/// What is served where keys let in.
pub(super) const ENDPOINTS: Endpoints = endpoints![list_api_keys, create_api_key, end_api_key];

/// List keys
///
/// One's own, newest first. Superadmins list everybody's.
#[utoipa::path(
    get, path = "/api/v1/auth/keys/", tag = "auth",
    params(ApiKeyParams),
    responses((status = 200, description = "A page of keys", body = Vec<ApiKeyView>)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn list_api_keys(call: Call) -> Answer {
    let (user, page) = call.list_params::<ApiKeyParams>(ListKind::ApiKeys)?;
    let actor = call.actor();
    let keys = &call.app().api_keys;
    let found = keys.list(actor, user.unwrap_or(actor.id), page).await?;
    call.page(ListKind::ApiKeys, found, ApiKeyView::from)
}

/// Make a key
///
/// A program comes in with it and has the caller's rights, or only those to read. Its token is in this
/// answer alone. A person has at most 50 keys. Keys make no keys.
#[utoipa::path(
    post, path = "/api/v1/auth/keys/", tag = "auth",
    request_body = ApiKeyBody,
    responses((status = 201, description = "Made", body = CreatedApiKeyView)),
    extensions(("x-problems" = json!(["forbidden", "too-many-keys"]))),
)]
async fn create_api_key(call: Call, body: JsonBody) -> Answer {
    let keys = &call.app().api_keys;
    let input = body.validated::<ApiKeyBody>();
    once(
        &call,
        &body,
        async |by| {
            let (key, token) = keys.create(by, input).await?;
            Ok((key, Some(token)))
        },
        async |id| Ok((keys.get(call.actor(), ApiKeyId::new(id)).await?, None)),
        |created| render::created(&CreatedApiKeyView::from(created)),
    )
    .await
}

/// End a key
///
/// One's own, and for superadmins anybody's. Its token is dead at once.
#[utoipa::path(
    delete, path = "/api/v1/auth/keys/{id}/", tag = "auth",
    responses((status = 204, description = "Ended")),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn end_api_key(call: Call, Path(id): Path<ApiKeyId>) -> Answer {
    let keys = &call.app().api_keys;
    call.refuse_parameters(keys.get(call.actor(), id)).await?;
    keys.end(call.by(), id).await?;
    Ok(render::no_content())
}
