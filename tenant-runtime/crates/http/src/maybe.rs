//! Fields of a PATCH: left out, null, or a value.

use serde::{Deserialize, Deserializer};

/// Deserialises a field that is there; `null` clears it. With `#[serde(default)]`, a field that is
/// left out stays `None`.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Patch {
        #[serde(default, deserialize_with = "super::present")]
        rag: Option<Option<u8>>,
    }

    #[test]
    fn left_out_null_and_a_value_are_three_things() {
        let read = |json| serde_json::from_str::<Patch>(json).unwrap().rag;
        assert_eq!(read("{}"), None);
        assert_eq!(read(r#"{"rag":null}"#), Some(None));
        assert_eq!(read(r#"{"rag":3}"#), Some(Some(3)));
    }
}
