//! Webhooks: `webhooks/`.

use actix_web::http::StatusCode;
use classdesk_domain::ids::{DeliveryId, WebhookId};
use classdesk_domain::paging::ListKind;

use crate::call::{Answer, Call, authorize_before_validation};
use crate::dto::{
    CreatedWebhookView, DeliveryParams, NewSecretView, ReplayBody, ReplayView, RotationBody,
    WebhookBody, WebhookChangeBody, WebhookDeliveryDetailView, WebhookDeliveryView, WebhookView,
};
use crate::extract::{JsonBody, Path};
use crate::idempotency::once;
use crate::render;
use crate::routing::{Endpoints, endpoints};

/// What is served here.
pub(super) const ENDPOINTS: Endpoints = endpoints![
    list_webhooks,
    create_webhook,
    read_webhook,
    change_webhook,
    remove_webhook,
    rotate_webhook_secret,
    ping_webhook,
    replay_events,
    list_webhook_deliveries,
    read_webhook_delivery,
    retry_webhook_delivery,
];

/// List webhooks
///
/// By ascending id. For admins and superadmins, as everything here.
#[utoipa::path(
    get, path = "/api/v1/webhooks/", tag = "webhooks",
    responses((status = 200, description = "A page of webhooks", body = Vec<WebhookView>)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn list_webhooks(call: Call) -> Answer {
    let webhooks = &call.app().webhooks;
    webhooks.authorize(call.actor())?;
    let page = call.page_params(ListKind::Webhooks)?;
    let found = webhooks.list(call.actor(), page).await?;
    call.page(ListKind::Webhooks, found, WebhookView::from)
}

/// Create a webhook
///
/// It gets the events from now on. Its secret is in this answer alone. There are at most 20.
#[utoipa::path(
    post, path = "/api/v1/webhooks/", tag = "webhooks",
    request_body = WebhookBody,
    responses((status = 201, description = "Created", body = CreatedWebhookView)),
    extensions(("x-problems" = json!(["forbidden", "too-many-webhooks"]))),
)]
async fn create_webhook(call: Call, body: JsonBody) -> Answer {
    let webhooks = &call.app().webhooks;
    let input = body.validated::<WebhookBody>();
    once(
        &call,
        &body,
        async |by| webhooks.create(by, input).await,
        async |id| webhooks.created(call.actor(), WebhookId::new(id)).await,
        |created| {
            let view = CreatedWebhookView::from(created);
            render::written(StatusCode::CREATED, view.webhook.version, &view)
        },
    )
    .await
}

