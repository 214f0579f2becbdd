//! The S3 operations on a folder.

use std::path::PathBuf;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

/// `s3s-fs`, with the list of unfinished multipart uploads that it lacks, and with an end for those
/// that were being completed when a server was killed.
#[derive(Debug)]
pub(crate) struct Files {
    inner: FileSystem,
    root: PathBuf,
}

impl Files {
    pub(crate) fn new(root: PathBuf) -> S3Result<Self> {
        Ok(Self {
            inner: FileSystem::new(&root)?,
            root,
        })
    }

    /// The unfinished uploads of a bucket, by key and id. `s3s-fs` keeps a file of metadata for
    /// each, named after its bucket, key and id.
    fn unfinished(&self, bucket: &str) -> std::io::Result<Vec<(String, String, SystemTime)>> {
        let prefix = format!(".bucket-{}.object-", URL_SAFE_NO_PAD.encode(bucket));
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name();
            let parts = name
                .to_str()
                .and_then(|name| name.strip_prefix(&prefix))
                .and_then(|rest| rest.strip_suffix(".metadata.json"))
                .and_then(|rest| rest.split_once(".upload-"));
            let Some((key, id)) = parts else { continue };
            let key = URL_SAFE_NO_PAD.decode(key).ok();
            let Some(key) = key.and_then(|key| String::from_utf8(key).ok()) else {
                continue;
            };
            // An upload that ends while we look is gone, not broken.
            if let Ok(started) = entry.metadata().and_then(|metadata| metadata.modified()) {
                found.push((key, id.to_owned(), started));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Removes what is left of an upload that was being completed when a server was killed, since
    /// `s3s-fs` forgets an upload before its metadata and its parts. Gives whether there was one.
    fn remove_half_completed(&self, bucket: &str, key: &str, id: &str) -> std::io::Result<bool> {
        let mut unfinished = self.unfinished(bucket)?.into_iter();
        let is_listed = unfinished.any(|(its_key, its_id, _)| its_key == key && its_id == id);
        if !is_listed || self.root.join(format!(".upload-{id}.json")).exists() {
            return Ok(false);
        }
        let metadata = format!(".upload-{id}.metadata.json");
        let parts = format!(".upload_id-{id}");
        for entry in std::fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_left = name
                .to_str()
                .is_some_and(|name| name.ends_with(&metadata) || name.starts_with(&parts));
            if is_left {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(true)
    }
}

macro_rules! forward {
    ($($operation:ident($input:ty) -> $output:ty),* $(,)?) => {
        #[async_trait::async_trait]
        impl S3 for Files {
            $(async fn $operation(
                &self,
                request: S3Request<$input>,
            ) -> S3Result<S3Response<$output>> {
                self.inner.$operation(request).await
            })*

            /// `s3s-fs` would begin an upload to nowhere.
            async fn create_multipart_upload(
                &self,
                request: S3Request<CreateMultipartUploadInput>,
            ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
                self.check_bucket(&request.input.bucket)?;
                self.inner.create_multipart_upload(request).await
            }

            async fn abort_multipart_upload(
                &self,
                request: S3Request<AbortMultipartUploadInput>,
            ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
                let AbortMultipartUploadInput { bucket, key, upload_id, .. } = &request.input;
                let removed = self
                    .remove_half_completed(bucket, key, upload_id)
                    .map_err(|error| s3_error!(error, InternalError))?;
                if removed {
                    return Ok(S3Response::new(AbortMultipartUploadOutput::default()));
                }
                self.inner.abort_multipart_upload(request).await
            }

            async fn list_multipart_uploads(
                &self,
                request: S3Request<ListMultipartUploadsInput>,
            ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
                self.list_unfinished(request.input).map(S3Response::new)
            }
        }
    };
}

forward![
        create_bucket(CreateBucketInput) -> CreateBucketOutput,
        head_bucket(HeadBucketInput) -> HeadBucketOutput,
        get_object(GetObjectInput) -> GetObjectOutput,
        head_object(HeadObjectInput) -> HeadObjectOutput,
        put_object(PutObjectInput) -> PutObjectOutput,
        delete_object(DeleteObjectInput) -> DeleteObjectOutput,
        delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput,
        list_objects(ListObjectsInput) -> ListObjectsOutput,
        list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output,
            upload_part(UploadPartInput) -> UploadPartOutput,
        list_parts(ListPartsInput) -> ListPartsOutput,
        complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput,
];

impl Files {
    fn check_bucket(&self, name: &str) -> S3Result<()> {
        if self.root.join(name).is_dir() {
            Ok(())
        } else {
            Err(s3_error!(NoSuchBucket))
        }
    }

    fn list_unfinished(
        &self,
        input: ListMultipartUploadsInput,
    ) -> S3Result<ListMultipartUploadsOutput> {
        self.check_bucket(&input.bucket)?;
        let all = self
            .unfinished(&input.bucket)
            .map_err(|error| s3_error!(error, InternalError))?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let marker = input.key_marker.as_deref().map(|key| {
            let id = input.upload_id_marker.as_deref();
            (key, id.unwrap_or("\u{10ffff}"))
        });
        let limit = usize::try_from(input.max_uploads.unwrap_or(1000).clamp(1, 1000))
            .map_err(|error| s3_error!(error, InvalidArgument))?;
        let mut rest = all.into_iter().filter(|(key, id, _)| {
            key.starts_with(prefix)
                && marker.is_none_or(|marker| (key.as_str(), id.as_str()) > marker)
        });
        let page: Vec<_> = rest.by_ref().take(limit).collect();
        let last = page.last().map(|(key, id, _)| (key.clone(), id.clone()));
        let more = rest.next().is_some();
        let (next_key, next_id) = last.filter(|_| more).unzip();
        let uploads = page.into_iter().map(|(key, id, started)| MultipartUpload {
            key: Some(key),
            upload_id: Some(id),
            initiated: Some(started.into()),
            ..Default::default()
        });
        Ok(ListMultipartUploadsOutput {
            uploads: Some(uploads.collect()),
            is_truncated: Some(more),
            next_key_marker: next_key,
            next_upload_id_marker: next_id,
            prefix: input.prefix,
            bucket: Some(input.bucket),
            ..Default::default()
        })
    }
}
