//! What clients send, defined once.
//!
//! [`input!`] names the fields of a body, a form or a query, each with its type. The reader comes
//! from it, which finds all errors of a request at once, and so does the schema in the OpenAPI
//! document. Bounds and patterns stand with the types, in `values`, and are the domain's.

mod fields;
mod schema;
mod value;
mod values;

pub(crate) use fields::{FieldSet, Fields, NoFields, property};
pub(crate) use schema::{Property, ValueSchema, object, parameters};
pub(crate) use value::{Input, Raw};
pub(crate) use values::{EmptyableText, File, LoginPassword, Nullable, text_like};

/// Defines fields: `body` for a JSON body or a form, `query` for parameters, `part` for what is
/// only a part of another definition.
///
/// The type of a field says whether it has to be there: `T` has to, `Option<T>` may be left out
/// and `Nullable<T>` may be null. A field with a default is read as if it had that value when it is
/// left out. `..name: Set` takes in another definition. After `=>` stands what becomes of the
/// values.
macro_rules! input {
    (
        $(#[doc = $about:literal])+
        $kind:ident $name:ident -> $output:ty {
            $(..$part:ident: $set:ty,)*
            $($(#[doc = $field_about:literal])+ $field:ident: $type:ty $(= $default:expr)?,)*
        } => $value:expr
        $(, example $example:tt)?
    ) => {
        $(#[doc = $about])+
        pub(crate) struct $name;

        impl $crate::input::FieldSet for $name {
            type Output = $output;

            fn read(fields: &mut $crate::input::Fields) -> Option<$output> {
                $(let $part = <$set as $crate::input::FieldSet>::read(fields);)*
                $(let $field = fields.take::<$type>(
                    stringify!($field),
                    None$(.or(Some(::serde_json::json!($default))))?,
                );)*
                $(let $part = $part?;)*
                $(let $field = $field?;)*
                Some($value)
            }

            fn properties() -> Vec<$crate::input::Property> {
                let own = vec![$($crate::input::property::<$type>(
                    stringify!($field),
                    &[$($field_about),+],
                    None$(.or(Some(::serde_json::json!($default))))?,
                )),*];
                std::iter::empty()
                    $(.chain(<$set as $crate::input::FieldSet>::properties()))*
                    .chain(own)
                    .collect()
            }
        }

        $crate::input::input!(@$kind $name, [$($about),+] $(, $example)?);
    };
    (@body $name:ident, $about:expr, $example:tt) => {
        impl ::utoipa::PartialSchema for $name {
            fn schema() -> ::utoipa::openapi::RefOr<::utoipa::openapi::Schema> {
                let properties = <$name as $crate::input::FieldSet>::properties();
                $crate::input::object(&$about, properties, ::serde_json::json!($example))
            }
        }

        impl ::utoipa::ToSchema for $name {
            fn schemas(
                schemas: &mut Vec<(String, ::utoipa::openapi::RefOr<::utoipa::openapi::Schema>)>,
            ) {
                let properties = <$name as $crate::input::FieldSet>::properties();
                schemas.extend(properties.into_iter().filter_map($crate::input::Property::named));
            }
        }
    };
    (@query $name:ident, $about:expr) => {
        impl ::utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<::utoipa::openapi::path::ParameterIn>,
            ) -> Vec<::utoipa::openapi::path::Parameter> {
                $crate::input::parameters(<$name as $crate::input::FieldSet>::properties())
            }
        }
    };
    (@part $name:ident, $about:expr) => {};
}
pub(crate) use input;
