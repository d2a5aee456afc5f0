//! JSON Schemas of the values that have a law of their own, for the description of the API. Derived schemas are with their types;
//! no rule is made here.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use crate::{
    digest::Digest,
    domain::{access::RoleName, audience::Audience, audit::head::PublicKey},
    timestamp::Timestamp,
};

macro_rules! described {
    ($($name:ident => $schema:expr;)*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

described! {
    Digest => hexadecimal();
    PublicKey => hexadecimal();
    RoleName => json_schema!({
        "type": "string", "minLength": 2, "maxLength": RoleName::MOST, "pattern": "^\\s*[a-z]([a-z0-9]|-[a-z0-9])+\\s*$",
    });
    Timestamp => json_schema!({"type": "string", "format": "date-time"});
    Audience => json_schema!({"type": "string", "enum": Audience::ALL.map(Audience::name)});
}

fn hexadecimal() -> Schema {
    json_schema!({"type": "string", "pattern": "^[0-9a-f]{64}$"})
}

pub(crate) fn uuid() -> Schema {
    json_schema!({"type": "string", "format": "uuid"})
}

/// Typed text. White space at both ends is cut off before the law is applied, which a schema cannot say; so it is a little wider.
pub(crate) fn text(min: usize, max: usize, many_lines: bool) -> Schema {
    // Control characters and those that turn the direction of writing; line breaks may stand at the ends of any text.
    let mut law = json!({
        "type": "string",
        "maxLength": max,
        "not": {"type": "string", "pattern": "[\\u0000-\\u0008\\u000e-\\u001f\\u007f-\\u0084\\u0086-\\u009f\\u202a-\\u202e\\u2066-\\u2069]"},
    });
    if min > 0 {
        law["minLength"] = json!(min);
        // Something that can be seen.
        law["pattern"] = json!(
            "[^\\s\\u0085\\u00ad\\u034f\\u061c\\u115f\\u1160\\u180e\\u200b-\\u200f\\u2060-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0]"
        );
    }
    if !many_lines {
        law["description"] = json!("One line.");
    }
    Schema::try_from(law).unwrap_or_default()
}
