//! Paths, arguments and environment values in JSON: readable where they are UTF-8, lossless where they are not.
//!
//! UTF-8 text is a plain JSON string. Anything else is `{"bytes": "<hex>"}` on Unix and
//! `{"wide": "<hex of UTF-16 units>"}` on Windows. The submodules are for `#[serde(with = "…")]`.

use std::ffi::{OsStr, OsString};

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Bytes { bytes: String },
    Wide { wide: String },
}

#[derive(Debug, thiserror::Error)]
#[error("this is not text of this operating system: {0}")]
struct NotOurs(&'static str);

impl Text {
    fn of(text: &OsStr) -> Text {
        match text.to_str() {
            Some(plain) => Text::Plain(plain.to_owned()),
            None => raw(text),
        }
    }

    fn back(self) -> Result<OsString, NotOurs> {
        match self {
            Text::Plain(plain) => Ok(plain.into()),
            Text::Bytes { bytes } => from_bytes(&bytes),
            Text::Wide { wide } => from_wide(&wide),
        }
    }
}

#[cfg(unix)]
fn raw(text: &OsStr) -> Text {
    use std::os::unix::ffi::OsStrExt;
    Text::Bytes { bytes: text.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect() }
}

#[cfg(unix)]
fn from_bytes(hex: &str) -> Result<OsString, NotOurs> {
    use std::os::unix::ffi::OsStringExt;
    let digits = hex.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return Err(NotOurs("an odd number of hex digits"));
    }
    let byte = |pair: &[u8]| {
        std::str::from_utf8(pair)
            .ok()
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
            .ok_or(NotOurs("hex"))
    };
    Ok(OsString::from_vec(digits.chunks(2).map(byte).collect::<Result<_, _>>()?))
}

#[cfg(unix)]
fn from_wide(_: &str) -> Result<OsString, NotOurs> {
    Err(NotOurs("wide text belongs to Windows"))
}

#[cfg(windows)]
fn raw(text: &OsStr) -> Text {
    use std::os::windows::ffi::OsStrExt;
    Text::Wide { wide: text.encode_wide().map(|unit| format!("{unit:04x}")).collect() }
}

#[cfg(windows)]
fn from_wide(hex: &str) -> Result<OsString, NotOurs> {
    use std::os::windows::ffi::OsStringExt;
    let unit = |four: &[u8]| {
        std::str::from_utf8(four)
            .ok()
            .and_then(|four| u16::from_str_radix(four, 16).ok())
            .ok_or(NotOurs("hex"))
    };
    Ok(OsString::from_wide(&hex.as_bytes().chunks(4).map(unit).collect::<Result<Vec<_>, _>>()?))
}

#[cfg(windows)]
fn from_bytes(_: &str) -> Result<OsString, NotOurs> {
    Err(NotOurs("raw bytes belong to Unix"))
}

/// One path.
pub mod path {
    use super::*;
    use serde::{Deserializer, Serializer, de::Error};
    use std::path::{Path, PathBuf};

    pub fn serialize<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
        Text::of(path.as_os_str()).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
        Text::deserialize(from)?.back().map(PathBuf::from).map_err(D::Error::custom)
    }
}

/// A list of texts, as an argument vector.
pub mod list {
    use super::*;
    use serde::{Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(list: &[OsString], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(list.iter().map(|text| Text::of(text)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<OsString>, D::Error> {
        let texts = Vec::<Text>::deserialize(from)?;
        texts.into_iter().map(Text::back).collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}

/// Pairs of name and value, as an environment. The order is kept.
pub mod pairs {
    use super::*;
    use serde::{Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(pairs: &[(OsString, OsString)], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(pairs.iter().map(|(name, value)| (Text::of(name), Text::of(value))))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(OsString, OsString)>, D::Error> {
        let pairs = Vec::<(Text, Text)>::deserialize(from)?;
        let both = |(name, value): (Text, Text)| Ok::<_, NotOurs>((name.back()?, value.back()?));
        pairs.into_iter().map(both).collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}
