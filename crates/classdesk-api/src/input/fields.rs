//! The fields of one request, read one by one so that all errors are found at once.

use std::collections::BTreeMap;
use std::fmt;

use classdesk_domain::validation::{ErrorCollector, FieldError, Invalid};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::schema::{Components, Property};

use super::value::{Input, Raw};

/// How many fields are kept; each operation knows far fewer.
const MAX_FIELDS: usize = 64;

/// The fields of one request and what is wrong with them so far.
///
/// Each field is asked for once; what is never asked for is an error in the end.
#[derive(Default)]
pub(crate) struct Fields {
    values: BTreeMap<String, Result<Raw, FieldError>>,
    errors: ErrorCollector,
    /// How many fields are not kept.
    surplus: usize,
}

impl Fields {
    /// Reads a JSON object. Some clients write a byte order mark before it (RFC 8259, section 8.1).
    ///
    /// # Errors
    /// One error of the `body` when the text is no JSON object. What is nested too deeply and
    /// numbers beyond all bounds count as no JSON.
    pub(crate) fn of_json(json: &[u8]) -> Result<Self, Invalid> {
        let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
        let mut json = serde_json::Deserializer::from_slice(json);
        let fields = json.deserialize_map(Self::default());
        let whole = fields.and_then(|fields| json.end().map(|()| fields));
        let whole = whole.map(|fields| fields.bounded("body"));
        whole.map_err(|error| {
            let message = match error.classify() {
                serde_json::error::Category::Data => "Expected a JSON object.".to_owned(),
                _ => format!(
                    "This is not valid JSON (line {}, column {}).",
                    error.line(),
                    error.column()
                ),
            };
            Invalid::field("body", FieldError::malformed("malformed_json", message))
        })
    }

    /// Reads the parameters of a query.
    pub(crate) fn of_query(query: &str) -> Self {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            fields.add(name.into_owned(), Raw::Parameter(value.into_owned()));
        }
        fields.bounded("query")
    }

    /// The parts of a form, with the errors that were found while it came in.
    pub(crate) fn of_form(
        texts: BTreeMap<String, Result<String, FieldError>>,
        errors: ErrorCollector,
    ) -> Self {
        let parts = texts.into_iter();
        let values = parts
            .map(|(name, text)| (name, text.map(Raw::Part)))
            .collect();
        Self {
            values,
            errors,
            surplus: 0,
        }
    }

    /// Notes an error of the whole when there were more fields than are kept.
    fn bounded(mut self, whole: &str) -> Self {
        if self.surplus > 0 {
            let message = format!("There are at most {MAX_FIELDS} fields.");
            let error = FieldError::malformed("too_many_fields", message);
            self.errors.add(whole, error);
        }
        self
    }

    /// Whether a field of this name is kept.
    fn keeps(&self, name: &str) -> bool {
        self.values.len() < MAX_FIELDS || self.values.contains_key(name)
    }

    fn add(&mut self, name: String, value: Raw) {
        if !self.keeps(&name) {
            self.surplus += 1;
            return;
        }
        let entry = self.values.entry(name);
        let entry = entry.and_modify(|first| *first = Err(value.repeated()));
        entry.or_insert(Ok(value));
    }

    /// Whether a field is there and was not taken yet.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Takes a field. One that is not there is read as if it had its default, if there is one.
    pub(crate) fn take<T: Input>(
        &mut self,
        name: &str,
        default: Option<Value>,
    ) -> Option<T::Value> {
        let default = || default.map(|value| Ok(Raw::Json(value)));
        let value = match self.values.remove(name).or_else(default) {
            Some(raw) => raw.and_then(|raw| T::read(&raw)),
            None => T::absent(),
        };
        self.errors.check(name, value)
    }

    /// Notes an error that only several fields together show.
    pub(crate) fn check<T>(&mut self, name: &str, value: Result<T, FieldError>) -> Option<T> {
        self.errors.check(name, value)
    }

    /// Reads these fields and no others.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub(crate) fn read<S: FieldSet>(mut self) -> Result<S::Output, Invalid> {
        let value = S::read(&mut self);
        self.finish(value)
    }

    /// Ends the reading: every field that was not taken is an error.
    ///
    /// `value` is `None` only if a field was missing or wrong.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, Invalid> {
        for name in self.values.into_keys() {
            self.errors.add(name, FieldError::Unknown);
        }
        self.errors.omit(self.surplus);
        self.errors.into_result()?;
        Ok(value.expect("a field without a value has left an error"))
    }
}

/// Fields that belong together: a body, a form, a query, or a part of one.
pub(crate) trait FieldSet {
    /// What they say.
    type Output;

    /// Reads them. `None` only if a field was missing or wrong, which is noted then.
    fn read(fields: &mut Fields) -> Option<Self::Output>;

    /// What the OpenAPI document says of them.
    fn properties(components: &mut Components) -> Vec<Property>;
}

/// No fields.
pub(crate) struct NoFields;

impl FieldSet for NoFields {
    type Output = ();

    fn read(_: &mut Fields) -> Option<()> {
        Some(())
    }

