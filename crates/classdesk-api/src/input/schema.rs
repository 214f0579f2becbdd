//! What the OpenAPI document says of what clients send.

use std::borrow::Cow;

use serde_json::Value;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, Object, ObjectBuilder, Ref, Schema};
use utoipa::openapi::{RefOr, Required};

use super::{FieldSet, Input};

/// The schema of a value.
pub(crate) enum ValueSchema {
    /// It stands where it is used.
    Inline(Object),
    /// It stands among the components, under this name.
    Named(Cow<'static, str>, RefOr<Schema>),
}

impl From<ObjectBuilder> for ValueSchema {
    fn from(object: ObjectBuilder) -> Self {
        Self::Inline(object.build())
    }
}

/// A field and what is said of it.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) is_required: bool,
    about: String,
    default: Option<Value>,
    schema: ValueSchema,
}

impl Property {
    pub(crate) fn of<T: Input>(name: &'static str, about: &[&str], default: Option<Value>) -> Self {
        Self {
            name,
            is_required: T::IS_REQUIRED && default.is_none(),
            about: text(about),
            default,
            schema: T::schema(),
        }
    }

    /// The schema, if it has a name.
    pub(crate) fn named(self) -> Option<(String, RefOr<Schema>)> {
        match self.schema {
            ValueSchema::Named(name, schema) => Some((name.into_owned(), schema)),
            ValueSchema::Inline(_) => None,
        }
    }

    /// Whether its value is the bytes of a file.
    pub(crate) fn is_file(&self) -> bool {
        matches!(&self.schema, ValueSchema::Inline(object) if object.format == Some(super::values::BINARY))
    }

    fn in_body(self) -> RefOr<Schema> {
        match self.schema {
            ValueSchema::Inline(mut object) => {
                object.description = Some(self.about);
                object.default = self.default;
                RefOr::T(Schema::Object(object))
            }
            ValueSchema::Named(name, _) => {
                let mut reference = Ref::from_schema_name(name);
                reference.description = self.about;
                RefOr::Ref(reference)
            }
        }
    }

    fn in_query(self) -> Parameter {
        let schema = match self.schema {
            ValueSchema::Inline(mut object) => {
                object.default = self.default;
                RefOr::T(Schema::Object(object))
            }
            ValueSchema::Named(name, _) => RefOr::Ref(Ref::from_schema_name(name)),
        };
        ParameterBuilder::new()
            .name(self.name)
            .parameter_in(ParameterIn::Query)
            .required(if self.is_required {
                Required::True
            } else {
                Required::False
            })
            .description(Some(self.about))
            .schema(Some(schema))
            .build()
    }
}

/// The schema of a body that has these fields and no others.
pub(crate) fn object<S: FieldSet>(about: &[&str], example: Value) -> RefOr<Schema> {
    let object = ObjectBuilder::new()
        .description(Some(text(about)))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    let fields = S::properties().into_iter();
    let object = fields.fold(object, |object, field| {
        let name = field.name;
        let object = if field.is_required {
            object.required(name)
        } else {
            object
        };
        object.property(name, field.in_body())
    });
    let mut object = object.build();
    object.example = Some(example);
    RefOr::T(object.into())
}

/// The parameters of a query.
pub(crate) fn parameters<S: FieldSet>() -> Vec<Parameter> {
    let properties = S::properties().into_iter();
    properties.map(Property::in_query).collect()
}

/// A doc comment as one text.
fn text(lines: &[&str]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| line.trim()).collect();
    lines.join("\n")
}
