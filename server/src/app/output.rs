//! What the steps of a run printed: a part of it, where a text stands in it, all of it. Reads only, and never all at once.

use futures::{Stream, stream};
use shared::{
    api::{
        List,
        run::{OutputLine, OutputPart},
    },
    ids::RunId,
    printed,
};
use store::{Store, StoreError};

use crate::{
    auth::permit::{Permit, ViewConsole},
    error::{AppError, Found as _},
};

/// Lines in one answer.
const LINES: i64 = 2000;
/// Found lines in one answer.
const HITS: usize = 1000;
/// Text looked through for one answer; who wants more asks again.
const SEARCHED: usize = 64 * 1024 * 1024;
const NEEDLE: usize = 200;
/// Chunks read at a time: at most some two megabytes.
const CHUNKS: i64 = 16;

async fn id(store: &Store, number: i64) -> Result<RunId, AppError> {
    Ok(store.run_by_number(number).await.found(|| format!("run {number}"))?.run.header.id)
}

/// Lines in order.
///
/// # Errors
/// 404 if there is no such run; 400 if the part makes no sense.
pub async fn part(
    store: &Store,
    _permit: &Permit<ViewConsole>,
    number: i64,
    part: OutputPart,
) -> Result<List<OutputLine>, AppError> {
    let limit = part.limit.unwrap_or(LINES).clamp(1, LINES);
    if let (Some(_), Some(_)) = (part.after, part.before) {
        let message = "Ask for lines after a number or before one, not both.";
        return Err(AppError::malformed(Some("before".into()), message));
    }
    let run = id(store, number).await?;
    if let Some(before) = part.before {
        let items = store.output_before(run, before.max(1), part.step, limit).await?;
        return Ok(List { items, next: None });
    }
    let items = store.output_after(run, part.after.unwrap_or(0).max(0), part.step, limit).await?;
    Ok(super::view::page(items, limit, |line| line.line))
}

/// Numbers of the lines after `after` that contain `text` as the eye sees them, letters A to Z in either case.
///
/// # Errors
/// 404 if there is no such run; 422 if the text cannot be searched.
pub async fn search(
    store: &Store,
    _permit: &Permit<ViewConsole>,
    number: i64,
    text: &str,
    after: i64,
) -> Result<List<i64>, AppError> {
    if text.is_empty() || text.chars().count() > NEEDLE || text.contains(char::is_control) {
        let message = format!("Search for a text of 1 to {NEEDLE} characters on one line.");
        return Err(AppError::invalid_field("q", message));
    }
    let run = id(store, number).await?;
    let (mut hits, mut seen, mut searched) = (vec![], after.max(0), 0);
    while searched < SEARCHED {
        let chunks = store.output_chunks(run, seen, i64::MAX, None, CHUNKS).await?;
        if chunks.is_empty() {
            return Ok(List { items: hits, next: None });
        }
        for chunk in chunks {
            let found = printed::lines_with(&chunk.text, text).into_iter();
            let lines = found.filter_map(|n| Some(chunk.first_line + i64::try_from(n).ok()?));
            hits.extend(lines.filter(|line| *line > seen));
            searched += chunk.text.len();
            seen = chunk.last_line;
            if hits.len() >= HITS {
                hits.truncate(HITS);
                return Ok(List { next: hits.last().map(i64::to_string), items: hits });
            }
        }
    }
    Ok(List { items: hits, next: Some(seen.to_string()) })
}

/// Everything that is there now, as printed, escape sequences and all, in pieces. A piece that cannot be read ends it as an error, so
/// that nobody takes half for the whole.
///
/// # Errors
/// 404 if there is no such run.
pub async fn whole(
    store: &Store,
    _permit: &Permit<ViewConsole>,
    number: i64,
    step: Option<u32>,
) -> Result<impl Stream<Item = Result<String, StoreError>> + use<>, AppError> {
    let run = id(store, number).await?;
    let until = store.output_count(run).await?;
    let store = store.clone();
    Ok(stream::try_unfold((store, 0), move |(store, after)| async move {
        let chunks = store.output_chunks(run, after, until, step, CHUNKS).await?;
        let Some(last) = chunks.last().map(|chunk| chunk.last_line) else { return Ok(None) };
        let mut piece = String::new();
        for chunk in chunks {
            piece += &chunk.text;
            piece.push('\n');
        }
        Ok(Some((piece, (store, last))))
    }))
}