    fn properties(_: &mut Components) -> Vec<Property> {
        Vec::new()
    }
}

/// The field of this name and type.
pub(crate) fn property<T: Input>(
    name: &'static str,
    about: &[&str],
    default: Option<Value>,
    components: &mut Components,
) -> Property {
    let is_required = T::IS_REQUIRED && default.is_none();
    let mut schema = T::schema(components);
    match &mut schema {
        RefOr::T(Schema::Object(object)) => object.default = default,
        RefOr::Ref(reference) => reference.default = default,
        RefOr::T(_) => {}
    }
    Property::new(name, is_required, about, schema)
}

/// Takes in the fields of a JSON object.
impl<'de> Visitor<'de> for Fields {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if self.keeps(&name) {
                self.add(name, Raw::Json(map.next_value()?));
            } else {
                self.surplus += 1;
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Nullable, input};

    input! {
        /// One field of each sort.
        part Example -> (Option<i64>, Option<Option<bool>>, String) {
            /// May be left out.
            count: Option<i64>,
            /// May be left out or null.
            flag: Option<Nullable<bool>>,
            /// Has a default.
            text: String = "usual",
        } => (count, flag, text)
    }

    type Values = (Option<i64>, Option<Option<bool>>, String);
    type Errors = Vec<(String, &'static str)>;

    fn read(fields: Fields) -> Result<Values, Errors> {
        fields.read::<Example>().map_err(|invalid| {
            let errors = invalid.errors().iter();
            errors
                .map(|error| (error.field.clone(), error.fault.code()))
                .collect()
        })
    }

    fn form(parts: &[(&str, &str)]) -> Fields {
        let parts = parts.iter();
        let texts = parts.map(|(name, text)| ((*name).to_owned(), Ok((*text).to_owned())));
        Fields::of_form(texts.collect(), ErrorCollector::default())
    }

    fn json(text: &str) -> Fields {
        Fields::of_json(text.as_bytes()).unwrap()
    }

    fn errors(expected: &[(&str, &'static str)]) -> Errors {
        let expected = expected.iter();
        expected
            .map(|(field, code)| ((*field).to_owned(), *code))
            .collect()
    }

    #[test]
    fn parts_are_read_by_their_types() {
        let parts = form(&[("count", " 7 "), ("flag", "True"), ("text", "7")]);
        assert_eq!(read(parts), Ok((Some(7), Some(Some(true)), "7".to_owned())));
        let wrong = errors(&[("count", "wrong_type"), ("flag", "wrong_type")]);
        assert_eq!(read(form(&[("count", "7.5"), ("flag", "yes")])), Err(wrong));
    }

    /// contract: conv.unknown-fields
    #[test]
    fn an_unknown_part_is_an_error() {
        let unknown = errors(&[("other", "unknown_field")]);
        assert_eq!(read(form(&[("other", "x")])), Err(unknown));
    }

    #[test]
    fn null_is_not_the_same_as_nothing() {
        let usual = || "usual".to_owned();
        assert_eq!(read(json("{}")), Ok((None, None, usual())));
        let null = json(r#"{"flag": null}"#);
        assert_eq!(read(null), Ok((None, Some(None), usual())));
        let wrong = errors(&[("count", "wrong_type"), ("text", "wrong_type")]);
        let null = json(r#"{"count": null, "text": null}"#);
        assert_eq!(read(null), Err(wrong));
    }

    #[test]
    fn what_goes_beyond_64_fields_is_counted_and_not_kept() {
        let names = (0..100).map(|number| format!("\"x{number}\": [{{}}]"));
        let body = format!("{{{}}}", names.collect::<Vec<_>>().join(","));
        let fields = Fields::of_json(body.as_bytes()).unwrap();
        assert_eq!(fields.values.len(), 64);
        let invalid = fields.read::<Example>().unwrap_err();
        assert_eq!(invalid.errors()[0].fault.code(), "too_many_fields");
        assert_eq!((invalid.errors().len(), invalid.omitted()), (50, 51));
        let query = "a&".repeat(100) + "b";
        let repeated = Fields::of_query(&query).read::<NoFields>().unwrap_err();
        assert_eq!((repeated.errors().len(), repeated.omitted()), (2, 0));
    }

    #[test]
    fn a_byte_order_mark_before_json_is_no_part_of_it() {
        assert_eq!(
            read(json("\u{feff}{}")),
            Ok((None, None, "usual".to_owned()))
        );
        assert!(Fields::of_json("{}\u{feff}".as_bytes()).is_err());
    }

    #[test]
    fn everything_that_is_wrong_is_found_at_once() {
        let body = json(r#"{"a": 1, "count": 1, "flag": 1, "count": 2, "text": ""}"#);
        let expected = errors(&[
            ("count", "repeated"),
            ("flag", "wrong_type"),
            ("a", "unknown_field"),
        ]);
        assert_eq!(read(body), Err(expected));
        let query = Fields::of_query("text=a&count=1&text=b&flag=yes");
        let expected = errors(&[("flag", "wrong_type"), ("text", "repeated")]);
        assert_eq!(read(query), Err(expected));
    }
}
