//! The file of a form, on its way from the connection to where it goes.

use std::pin::pin;

use actix_multipart::{Field, MultipartError};
use bytes::Bytes;
use classdesk_domain::blobs::{
    BlobError, ByteStream, FileName, Sha256Digest, UploadPermit, Uploads,
};
use classdesk_domain::error::Error;
use futures_util::future::{Either, select};
use futures_util::stream::{self, StreamExt};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::form::{Form, FormFile};

use super::count::ByteCount;

/// How many chunks wait between the connection and the store. A chunk has at most 64 KiB.
const CHUNKS_IN_FLIGHT: usize = 2;

/// Where the file of a form goes.
#[derive(Clone, Copy)]
pub struct FileSink<'a> {
    /// The use case that stores it.
    pub uploads: &'a Uploads,
    /// The right to store it; without one only its digest is wanted.
    pub permit: Option<&'a UploadPermit>,
}

impl FileSink<'_> {
    pub(super) fn limit(&self) -> u64 {
        self.uploads.limit()
    }

    async fn receive(&self, name: FileName, bytes: ByteStream) -> Result<FormFile, Error> {
        match self.permit {
            Some(permit) => {
                let upload = self.uploads.receive(permit, name, bytes).await?;
                Ok(FormFile {
                    name: upload.name.clone(),
                    sha256: upload.info.sha256,
                    upload: Some(upload),
                })
            }
            None => Ok(FormFile {
                name,
                sha256: digest(bytes, self.limit()).await?,
                upload: None,
            }),
        }
    }

    pub(super) async fn give_up(&self, form: &mut Form) {
        if let Some(upload) = form.take_upload()
            && let Err(error) = self.uploads.abandon(&upload).await
        {
            tracing::warn!(%error, "an upload without an owner waits for the sweeper");
        }
    }
}

async fn digest(mut bytes: ByteStream, limit: u64) -> Result<Sha256Digest, BlobError> {
    let (mut hasher, mut size) = (Sha256::new(), 0_u64);
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk?;
        size += chunk.len() as u64;
        if size > limit {
            return Err(BlobError::TooLarge { limit });
        }
        hasher.update(&chunk);
    }
    if size == 0 {
        return Err(BlobError::Empty);
    }
    Ok(Sha256Digest::from_bytes(hasher.finalize().into()))
}

/// Lets the sink receive a file: its answer, and how the body behaved meanwhile.
///
/// The body can't leave its thread and the store's stream has to, so the one feeds the other
/// through a channel, both in this very future.
pub(super) async fn receive_file(
    sink: FileSink<'_>,
    mut part: Field,
    count: &ByteCount,
) -> (Result<FormFile, Error>, Result<(), MultipartError>) {
    let (sender, receiver) = mpsc::channel(CHUNKS_IN_FLIGHT);
    let bytes = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let receive = pin!(sink.receive(file_name(&part), Box::pin(bytes)));
    let forwarding = pin!(forward_chunks(&mut part, sender, count));
    match select(receive, forwarding).await {
        Either::Left((received, _)) => (received, Ok(())),
        Either::Right((forwarded, receive)) => (receive.await, forwarded),
    }
}

/// Moves a file's chunks from the connection to the store until either ends.
async fn forward_chunks(
    part: &mut Field,
    sender: mpsc::Sender<Result<Bytes, BlobError>>,
    count: &ByteCount,
) -> Result<(), MultipartError> {
    while let Some(chunk) = part.next().await {
        match chunk {
            Ok(chunk) => {
                count.add_file(chunk.len());
                if sender.send(Ok(chunk)).await.is_err() {
                    // The store has given its answer already.
                    return Ok(());
                }
            }
            Err(error) => {
                let cause = BlobError::Interrupted(error.to_string().into());
                let _ = sender.send(Err(cause)).await;
                return Err(error);
            }
        }
    }
    Ok(())
}

fn file_name(part: &Field) -> FileName {
    let disposition = part.content_disposition();
    let extended = disposition
        .and_then(|disposition| disposition.get_filename_ext())
        .map(|name| String::from_utf8_lossy(&name.value).into_owned());
    let plain = disposition.and_then(|disposition| disposition.get_filename());
    FileName::clean(extended.as_deref().or(plain).unwrap_or_default())
}
