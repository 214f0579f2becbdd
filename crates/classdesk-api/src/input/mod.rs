//! What clients send, defined once.
//!
//! [`input!`] names the fields of a body, a form or a query, each with its type. The reader comes
//! from it, which finds all errors of a request at once, and so does the schema in the OpenAPI
//! document. Bounds and patterns stand with the types, in `values`, and are the domain's.

mod fields;
mod patterns;
mod value;
mod values;

pub(crate) use fields::{FieldSet, Fields, NoFields, property};
pub(crate) use value::{Input, Raw, Read, plain_number};
pub(crate) use values::*;

/// Defines fields: `body` for a JSON body or a form, `query` for parameters, `part` for what is
/// only a part of another definition.
///
/// The type of a field says whether it has to be there: `T` has to, `Option<T>` may be left out
/// and `Nullable<T>` may be null. A field with a default is read as if it had that value when it is
/// left out. `..name: Set` takes in another definition.
///
/// After `=>` stands what becomes of the values; with `|fields|` it can add an error of its own.
/// Without `=>` the output is a struct whose fields have the same names.
macro_rules! input {
    (
        $(#[doc = $about:literal])+
        $kind:ident $name:ident -> $output:ty {
            $(..$part:ident: $set:ty,)*
            $($(#[doc = $field_about:literal])+ $field:ident: $type:ty $(= $default:expr)?,)*
        } => |$fields:ident| $value:expr
        $(, example $example:tt)?
    ) => {
        $(#[doc = $about])+
        pub(crate) struct $name;

        const _: () = {
            use $crate::input::{FieldSet, Fields};
            use $crate::schema::{Components, Property};

            impl FieldSet for $name {
                type Output = $output;

                fn read($fields: &mut Fields) -> Option<$output> {
                    $(let $part = <$set>::read($fields);)*
                    $(let $field = $fields.take::<$type>(
                        stringify!($field).trim_start_matches("r#"),
                        None$(.or(Some(::serde_json::json!($default))))?,
                    );)*
                    $(let $part = $part?;)*
                    $(let $field = $field?;)*
                    $value
                }

                fn properties(components: &mut Components) -> Vec<Property> {
                    let own = vec![$($crate::input::property::<$type>(
                        stringify!($field),
                        &[$($field_about),+],
                        None$(.or(Some(::serde_json::json!($default))))?,
                        components,
                    )),*];
                    std::iter::empty()
                        $(.chain(<$set>::properties(components)))*
                        .chain(own)
                        .collect()
                }
            }

            $crate::input::input!(@$kind $name, [$($about),+] $(, $example)?);
        };
    };
    (
        $(#[doc = $about:literal])+
        $kind:ident $name:ident -> $output:ty { $($definition:tt)* } => $value:expr
        $(, example $example:tt)?
    ) => {
        $crate::input::input! {
            $(#[doc = $about])+
            $kind $name -> $output { $($definition)* } => |fields| Some($value)
            $(, example $example)?
        }
    };
    (
        $(#[doc = $about:literal])+
        $kind:ident $name:ident -> $output:ident {
            $(..$part:ident: $set:ty,)*
            $($(#[doc = $field_about:literal])+ $field:ident: $type:ty $(= $default:expr)?,)*
        }
        $(, example $example:tt)?
    ) => {
        $crate::input::input! {
            $(#[doc = $about])+
            $kind $name -> $output {
                $(..$part: $set,)*
                $($(#[doc = $field_about])+ $field: $type $(= $default)?,)*
            } => $output { $($part,)* $($field,)* }
            $(, example $example)?
        }
    };
    (@body $name:ident, $about:expr, $example:tt) => {
        impl ::utoipa::PartialSchema for $name {
            fn schema() -> $crate::schema::AnySchema {
                let properties = Self::properties(&mut Vec::new());
                $crate::schema::body(&$about, properties, ::serde_json::json!($example))
            }
        }

        impl ::utoipa::ToSchema for $name {
            fn schemas(components: &mut Components) {
                Self::properties(components);
            }
        }
    };
    (@query $name:ident, $about:expr) => {
        impl ::utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<::utoipa::openapi::path::ParameterIn>,
            ) -> Vec<::utoipa::openapi::path::Parameter> {
                $crate::schema::parameters(Self::properties(&mut Vec::new()))
            }
        }
    };
    (@part $name:ident, $about:expr) => {};
}
pub(crate) use input;
