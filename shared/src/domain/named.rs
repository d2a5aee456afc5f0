//! Names of plain enums, as serde writes them, for columns and addresses. Nothing with fields has one.

macro_rules! named {
    ($($type:ident)*) => {$(
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let name = serde_json::to_value(self).map_err(|_| std::fmt::Error)?;
                f.write_str(name.as_str().unwrap_or_default())
            }
        }

        impl std::str::FromStr for $type {
            type Err = serde_json::Error;

            fn from_str(text: &str) -> Result<Self, serde_json::Error> {
                serde_json::from_value(serde_json::Value::String(text.to_owned()))
            }
        }
    )*};
}

pub(crate) use named;
