//! The fields of a form that came as `multipart/form-data`.

use std::collections::BTreeMap;

use classdesk_domain::blobs::{FileName, FinishedUpload, Sha256Digest};
use classdesk_domain::error::{ErrorCollector, FieldError, Invalid, Validated};
use classdesk_domain::idempotency::Fingerprint;
use serde_json::Value;

use crate::extract::Fields;

/// Which parts an operation takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FormShape {
    /// The name of the part that is a file.
    pub(crate) file: &'static str,
    /// Whether the file has to be there.
    pub(crate) file_required: bool,
    /// The other parts that are not texts. Which texts there may be is said by whoever reads the
    /// form.
    pub(crate) typed: &'static [(&'static str, PartType)],
}

/// What a part has to say, since a form knows only texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartType {
    /// A whole number.
    Integer,
    /// `true` or `false`, in whatever case.
    Boolean,
}

impl PartType {
    /// The value that a text stands for. One of another type stays a text, which its reader
    /// refuses.
    fn read(self, text: &str) -> Value {
        let trimmed = text.trim();
        let value = match self {
            Self::Integer => trimmed.parse::<i64>().ok().map(Value::from),
            Self::Boolean => trimmed
                .to_ascii_lowercase()
                .parse::<bool>()
                .ok()
                .map(Value::from),
        };
        value.unwrap_or_else(|| Value::from(text))
    }
}

/// A file as it came with a form.
#[derive(Debug)]
pub(crate) struct FormFile {
    /// Its name, made harmless.
    pub(crate) name: FileName,
    /// The digest of its bytes.
    pub(crate) sha256: Sha256Digest,
    /// The stored bytes; `None` when a repeated request was only compared with the first one.
    pub(crate) upload: Option<FinishedUpload>,
}

/// A form that has been read to its end.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(super) texts: BTreeMap<String, String>,
    pub(super) file: Option<FormFile>,
    pub(super) faults: ErrorCollector,
}

impl Form {
    /// Takes the stored file out of the form.
    pub(crate) fn take_upload(&mut self) -> Option<FinishedUpload> {
        self.file.as_mut().and_then(|file| file.upload.take())
    }

    /// Reads what the form asks for, as from a JSON body.
    pub(crate) fn draft<T>(
        self,
        shape: FormShape,
        read: impl FnOnce(&mut Fields) -> Option<T>,
    ) -> Validated<T> {
        match self.parse(shape, read) {
            Ok(value) => Validated::valid(value),
            Err(invalid) => Validated::invalid(invalid),
        }
    }

    fn parse<T>(
        self,
        shape: FormShape,
        read: impl FnOnce(&mut Fields) -> Option<T>,
    ) -> Result<T, Invalid> {
        let typed = |name: &str, text: String| {
            let known = shape.typed.iter().find(|(typed, _)| *typed == name);
            known.map_or_else(|| Value::from(text.as_str()), |(_, kind)| kind.read(&text))
        };
        let values = self
            .texts
            .into_iter()
            .map(|(name, text)| {
                let value = typed(&name, text);
                (name, value)
            })
            .collect();
        let mut fields = Fields::of_values(values, self.faults);
        let value = read(&mut fields);
        fields.finish(value)
    }

    /// A digest of everything that the form says, whatever the order of its parts.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
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
            add(value.as_bytes());
        }
        Fingerprint::of(&canonical)
    }
}

/// A part that may be there once.
pub(super) fn duplicate() -> FieldError {
    FieldError::rule("repeated", "This field may be there only once.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::read;

    const SHAPE: FormShape = FormShape {
        file: "file",
        file_required: false,
        typed: &[("count", PartType::Integer), ("flag", PartType::Boolean)],
    };

    fn form(texts: &[(&str, &str)]) -> Form {
        Form {
            texts: texts
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
            ..Form::default()
        }
    }

    fn faults(texts: &[(&str, &str)]) -> Vec<(String, &'static str)> {
        let read = |fields: &mut Fields| {
            let count = fields.optional("count", read::integer(Ok));
            let flag = fields.optional("flag", read::boolean);
            let text = fields.optional("text", read::text(|text| Ok(text.to_owned())));
            Some((count, flag, text))
        };
        match form(texts).parse(SHAPE, read) {
            Ok(_) => Vec::new(),
            Err(invalid) => invalid
                .errors()
                .iter()
                .map(|error| (error.field.clone(), error.fault.code()))
                .collect(),
        }
    }

    #[test]
    fn parts_are_read_by_their_types() {
        assert_eq!(
            faults(&[("count", " 7 "), ("flag", "True"), ("text", "7")]),
            []
        );
        let wrong = |field: &str| (field.to_owned(), "wrong_type");
        assert_eq!(faults(&[("count", "7.5")]), [wrong("count")]);
        assert_eq!(
            faults(&[("count", ""), ("flag", "yes")]),
            [wrong("count"), wrong("flag")]
        );
    }

    /// contract: conv.unknown-fields
    #[test]
    fn an_unknown_part_is_a_fault() {
        assert_eq!(
            faults(&[("other", "x")]),
            [("other".to_owned(), "unknown_field")]
        );
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
