//! `muster openapi`: the description of the API on standard output. Needs no database.

use std::process::ExitCode;

use server::{config::Config, openapi};

use super::{Done, Failure, result};

pub(crate) fn openapi(lines: bool) -> Done {
    if lines {
        result(openapi::listing(openapi::api()).as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let config = Config::load()?;
    let document = openapi::document(&config.public_url);
    let text = serde_json::to_string_pretty(&document).map_err(|error| Failure::wrong(error.to_string()))?;
    result(format!("{text}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
