//! The file of a form, on its way from the parser to where it goes.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use classdesk_domain::blobs::{
    BlobError, ByteStream, FileName, Sha256Digest, UploadPermit, Uploads,
};
use classdesk_domain::error::Error;
use futures_util::stream::{self, Stream, StreamExt};
use multer::Field;
use sha2::{Digest, Sha256};

use crate::form::{Form, FormFile};

use super::body::Progress;

/// A store gets pieces of this size or larger, but for the last. In bytes.
const GATHERED: usize = 16 * 1024;

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

    pub(super) async fn receive(
        &self,
        name: FileName,
        bytes: ByteStream,
    ) -> Result<FormFile, Error> {
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

/// The bytes of a file, in pieces that are worth a store's work. What goes beyond the limit is
/// handed on at once.
pub(super) fn bytes_of(
    field: Field<'static>,
    progress: Arc<Progress>,
    limit: u64,
) -> impl Stream<Item = Result<Bytes, BlobError>> + Send {
    let state = (field, progress, 0_u64);
    stream::try_unfold(state, move |(mut field, progress, mut size)| async move {
        let mut gathered = BytesMut::new();
        while let Some(chunk) = field.chunk().await.map_err(interrupted)? {
            progress.add_file(chunk.len());
            size += chunk.len() as u64;
            gathered.extend_from_slice(&chunk);
            if gathered.len() >= GATHERED || size > limit {
                break;
            }
        }
        let bytes = gathered.freeze();
        Ok((!bytes.is_empty()).then_some((bytes, (field, progress, size))))
    })
}

fn interrupted(error: multer::Error) -> BlobError {
    BlobError::Interrupted(error.into())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use multer::Multipart;
    use tokio::task::yield_now;

    use super::*;

    /// The sizes of the pieces that a store gets of a file that comes byte by byte.
    async fn pieces(file: &[u8], limit: u64) -> Vec<usize> {
        let head = b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n".as_slice();
        let form = [head, file, b"\r\n--b--"].concat();
        let chunks = stream::iter(form).then(|byte| async move {
            yield_now().await;
            Ok::<_, Infallible>(Bytes::from(vec![byte]))
        });
        let mut form = Multipart::new(chunks, "b");
        let field = form.next_field().await.unwrap().unwrap();
        let bytes = bytes_of(field, Arc::default(), limit);
        bytes.map(|piece| piece.unwrap().len()).collect().await
    }

    #[tokio::test]
    async fn a_store_gets_few_large_pieces_whatever_the_bytes_look_like() {
        let file = b"\r\n--".repeat(10_000);
        let sizes = pieces(&file, 1_000_000).await;
        assert_eq!(sizes.iter().sum::<usize>(), file.len());
        assert_eq!(sizes.len(), file.len().div_ceil(GATHERED), "{sizes:?}");
    }

    #[tokio::test]
    async fn what_goes_beyond_the_limit_does_not_wait_for_more() {
        assert_eq!(pieces(&[7; 30], 20).await[0], 21);
    }
}
