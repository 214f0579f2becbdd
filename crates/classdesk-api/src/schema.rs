//! How the OpenAPI document describes what clients send and get.

use serde_json::Value;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{
    AdditionalProperties, AllOf, Object, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat,
    SchemaType, Type,
};
use utoipa::openapi::{KnownFormat, Ref, RefOr, Required};

/// A schema, or a reference to one among the components.
pub(crate) type AnySchema = RefOr<Schema>;

/// The schemas that others name, with their names.
pub(crate) type Components = Vec<(String, AnySchema)>;

/// The format of a file's bytes.
pub(crate) const BINARY: SchemaFormat = SchemaFormat::KnownFormat(KnownFormat::Binary);

/// A string.
pub(crate) fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A string of this format.
pub(crate) fn formatted(format: KnownFormat) -> ObjectBuilder {
    string().format(Some(SchemaFormat::KnownFormat(format)))
}

/// A whole number of this format.
pub(crate) fn integer(format: KnownFormat) -> ObjectBuilder {
    formatted(format).schema_type(Type::Integer)
}

/// The same schema with null as a further value.
pub(crate) fn nullable(schema: AnySchema) -> AnySchema {
    match schema {
        RefOr::T(Schema::Object(mut object)) => {
            if let SchemaType::Type(of_value) = object.schema_type {
                object.schema_type = SchemaType::from_iter([of_value, Type::Null]);
            }
            object.into()
        }
        named => OneOfBuilder::new()
            .item(named)
            .item(Object::with_type(Type::Null))
            .into(),
    }
}

/// Names a schema: it stands among the components, and a reference to it where it is used.
pub(crate) fn named(
    name: impl Into<String>,
    schema: AnySchema,
    components: &mut Components,
) -> AnySchema {
    let name = name.into();
    let reference = Ref::from_schema_name(&*name);
    components.push((name, schema));
    reference.into()
}

/// A field and what is said of it.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) is_required: bool,
    about: String,
    schema: AnySchema,
}

impl Property {
    pub(crate) fn new(
        name: &'static str,
        is_required: bool,
        about: &[&str],
        schema: AnySchema,
    ) -> Self {
        Self {
            // A name that is a keyword of the language is written so.
            name: name.trim_start_matches("r#"),
            is_required,
            about: text(about),
            schema,
        }
    }

    /// Whether its value is the bytes of a file.
    pub(crate) fn is_file(&self) -> bool {
        matches!(&self.schema, RefOr::T(Schema::Object(object)) if object.format == Some(BINARY))
    }

    /// How many characters its value has at most, if it is a text.
    pub(crate) fn max_length(&self) -> Option<usize> {
        match &self.schema {
            RefOr::T(Schema::Object(object)) => object.max_length,
            _ => None,
        }
    }

    fn described(self) -> AnySchema {
        let mut schema = self.schema;
        match &mut schema {
            RefOr::Ref(reference) => reference.description = self.about,
            RefOr::T(Schema::Object(object)) => object.description = Some(self.about),
            RefOr::T(Schema::Array(array)) => array.description = Some(self.about),
            RefOr::T(Schema::OneOf(choice)) => choice.description = Some(self.about),
            RefOr::T(_) => unreachable!("no value has another schema"),
        }
        schema
    }

    fn in_query(self) -> Parameter {
        ParameterBuilder::new()
            .name(self.name)
            .parameter_in(ParameterIn::Query)
            .required(if self.is_required {
                Required::True
            } else {
                Required::False
            })
            .description(Some(self.about))
            .schema(Some(self.schema))
            .build()
    }
}

fn object(properties: Vec<Property>) -> Object {
    let mut object = Object::new();
    for property in properties {
        let name = property.name.to_owned();
        if property.is_required {
            object.required.push(name.clone());
        }
        object.properties.insert(name, property.described());
    }
    object
}

/// The schema of a body that has these fields and no others.
pub(crate) fn body(about: &[&str], properties: Vec<Property>, example: Value) -> AnySchema {
    let mut object = object(properties);
    object.description = Some(text(about));
    object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    object.example = Some(example);
    object.into()
}

/// The schema of an answer that has these fields, and those of the views that are a part of it.
pub(crate) fn view(
    about: &[&str],
    parts: Vec<AnySchema>,
    properties: Vec<Property>,
    example: Option<Value>,
) -> AnySchema {
    let mut object = object(properties);
    if parts.is_empty() {
        object.description = Some(text(about));
        object.example = example;
        return object.into();
    }
    let mut whole = AllOf::new();
    whole.items = parts;
    whole.items.push(object.into());
    whole.description = Some(text(about));
    whole.example = example;
    RefOr::T(whole.into())
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
