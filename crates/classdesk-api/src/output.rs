//! What clients get, defined once.
//!
//! [`view!`] names the fields of an answer, each with its type and its value. The struct comes from
//! it, how it is written, and its schema in the OpenAPI document. Every field is always there.

use std::collections::BTreeMap;

use classdesk_domain::ExternalId;
use classdesk_domain::api_keys::KeyToken;
use classdesk_domain::blobs::{ContentType, FileName, Sha256Digest};
use classdesk_domain::bundles::NumberOfClasses;
use classdesk_domain::clock::Timestamp;
use classdesk_domain::ids::{
    ApiKeyId, BundleId, EventId, FileId, MessageId, SessionId, ThreadId, TicketId, TicketMessageId,
    UserId,
};
use classdesk_domain::people::{AccessToken, Email, TimeZone, Username};
use classdesk_domain::subjects::SubjectKind;
use classdesk_domain::text::{
    Description, DisplayName, KeyName, Level, MessageText, SubjectLine, Title,
};
use serde::{Serialize, Serializer};
use time::Date;
use utoipa::openapi::KnownFormat;
use utoipa::openapi::schema::Array;
use utoipa::{PartialSchema, ToSchema};

use crate::input::Input;
use crate::schema::{AnySchema, Components, formatted, integer, named, nullable, string};

/// Most answers are no larger, so that their text need not be moved while it grows. In bytes.
const USUAL: usize = 4 * 1024;

/// The JSON text of a view.
pub(crate) fn to_json(view: &impl Serialize) -> Vec<u8> {
    let mut text = Vec::with_capacity(USUAL);
    serde_json::to_writer(&mut text, view).expect("views have string keys and no failing field");
    text
}

/// A value in an answer.
pub(crate) trait Output {
    /// Writes it.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// What the OpenAPI document says of it.
    fn schema(components: &mut Components) -> AnySchema;
}

/// An answer, or an object in one, that [`view!`] defines.
pub(crate) trait View: Serialize + ToSchema {}

impl<T: View> Output for T {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    fn schema(components: &mut Components) -> AnySchema {
        T::schemas(components);
        named(T::name(), <T as PartialSchema>::schema(), components)
    }
}

struct Written<'a, T>(&'a T);

impl<T: Output> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

impl<T: Output> Output for Option<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(Written).serialize(serializer)
    }

    fn schema(components: &mut Components) -> AnySchema {
        nullable(T::schema(components))
    }
}

impl<T: Output> Output for Vec<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Written))
    }

    fn schema(components: &mut Components) -> AnySchema {
        Array::new(T::schema(components)).into()
    }
}

/// A table of types: how each is written, and the schema.
macro_rules! outputs {
    ($($($type:ty),+: |$value:ident, $serializer:ident| $write:expr, $schema:expr;)+) => {$($(
        impl $crate::output::Output for $type {
            fn write<S: ::serde::Serializer>(&self, $serializer: S) -> Result<S::Ok, S::Error> {
                let $value = self;
                $write
            }

            fn schema(_: &mut $crate::schema::Components) -> $crate::schema::AnySchema {
                $schema.into()
            }
        }
    )+)+};
}
pub(crate) use outputs;

outputs! {
    bool, i64, u64, String, &'static str, BTreeMap<String, String>:
        |value, serializer| value.serialize(serializer), <Self as PartialSchema>::schema();
    ApiKeyId, BundleId, EventId, FileId, MessageId, SessionId, ThreadId, TicketId, TicketMessageId,
    UserId:
        |id, serializer| serializer.serialize_i64(id.get()), integer(KnownFormat::Int64);
    NumberOfClasses:
        |number, serializer| serializer.serialize_i32(number.get()),
        <Self as Input>::schema(&mut Vec::new());
    ContentType, Description, DisplayName, Email, ExternalId, FileName, KeyName, Level, MessageText,
    SubjectKind, SubjectLine, TimeZone, Title, Username:
        |text, serializer| serializer.serialize_str(text.as_str()), string();
    AccessToken: |token, serializer| serializer.serialize_str(&token.expose()), string();
    KeyToken: |token, serializer| serializer.serialize_str(&token.expose()), string();
    Sha256Digest: |digest, serializer| serializer.collect_str(digest), string();
    Date: |day, serializer| serializer.collect_str(day), formatted(KnownFormat::Date);
    Timestamp: |time, serializer| serializer.collect_str(time), formatted(KnownFormat::DateTime);
}

/// Defines an answer: `from` what the domain returned, or `of` it and of what else it needs.
///
/// A field without `=` has the value of the field with the same name in what it is made from.
/// `..name: View` takes in the fields of another answer.
macro_rules! view {
    (
        $(#[doc = $about:literal])+
        $name:ident $how:ident ($source:ident: $source_type:ty $(, $other:ident: $other_type:ty)*) {
            $(..$part:ident: $view:ty = $part_value:expr,)*
            $($(#[doc = $field_about:literal])+ $field:ident: $type:ty $(= $value:expr)?,)*
        }
        $(, example $example:tt)?
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, ::serde::Serialize)]
        pub struct $name {
            $(
                /// The fields of another answer.
                #[serde(flatten)]
                pub $part: $view,
            )*
            $(
                $(#[doc = $field_about])+
                #[serde(serialize_with = "crate::output::Output::write")]
                pub $field: $type,
            )*
        }

        impl $crate::output::View for $name {}

        impl ::utoipa::PartialSchema for $name {
            fn schema() -> $crate::schema::AnySchema {
                Self::described(&mut Vec::new())
            }
        }

        impl ::utoipa::ToSchema for $name {
            fn schemas(components: &mut $crate::schema::Components) {
                Self::described(components);
            }
        }

        impl $name {
            fn described(components: &mut $crate::schema::Components) -> $crate::schema::AnySchema {
                $crate::schema::view(
                    &[$($about),+],
                    vec![$(<$view as $crate::output::Output>::schema(components)),*],
                    vec![$($crate::schema::Property::new(
                        stringify!($field),
                        true,
                        &[$($field_about),+],
                        <$type as $crate::output::Output>::schema(components),
                    )),*],
                    None$(.or(Some(::serde_json::json!($example))))?,
                )
            }
        }

        $crate::output::view!(@$how $name ($source: $source_type $(, $other: $other_type)*) {
            Self {
                $($part: $part_value,)*
                $($field: $crate::output::view!(@value $source.$field $(, $value)?),)*
            }
        });
    };
    (@from $name:ident ($source:ident: $source_type:ty) $whole:block) => {
        impl From<$source_type> for $name {
            fn from($source: $source_type) -> Self $whole
        }
    };
    (@of $name:ident ($($source:ident: $source_type:ty),+) $whole:block) => {
        impl $name {
            /// What is shown of it.
            #[must_use]
            pub fn of($($source: $source_type),+) -> Self $whole
        }
    };
    (@value $source:ident.$field:ident) => { $source.$field };
    (@value $source:ident.$field:ident, $value:expr) => { $value };
}
pub(crate) use view;
