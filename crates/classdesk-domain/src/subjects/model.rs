//! The generic link `(content_type, object_id)` and its parties (docs/contract.md#2-relations).

use std::fmt;

use crate::external_id::ExternalId;
use crate::from_text::from_text;
use crate::ids::{BundleId, UserId};
use crate::text::{SubjectLine, Title, as_one_line};
use crate::validation::FieldError;

/// The kind of a subject: `[a-z][a-z0-9_]{0,31}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectKind(std::borrow::Cow<'static, str>);

from_text!(SubjectKind);

impl SubjectKind {
    /// The native kind.
    pub const CLASS_BUNDLE: Self = Self(std::borrow::Cow::Borrowed("class_bundle"));

    /// Checks a kind.
    ///
    /// # Errors
    /// A [`FieldError`] when it is malformed.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let mut bytes = text.bytes();
        let first = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
        let rest = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if first && rest && text.len() <= 32 {
            Ok(Self::from_stored(text.to_owned()))
        } else {
            Err(FieldError::SubjectKind)
        }
    }

    /// Takes back what a store kept.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        if text == "class_bundle" {
            Self::CLASS_BUNDLE
        } else {
            Self(text.into())
        }
    }

    /// The kind itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the native kind, whose subjects are bundles.
    #[must_use]
    pub fn is_native(&self) -> bool {
        *self == Self::CLASS_BUNDLE
    }

    /// The kind for people: `class_bundle` becomes `Class bundle`.
    #[must_use]
    pub fn title(&self) -> String {
        let spaced = self.0.replace('_', " ");
        let mut chars = spaced.chars();
        chars.next().map_or_else(String::new, |first| {
            first.to_ascii_uppercase().to_string() + chars.as_str()
        })
    }
}

impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a thread or ticket is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectRef {
    /// Of which kind.
    pub content_type: SubjectKind,
    /// Which one of that kind.
    pub object_id: i64,
}

impl SubjectRef {
    /// A subject of any kind.
    #[must_use]
    pub const fn new(content_type: SubjectKind, object_id: i64) -> Self {
        Self {
            content_type,
            object_id,
        }
    }

    /// The subject that a bundle is.
    #[must_use]
    pub const fn bundle(id: BundleId) -> Self {
        Self {
            content_type: SubjectKind::CLASS_BUNDLE,
            object_id: id.get(),
        }
    }

    /// The bundle that this subject is, if it is one.
    #[must_use]
    pub fn as_bundle(&self) -> Option<BundleId> {
        self.content_type
            .is_native()
            .then(|| BundleId::new(self.object_id))
    }
}

impl fmt::Display for SubjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.content_type.title(), self.object_id)
    }
}

/// The two parties of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Parties {
    /// Its owner.
    pub client: UserId,
    /// Its writer, if there is one.
    pub assigned_writer: Option<UserId>,
}

/// A subject with its parties. Every bundle is one; others are registered from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Which one.
    pub reference: SubjectRef,
    /// Its id in the system where it lives, if that is no number; a bundle's in another system.
    pub external_id: Option<ExternalId>,
    /// Whose it is.
    pub parties: Parties,
    /// What it is called; a bundle's title.
    pub label: Title,
    /// Counts its changes: a bundle's from 1, and another's from the microsecond in which it was
    /// registered. So one that was removed and registered again has none of its former versions.
    pub version: i64,
}

impl Subject {
    /// The line that names it, for example `Class bundle #42: Spring semester`. It is one line
    /// whatever the label says, so that it can't seem to name another subject.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{}: {}", self.reference, as_one_line(self.label.as_str()))
    }

    /// The subject line of a thread that was opened without one.
    #[must_use]
    pub fn default_subject_line(&self) -> SubjectLine {
        SubjectLine::cut(&self.line())
    }
}

/// What registers or changes a subject from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutSubject {
    /// Its owner.
    pub client_id: UserId,
    /// Its writer, if there is one.
    pub assigned_writer_id: Option<UserId>,
    /// What it is called.
    pub label: Title,
}
