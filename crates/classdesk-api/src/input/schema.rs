//! What the OpenAPI document says of what clients send.

use std::borrow::Cow;

use serde_json::Value;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{
    AdditionalProperties, Object, ObjectBuilder, Ref, Schema, SchemaFormat,
};
use utoipa::openapi::{KnownFormat, RefOr, Required};

/// The format of a file's bytes.
pub(super) const BINARY: SchemaFormat = SchemaFormat::KnownFormat(KnownFormat::Binary);

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
    pub(super) fn new(
        name: &'static str,
        is_required: bool,
        about: &[&str],
        default: Option<Value>,
        schema: ValueSchema,
    ) -> Self {
        Self {
            name,
            is_required,
            about: text(about),
            default,
            schema,
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
        matches!(&self.schema, ValueSchema::Inline(object) if object.format == Some(BINARY))
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
pub(crate) fn object(about: &[&str], properties: Vec<Property>, example: Value) -> RefOr<Schema> {
    let object = ObjectBuilder::new()
        .description(Some(text(about)))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)));
    let object = properties.into_iter().fold(object, |object, field| {
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
pub(crate) fn parameters(properties: Vec<Property>) -> Vec<Parameter> {
    properties.into_iter().map(Property::in_query).collect()
}

/// A doc comment as one text.
fn text(lines: &[&str]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| line.trim()).collect();
    lines.join("\n")
}
