//! The text form of artifacts: JSON with sorted keys, two spaces of indent and a final newline, under a schema version.

use crate::{Error, Kind, Stage};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A value with a text form. `read(write(x)) == x` for every value.
pub trait Artifact: Serialize + DeserializeOwned {
    /// The stage that writes it.
    const STAGE: Stage;
    /// Raised whenever the form changes.
    const SCHEMA: u32;

    /// The text form. Equal values have equal texts.
    fn write(&self) -> String {
        let mut value = serde_json::to_value(self).expect("artifacts have only string keys");
        let object = value.as_object_mut().expect("artifacts are structs");
        object.insert("schema".into(), Self::SCHEMA.into());
        // serde_json's maps are sorted, so converting to a `Value` sorts the keys.
        let mut text = serde_json::to_string_pretty(&value).expect("a value can be written");
        text.push('\n');
        text
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// If the text is not of this form and schema.
    fn read(text: &str) -> Result<Self, Error> {
        let malformed = |message: String| Error::new(Self::STAGE, Kind::Malformed, message);
        let mut value: Value = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        let object = value.as_object_mut().ok_or_else(|| malformed("not a JSON object".into()))?;
        match object.remove("schema") {
            Some(schema) if schema == Self::SCHEMA => {}
            Some(schema) => return Err(malformed(format!("schema {schema}, not {}", Self::SCHEMA))),
            None => return Err(malformed("no schema".into())),
        }
        serde_json::from_value(value).map_err(|error| malformed(error.to_string()))
    }
}
