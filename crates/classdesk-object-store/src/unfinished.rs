//! The answer of S3 to "which multipart uploads were never finished?", for which `object_store`
//! has no method.

use classdesk_domain::clock::Timestamp;
use serde::Deserialize;

/// One page of the answer (`ListMultipartUploadsResult`).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UnfinishedUploads {
    #[serde(default, rename = "Upload")]
    pub(crate) uploads: Vec<UnfinishedUpload>,
    #[serde(default)]
    is_truncated: bool,
    next_key_marker: Option<String>,
    next_upload_id_marker: Option<String>,
}

/// An upload that was begun and neither completed nor aborted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UnfinishedUpload {
    pub(crate) key: String,
    pub(crate) upload_id: String,
    initiated: String,
}

impl UnfinishedUploads {
    pub(crate) fn read(xml: &str) -> Result<Self, quick_xml::DeError> {
        quick_xml::de::from_str(xml)
    }

    /// Where the next page begins, if there is one.
    pub(crate) fn next(self) -> Option<(String, String)> {
        if !self.is_truncated {
            return None;
        }
        Some((self.next_key_marker?, self.next_upload_id_marker?))
    }
}

impl UnfinishedUpload {
    /// Whether it was begun before an instant. One without a readable time stays.
    pub(crate) fn begun_before(&self, instant: Timestamp) -> bool {
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