/// Read a webhook
///
/// Without its secret.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}/", tag = "webhooks",
    responses((status = 200, description = "The webhook", body = WebhookView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn read_webhook(call: Call, Path(id): Path<WebhookId>) -> Answer {
    let webhook = call.app().webhooks.get(call.actor(), id).await?;
    let view = WebhookView::from(webhook);
    render::versioned(call.request(), view.version, &view)
}

/// Change a webhook, switch it off or on
///
/// One that is switched on gets the events from then on, and begins with a clean record.
#[utoipa::path(
    patch, path = "/api/v1/webhooks/{id}/", tag = "webhooks",
    request_body = WebhookChangeBody,
    responses((status = 200, description = "The webhook as it is now", body = WebhookView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn change_webhook(call: Call, Path(id): Path<WebhookId>, body: JsonBody) -> Answer {
    let input = body.validated::<WebhookChangeBody>();
    let webhook = call.app().webhooks.change(call.by(), id, input).await?;
    let view = WebhookView::from(webhook);
    Ok(render::written(StatusCode::OK, view.version, &view))
}

/// Remove a webhook
///
/// With everything that is queued for it.
#[utoipa::path(
    delete, path = "/api/v1/webhooks/{id}/", tag = "webhooks",
    responses((status = 204, description = "Removed")),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn remove_webhook(call: Call, Path(id): Path<WebhookId>) -> Answer {
    let webhooks = &call.app().webhooks;
    call.refuse_parameters(webhooks.get(call.actor(), id))
        .await?;
    webhooks.remove(call.by(), id).await?;
    Ok(render::no_content())
}

/// Give a webhook another secret
///
/// Requests are signed with the present one too until `old_valid_until`. Until then there can be no
/// other.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/rotate_secret/", tag = "webhooks",
    request_body = RotationBody,
    responses((status = 201, description = "The new secret", body = NewSecretView)),
    extensions(("x-problems" = json!(["forbidden", "secret-rotating"]))),
)]
async fn rotate_webhook_secret(call: Call, Path(id): Path<WebhookId>, body: JsonBody) -> Answer {
    let webhooks = &call.app().webhooks;
    let input = body.validated::<RotationBody>();
    once(
        &call,
        &body,
        async |by| webhooks.rotate_secret(by, id, input).await,
        async |id| webhooks.rotated(call.actor(), WebhookId::new(id)).await,
        |secret| render::created(&NewSecretView::from(secret)),
    )
    .await
}

/// Ping a webhook
///
/// A request of the type `webhook.ping` is sent once, ahead of all events, also to a webhook that is
/// not active.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/ping/", tag = "webhooks",
    responses((status = 202, description = "Queued", body = WebhookDeliveryView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn ping_webhook(call: Call, Path(id): Path<WebhookId>) -> Answer {
    let webhooks = &call.app().webhooks;
    call.refuse_parameters(webhooks.get(call.actor(), id))
        .await?;
    let delivery = webhooks.ping(call.by(), id).await?;
    let view = WebhookDeliveryView::from(delivery);
    Ok(render::json(StatusCode::ACCEPTED, &view))
}

/// Send events once more
///
/// Those after an event or from a time on that the webhook gets, also if it never got them. At most
/// 10,000 at once, the oldest ones.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/replay/", tag = "webhooks",
    request_body = ReplayBody,
    responses((status = 202, description = "Queued", body = ReplayView)),
    extensions(("x-problems" = json!(["forbidden", "webhook-inactive"]))),
)]
async fn replay_events(call: Call, Path(id): Path<WebhookId>, body: JsonBody) -> Answer {
    let input = body.validated::<ReplayBody>();
    let queued = call.app().webhooks.replay(call.by(), id, input).await?;
    Ok(render::json(
        StatusCode::ACCEPTED,
        &ReplayView::from(queued),
    ))
}

/// List what is and was sent to a webhook
///
/// Newest first. What has arrived is kept for 7 days, everything else for 30.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}/deliveries/", tag = "webhooks",
    params(DeliveryParams),
    responses((status = 200, description = "A page of deliveries", body = Vec<WebhookDeliveryView>)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn list_webhook_deliveries(call: Call, Path(id): Path<WebhookId>) -> Answer {
    let webhooks = &call.app().webhooks;
    let list = ListKind::WebhookDeliveries;
    let parameters = call.list_params::<DeliveryParams>(list);
    let (filter, page) =
        authorize_before_validation(parameters, webhooks.get(call.actor(), id)).await?;
    let found = webhooks.deliveries(call.actor(), id, filter, page).await?;
    call.page(list, found, WebhookDeliveryView::from)
}

/// Read a delivery with its attempts
///
/// The latest 50 of them, with what the receiver answered.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}/deliveries/{delivery_id}/", tag = "webhooks",
    responses((status = 200, description = "The delivery", body = WebhookDeliveryDetailView)),
    extensions(("x-problems" = json!(["forbidden"]))),
)]
async fn read_webhook_delivery(
    call: Call,
    Path((webhook, id)): Path<(WebhookId, DeliveryId)>,
) -> Answer {
    let webhooks = &call.app().webhooks;
    let found = webhooks.delivery(call.actor(), webhook, id).await?;
    Ok(render::ok(&WebhookDeliveryDetailView::from(found)))
}

/// Send a delivery again
///
/// Also one that has arrived. It begins with every attempt before it.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/deliveries/{delivery_id}/retry/", tag = "webhooks",
    responses((status = 202, description = "Queued", body = WebhookDeliveryView)),
    extensions(("x-problems" = json!(["forbidden", "webhook-inactive"]))),
)]
async fn retry_webhook_delivery(
    call: Call,
    Path((webhook, id)): Path<(WebhookId, DeliveryId)>,
) -> Answer {
    let webhooks = &call.app().webhooks;
    call.refuse_parameters(webhooks.delivery(call.actor(), webhook, id))
        .await?;
    let delivery = webhooks.retry(call.by(), webhook, id).await?;
    let view = WebhookDeliveryView::from(delivery);
    Ok(render::json(StatusCode::ACCEPTED, &view))
}
