//! A form that came as `multipart/form-data`.

use std::collections::BTreeMap;

use classdesk_domain::blobs::{FileName, FinishedUpload, Sha256Digest};
use classdesk_domain::idempotency::Fingerprint;
use classdesk_domain::validation::{ErrorCollector, FieldError};

/// The part of a form that is a file.
#[derive(Debug, Clone, Copy)]
pub struct FilePart {
    /// Its name.
    pub name: &'static str,
    /// Whether it has to be there.
    pub is_required: bool,
}

/// How long a text may be.
#[derive(Debug, Clone, Copy)]
pub struct TextLimit {
    /// The greatest number of characters.
    pub characters: usize,
}

impl TextLimit {
    /// More bytes than any text within the limit has, with blanks around it. In NFC a character
    /// that comes in pieces counts as one: a Korean syllable of three pieces has nine bytes.
    pub(crate) const fn bytes(self) -> usize {
        self.characters * 9 + 1024
    }
}

/// The parts that a form may have.
#[derive(Debug)]
pub struct FormParts {
    /// The one that is a file.
    pub file: FilePart,
    /// The others, by name.
    pub texts: BTreeMap<&'static str, TextLimit>,
}

/// A file as it came with a form.
#[derive(Debug)]
pub struct FormFile {
    /// Its name, made harmless.
    pub name: FileName,
    /// The digest of its bytes.
    pub sha256: Sha256Digest,
    /// The stored bytes; `None` when a repeated request was only compared with the first one.
    pub upload: Option<FinishedUpload>,
}

/// A form that has been read to its end.
#[derive(Debug, Default)]
pub struct Form {
    /// The other parts, by name, each as a text or what is wrong with it.
    pub texts: BTreeMap<String, Result<String, FieldError>>,
    /// The file.
    pub file: Option<FormFile>,
    /// What is wrong with the file.
    pub faults: ErrorCollector,
}

impl Form {
    /// Takes the stored file out of the form.
    #[must_use]
    pub fn take_upload(&mut self) -> Option<FinishedUpload> {
        self.file.as_mut().and_then(|file| file.upload.take())
    }

    /// A digest of everything that the form says, whatever the order of its parts.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut canonical = Vec::new();
        let mut add = |piece: &[u8]| {
            canonical.extend_from_slice(&(piece.len() as u64).to_be_bytes());
            canonical.extend_from_slice(piece);
        };
        match &self.file {
            Some(file) => {
                add(b"file");
                add(file.name.as_str().as_bytes());
                add(file.sha256.as_bytes());
            }
            None => add(b"no file"),
        }
        for (name, value) in &self.texts {
            add(name.as_bytes());
            add(value.as_deref().unwrap_or_default().as_bytes());
        }
        Fingerprint::of(&canonical)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(texts: &[(&str, &str)]) -> Form {
        Form {
            texts: texts
                .iter()
                .map(|(name, text)| ((*name).to_owned(), Ok((*text).to_owned())))
                .collect(),
            ..Form::default()
        }
    }

    #[test]
    fn fingerprints_tell_forms_apart() {
        let prints = [
            form(&[]),
            form(&[("a", "b")]),
            form(&[("ab", "")]),
            form(&[("a", ""), ("b", "")]),
        ]
        .map(|form| form.fingerprint());
        for (i, print) in prints.iter().enumerate() {
            assert_eq!(prints.iter().position(|each| each == print), Some(i));
        }
    }
}
