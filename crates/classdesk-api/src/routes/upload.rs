//! Forms with a file, for the operations that store one.

use actix_web::{FromRequest, web};
use classdesk_domain::blobs::{FinishedUpload, UploadTarget};
use classdesk_domain::error::Error;
use classdesk_domain::idempotency::Fingerprint;
use classdesk_domain::validation::Validated;
use classdesk_http::multipart::{FileSink, read_form};
use classdesk_http::problem::Problem;

use crate::call::Call;
use crate::extract::{JsonBody, form_parts, validated_form};
use crate::idempotency::Attempt;
use crate::input::FieldSet;

/// A form that has come in.
pub(super) struct UploadForm<T> {
    /// Whether it is the first with its idempotency key.
    pub(super) attempt: Attempt,
    /// What makes two forms the same or not.
    pub(super) fingerprint: Fingerprint,
    /// Its stored file.
    pub(super) upload: Option<FinishedUpload>,
    /// What it says beside the file.
    pub(super) fields: Validated<T>,
}

/// Settles the right to upload to the target, then takes the form in.
pub(super) async fn receive<S: FieldSet>(
    call: &Call,
    target: UploadTarget,
    payload: web::Payload,
) -> Result<UploadForm<S::Output>, Problem> {
    let uploads = &call.app().uploads;
    // The key comes before the right: a repeated request may have lost it since.
    let mut attempt = Attempt::begin(call).await?;
    let right = uploads.begin(call.actor(), target);
    let permit = attempt.permit(right).await?;
    let sink = FileSink {
        uploads,
        permit: permit.as_ref(),
    };
    let reading = Box::pin(read_form(call.request(), payload, form_parts::<S>(), sink));
    let mut form = attempt.during(reading).await?;
    Ok(UploadForm {
        attempt,
        fingerprint: form.fingerprint(),
        upload: form.take_upload(),
        fields: validated_form::<S>(call.request(), form),
    })
}

/// Takes in the same as JSON, without a file.
pub(super) async fn receive_json<S: FieldSet>(
    call: &Call,
    payload: web::Payload,
) -> Result<UploadForm<S::Output>, Problem> {
    let body = JsonBody::from_request(call.request(), &mut payload.into_inner()).await?;
    Ok(UploadForm {
        attempt: Attempt::begin(call).await?,
        fingerprint: Fingerprint::of(body.bytes()),
        upload: None,
        fields: body.validated::<S>(),
    })
}

/// The file of a form that needs one. Where there is none, the form has an error that says why.
pub(super) fn required<T>(
    upload: Option<FinishedUpload>,
    fields: &Validated<T>,
) -> Result<FinishedUpload, Error> {
    match (upload, fields.as_result()) {
        (Some(upload), _) => Ok(upload),
        (None, Err(invalid)) => Err(invalid.into()),
        (None, Ok(_)) => unreachable!("a form without its file has an error"),
    }
}
