//! Aborting multipart uploads that were never completed. `object_store` has no method that lists
//! them.

use std::time::Duration;

use classdesk_domain::blobs::{BlobError, StorageKey};
use classdesk_domain::clock::Timestamp;
use object_store::Error;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer};
use serde::Deserialize;

use crate::failure::{self, Operation};
use crate::s3::{PROBE, S3Bucket};

/// How many pages are looked at in one round.
const PAGES: usize = 100;

impl S3Bucket {
    /// Aborts multipart uploads of ours that were begun before an instant. A server that can't
    /// list them has a lifecycle rule for them.
    pub(crate) async fn abort_stale_uploads(&self, before: Timestamp) -> Result<u64, BlobError> {
        let mut aborted = 0;
        let mut marker = None;
        for _ in 0..PAGES {
            let Some(page) = self.unfinished(marker).await? else {
                return Ok(aborted);
            };
            for upload in &page.uploads {
                if upload.begun_before(before) && self.is_ours(&upload.key) {
                    aborted += u64::from(self.abort(upload).await?);
                }
            }
            marker = page.next();
            if marker.is_none() {
                break;
            }
        }
        Ok(aborted)
    }

    /// Whether there was something to abort.
    async fn abort(&self, upload: &UnfinishedUpload) -> Result<bool, BlobError> {
        let location =
            Path::parse(&upload.key).map_err(|error| BlobError::Backend(error.into()))?;
        match self.s3.abort_multipart(&location, &upload.upload_id).await {
            Ok(()) => Ok(true),
            // Another replica was faster, or it was completed after all.
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failure::of_store(error, Operation::Write)),
        }
    }

    fn is_ours(&self, key: &str) -> bool {
        let location = Path::from(key);
        let Some(within) = location.prefix_match(&self.prefix) else {
            return false;
        };
        let within: Path = within.collect();
        within.as_ref() == PROBE || StorageKey::parse(within.as_ref()).is_some()
    }

    /// One page of unfinished uploads; `None` when the server does not know the request.
    async fn unfinished(
        &self,
        marker: Option<(String, String)>,
    ) -> Result<Option<UnfinishedUploads>, BlobError> {
        let unavailable =
            |error: reqwest::Error| BlobError::Unavailable(error.without_url().into());
        let mut query = vec![("uploads".to_owned(), String::new())];
        if !self.prefix.as_ref().is_empty() {
            query.push(("prefix".to_owned(), format!("{}/", self.prefix)));
        }
        if let Some((key, id)) = marker {
            query.push(("key-marker".to_owned(), key));
            query.push(("upload-id-marker".to_owned(), id));
        }
        let options = SignedUrlOptions::new().with_query(query);
        let (root, lifetime) = (Path::default(), Duration::from_secs(60));
        let url = self
            .s3
            .signed_url_opts(Method::GET, &root, lifetime, &options)
            .await
            .map_err(|error| failure::of_store(error, Operation::Write))?;
        let response = self.client.get(url).send().await.map_err(unavailable)?;
        match response.status().as_u16() {
            200 => {
                let text = response.text().await.map_err(unavailable)?;
                UnfinishedUploads::read(&text)
                    .map(Some)
                    .map_err(|error| BlobError::Backend(error.into()))
            }
            405 | 501 => Ok(None),
            status => {
                let cause = format!("listing unfinished uploads was answered with {status}").into();
                Err(match status {
                    401 | 403 => BlobError::Denied(cause),
                    404 => BlobError::NoSuchBucket(cause),
                    _ => BlobError::Unavailable(cause),
                })
            }
        }
    }
}

/// One page of the answer (`ListMultipartUploadsResult`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UnfinishedUploads {
    #[serde(default, rename = "Upload")]
    uploads: Vec<UnfinishedUpload>,
    #[serde(default)]
    is_truncated: bool,
    next_key_marker: Option<String>,
    next_upload_id_marker: Option<String>,
}

/// An upload that was begun and neither completed nor aborted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UnfinishedUpload {
    key: String,
    upload_id: String,
    initiated: String,
}

impl UnfinishedUploads {
    fn read(xml: &str) -> Result<Self, quick_xml::DeError> {
        quick_xml::de::from_str(xml)
    }

    /// Where the next page begins, if there is one.
    fn next(self) -> Option<(String, String)> {
        if !self.is_truncated {
            return None;
        }
        Some((self.next_key_marker?, self.next_upload_id_marker?))
    }
}

impl UnfinishedUpload {
    /// Whether it was begun before an instant. One without a readable time stays.
    fn begun_before(&self, instant: Timestamp) -> bool {
        Timestamp::parse_rfc3339(&self.initiated).is_some_and(|begun| begun < instant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_of_amazons_documentation_is_read() {
        let page = UnfinishedUploads::read(
            r#"<?xml version="1.0" encoding="UTF-8"?>
            <ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
              <Bucket>school</Bucket><KeyMarker></KeyMarker><UploadIdMarker></UploadIdMarker>
              <NextKeyMarker>b</NextKeyMarker><NextUploadIdMarker>2</NextUploadIdMarker>
              <MaxUploads>2</MaxUploads><IsTruncated>true</IsTruncated>
              <Upload><Key>a</Key><UploadId>1</UploadId>
                <Initiator><ID>x</ID><DisplayName>y</DisplayName></Initiator>
                <StorageClass>STANDARD</StorageClass>
                <Initiated>2026-11-10T20:48:33.000Z</Initiated></Upload>
              <Upload><Key>b</Key><UploadId>2</UploadId><Initiated>soon</Initiated></Upload>
            </ListMultipartUploadsResult>"#,
        )
        .unwrap();
        let at = |text| Timestamp::parse_rfc3339(text).unwrap();
        let [first, second] = &page.uploads[..] else {
            panic!("{page:?}")
        };
        assert_eq!((first.key.as_str(), first.upload_id.as_str()), ("a", "1"));
        assert!(first.begun_before(at("2026-11-10T20:48:34Z")));
        assert!(!first.begun_before(at("2026-11-10T20:48:33Z")));
        assert!(!second.begun_before(at("2999-01-01T00:00:00Z")));
        assert_eq!(page.next(), Some(("b".to_owned(), "2".to_owned())));
    }

    #[test]
    fn an_empty_answer_is_the_last_page() {
        let page = UnfinishedUploads::read(
            "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>",
        )
        .unwrap();
        assert!(page.uploads.is_empty());
        assert_eq!(page.next(), None);
    }
}
