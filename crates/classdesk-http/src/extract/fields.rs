//! The fields of a body, read one by one so that all faults are found at once.

use std::collections::BTreeMap;
use std::fmt;

use classdesk_domain::error::{ErrorCollector, FieldError, Invalid};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// The fields of one body and what is wrong with them so far.
///
/// Each field is asked for once; whatever nobody asked for is a fault in the end.
#[derive(Default)]
pub(crate) struct Fields {
    values: BTreeMap<String, Value>,
    faults: ErrorCollector,
}

impl Fields {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// One fault of the `body` when the text is no JSON object. What is nested too deeply and
    /// numbers beyond all bounds count as no JSON.
    pub(crate) fn of_json(json: &[u8]) -> Result<Self, Invalid> {
        let malformed = |error: serde_json::Error| {
            let message = match error.classify() {
                serde_json::error::Category::Data => "Expected a JSON object.".to_owned(),
                _ => format!(
                    "This is not valid JSON (line {}, column {}).",
                    error.line(),
                    error.column()
                ),
            };
            Invalid::field("body", FieldError::rule("malformed_json", message))
        };
        let Object(values, repeated) = serde_json::from_slice(json).map_err(malformed)?;
        let mut fields = Self {
            values,
            faults: ErrorCollector::default(),
        };
        for name in repeated {
            let fault = FieldError::rule("repeated", "This field may be there only once.");
            fields.faults.add(name, fault);
        }
        Ok(fields)
    }

    /// Fields that came in another way than as JSON, with the faults that were found on that way.
    pub(crate) fn of_values(values: BTreeMap<String, Value>, faults: ErrorCollector) -> Self {
        Self { values, faults }
    }

    /// Whether a field is there and was not asked for yet.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A field that has to be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Result<T, FieldError>,
    ) -> Option<T> {
        match self.values.remove(name) {
            Some(value) => self.faults.check(name, read(&value)),
            None => {
                self.faults.add(name, FieldError::Required);
                None
            }
        }
    }

    /// A field that may be left out, but not be null.
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Result<T, FieldError>,
    ) -> Option<T> {
        let value = self.values.remove(name)?;
        self.faults.check(name, read(&value))
    }

    /// A field that may be left out (`None`) or be null (`Some(None)`).
    pub(crate) fn nullable<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Result<T, FieldError>,
    ) -> Option<Option<T>> {
        match self.values.remove(name)? {
            Value::Null => Some(None),
            value => self.faults.check(name, read(&value)).map(Some),
        }
    }

    /// A field that has to be there but may be null.
    pub(crate) fn required_nullable<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Result<T, FieldError>,
    ) -> Option<Option<T>> {
        if !self.has(name) {
            self.faults.add(name, FieldError::Required);
        }
        self.nullable(name, read)
    }

    /// Notes a fault that only several fields together show.
    pub(crate) fn check<T>(
        &mut self,
        name: &'static str,
        value: Result<T, FieldError>,
    ) -> Option<T> {
        self.faults.check(name, value)
    }

    /// Ends the reading: every field that nobody asked for is a fault.
    ///
    /// `value` is `None` only if a field was missing or wrong.
    ///
    /// # Errors
    /// Everything that was wrong.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, Invalid> {
        for name in self.values.into_keys() {
            self.faults.add(name, FieldError::Unknown);
        }
        self.faults.into_result()?;
        Ok(value.expect("a field without a value has left a fault"))
    }
}

/// A JSON object together with the names that it has more than once.
struct Object(BTreeMap<String, Value>, Vec<String>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = Object(BTreeMap::new(), Vec::new());
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if object.0.insert(name.clone(), value).is_some() && !object.1.contains(&name) {
                        object.1.push(name);
                    }
                }
                Ok(object)
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}
