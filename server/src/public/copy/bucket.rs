//! A copy in a bucket that speaks S3. There is no way to exchange all objects at once, so pages come before the pages that lead to
//! them, and what is gone goes last; only what Muster itself put there is ever removed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use axum::http::{HeaderValue, Method, Request, header};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use outgoing::{Limits, Outgoing, System, rule::Allowed};
use rusty_s3::{Bucket as Place, Credentials, S3Action as _, UrlStyle};
use serde::{Deserialize, Serialize};
use shared::{digest::Digest, timestamp::Timestamp};
use url::Url;

use super::{Copy, CopyFile};

/// Says what of the bucket is a copy, and of when.
const MARK: &str = ".muster-status-copy.json";
/// A signed address is used at once.
const SIGNED_FOR: Duration = Duration::from_secs(60);
const LIMITS: Limits = Limits { time: Duration::from_secs(30), bytes: 16 * 1024 * 1024 };
/// Objects on their way at once.
const AT_ONCE: usize = 8;

/// As it is written in the settings.
#[derive(Default)]
pub struct RawBucket {
    pub address: Option<String>,
    pub region: Option<String>,
    pub key: Option<String>,
    pub secret: Option<String>,
}

/// Which bucket, and who we are there.
#[derive(Clone)]
pub struct BucketSettings {
    place: Place,
    /// Empty, or with a slash at its end.
    prefix: String,
    credentials: Credentials,
    endpoint: Url,
}

impl fmt::Debug for BucketSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the credentials.
        f.debug_struct("BucketSettings").field("place", &self.place.base_url().as_str()).finish_non_exhaustive()
    }
}

impl BucketSettings {
    /// `https://s3.example.org/bucket/prefix`, addressed by path as all S3 servers understand it.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn parse(raw: RawBucket) -> Result<Option<Self>, String> {
        let Some(address) = raw.address else {
            return match raw.key.or(raw.secret).or(raw.region) {
                None => Ok(None),
                Some(_) => Err("a key, secret or region of a bucket is set, but not where it is: \
                                set MUSTER_STATUS_COPY_S3 (status_copy_s3) too, or none of them"
                    .into()),
            };
        };
        let wrong = |why: &str| {
            format!(
                "status_copy_s3 (MUSTER_STATUS_COPY_S3): {why}; write https://host/bucket or https://host/bucket/prefix"
            )
        };
        let mut endpoint = Url::parse(&address).map_err(|e| wrong(&e.to_string()))?;
        if !endpoint.username().is_empty() || endpoint.password().is_some() || endpoint.query().is_some() {
            return Err(wrong("nothing but a path may follow the host"));
        }
        let path = endpoint.path().trim_matches('/').to_owned();
        let (name, prefix) = path.split_once('/').unwrap_or((&path, ""));
        if name.is_empty() {
            return Err(wrong("it names no bucket"));
        }
        endpoint.set_path("");
        endpoint.set_fragment(None);
        let region = raw.region.unwrap_or_else(|| "us-east-1".into());
        let place = Place::new(endpoint.clone(), UrlStyle::Path, name.to_owned(), region);
        let place = place.map_err(|e| wrong(&e.to_string()))?;
        let missing = |key: &str| format!("status_copy_s3 needs status_copy_s3_{} ({key}) too", key_of(key));
        let key = raw.key.ok_or_else(|| missing("MUSTER_STATUS_COPY_S3_KEY"))?;
        let secret = raw.secret.ok_or_else(|| missing("MUSTER_STATUS_COPY_S3_SECRET"))?;
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(Some(Self { place, prefix, credentials: Credentials::new(key, secret), endpoint }))
    }
}

fn key_of(variable: &str) -> String {
    variable.rsplit('_').next().unwrap_or_default().to_ascii_lowercase()
}

/// What the mark in the bucket says.
#[derive(Default, Deserialize, Serialize)]
struct Mark {
    #[serde(default)]
    made_at: Option<Timestamp>,
    /// Each object and the digest of what it says; none while it is on its way.
    files: BTreeMap<String, Option<Digest>>,
}

/// A bucket, and what is known to be in it.
pub(crate) struct Bucket {
    settings: Arc<BucketSettings>,
    outgoing: Outgoing,
    /// Unknown until the mark was read.
    there: Option<BTreeMap<String, Option<Digest>>>,
}

impl Bucket {
    pub(crate) fn new(settings: BucketSettings, allowed: Allowed) -> Self {
        let outgoing = Outgoing::with(allowed.and(&settings.endpoint), Arc::new(System), LIMITS);
        Self { settings: Arc::new(settings), outgoing, there: None }
    }

    /// Puts what has changed and removes what is gone.
    ///
    /// # Errors
    /// A sentence. What was not reached is as it was; the next time goes on from there.
    pub(crate) async fn put(&mut self, copy: Copy) -> Result<(), String> {
        let mut there = match self.there.take() {
            Some(there) => there,
            None => self.mark().await?.files,
        };
        let result = self.renew(&mut there, copy).await;
        // After a failure the bucket is asked again what it has.
        self.there = result.is_ok().then_some(there);
        result
    }

    async fn renew(&self, there: &mut BTreeMap<String, Option<Digest>>, copy: Copy) -> Result<(), String> {
        let now: BTreeSet<_> = copy.files.iter().map(|file| file.path.clone()).collect();
        let mut changed: Vec<_> =
            copy.files.into_iter().filter(|file| there.get(&file.path) != Some(&Some(content(file)))).collect();
        // Deep pages first, those that lead to them after, the first page last.
        changed.sort_by_key(|file| (file.path == "index.html", file.path.ends_with("index.html")));
        if changed.iter().any(|file| !there.contains_key(&file.path)) {
            // Named before it is there: what a crash leaves half way is found and renewed or removed.
            there.extend(changed.iter().map(|file| (file.path.clone(), None)));
            self.write_mark(None, there).await?;
        }
        let last = changed.pop();
        let done: Vec<_> = stream::iter(changed)
            .map(|file| async move { self.write(&file).await.map(|()| (file.path.clone(), Some(content(&file)))) })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        there.extend(done);
        if let Some(file) = last {
            self.write(&file).await?;
            there.insert(file.path.clone(), Some(content(&file)));
        }
        let gone: Vec<_> = there.keys().filter(|path| !now.contains(*path)).cloned().collect();
        for path in gone {
            self.ask(Method::DELETE, &path, vec![], None).await?;
            there.remove(&path);
        }
        self.write_mark(Some(copy.made_at), there).await
    }

    async fn mark(&self) -> Result<Mark, String> {
        match self.ask(Method::GET, MARK, vec![], None).await? {
            None => Ok(Mark::default()),
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|e| format!("{MARK} in the bucket cannot be read ({e}); remove it, then all is put anew")),
        }
    }

    async fn write_mark(
        &self,
        made_at: Option<Timestamp>,
        files: &BTreeMap<String, Option<Digest>>,
    ) -> Result<(), String> {
        let mark = serde_json::to_vec(&Mark { made_at, files: files.clone() }).map_err(|e| e.to_string())?;
        self.ask(Method::PUT, MARK, mark, Some(HeaderValue::from_static("application/json"))).await.map(drop)
    }

    async fn write(&self, file: &CopyFile) -> Result<(), String> {
        self.ask(Method::PUT, &file.path, file.bytes.to_vec(), Some(file.media.clone())).await.map(drop)
    }

    /// `None` if there is no such object.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        media: Option<HeaderValue>,
    ) -> Result<Option<Vec<u8>>, String> {
        let object = format!("{}{path}", self.settings.prefix);
        let (place, who) = (&self.settings.place, Some(&self.settings.credentials));
        let url = match method {
            Method::PUT => place.put_object(who, &object).sign(SIGNED_FOR),
            Method::DELETE => place.delete_object(who, &object).sign(SIGNED_FOR),
            _ => place.get_object(who, &object).sign(SIGNED_FOR),
        };
        let mut request = Request::builder().method(&method).uri(url.as_str()).body(body).map_err(|e| e.to_string())?;
        if let Some(media) = media {
            let headers = request.headers_mut();
            headers.insert(header::CONTENT_TYPE, media);
            // A reader asks each time whether it is still so.
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=0, must-revalidate"));
        }
        let answer = self.outgoing.send(request).await.map_err(|e| e.to_string())?;
        let status = answer.status();
        match status.as_u16() {
            404 if method != Method::PUT && code(answer.body()) != "NoSuchBucket" => Ok(None),
            _ if status.is_success() => Ok(Some(answer.into_body())),
            _ => Err(format!("the bucket refuses {method} of {object}: {status} {}", code(answer.body()))),
        }
    }
}

/// What an S3 server calls its refusal: `<Code>AccessDenied</Code>`.
fn code(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    code.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(60).collect()
}

/// Of what a file says, leaving out when the copy was made: an old incident is not put again every five minutes. The first page always
/// is, so that its age tells whether the copy is kept.
fn content(file: &CopyFile) -> Digest {
    let bytes = &file.bytes;
    if file.path == "index.html" || !file.path.ends_with(".html") {
        return Digest::of(bytes);
    }
    let text = String::from_utf8_lossy(bytes);
    let stamp =
        text.split_once("<p class=\"copy\">").and_then(|(before, rest)| Some((before, rest.split_once("</p>")?.1)));
    match stamp {
        Some((before, after)) => Digest::of(format!("{before}{after}").as_bytes()),
        None => Digest::of(bytes),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn settings(address: &str) -> Result<Option<BucketSettings>, String> {
        let some = |text: &str| Some(text.to_owned());
        BucketSettings::parse(RawBucket {
            address: some(address),
            key: some("key"),
            secret: some("hush"),
            region: None,
        })
    }

    #[test]
    fn a_bucket_is_an_address_with_a_path() {
        for (address, object) in [
            ("https://s3.example.org/status", "https://s3.example.org/status/index.html"),
            ("https://s3.example.org/status/", "https://s3.example.org/status/index.html"),
            ("http://[::1]:9000/status/a/b/", "http://[::1]:9000/status/a/b/index.html"),
        ] {
            let settings = settings(address).unwrap().unwrap();
            assert_eq!(settings.place.object_url(&format!("{}index.html", settings.prefix)).as_str(), object);
            assert!(!format!("{settings:?}").contains("hush"));
        }
        for wrong in
            ["status", "s3://status", "https://s3.example.org", "https://a:b@s3.example.org/c", "https://x/y?z"]
        {
            assert!(settings(wrong).unwrap_err().contains("MUSTER_STATUS_COPY_S3"), "{wrong}");
        }
        let alone = RawBucket { address: Some("https://s3.example.org/b".into()), ..RawBucket::default() };
        assert!(BucketSettings::parse(alone).unwrap_err().contains("MUSTER_STATUS_COPY_S3_KEY"));
        assert!(BucketSettings::parse(RawBucket::default()).unwrap().is_none());
    }

    #[test]
    fn a_page_says_the_same_when_only_the_time_of_the_copy_is_another() {
        let file = |path: &str, text: &str| CopyFile {
            path: path.into(),
            bytes: Bytes::from(text.to_owned()),
            media: HeaderValue::from_static("text/html"),
        };
        let page = |at: &str, said: &str| format!("<main>{said}</main><p class=\"copy\">made {at}</p><footer>");
        let old = |at: &str, said: &str| content(&file("incidents/1/index.html", &page(at, said)));
        assert_eq!(old("10:00", "It works."), old("10:05", "It works."));
        assert_ne!(old("10:00", "It works."), old("10:00", "It does not."));
        let first = |at: &str| content(&file("index.html", &page(at, "It works.")));
        assert_ne!(first("10:00"), first("10:05"));
        assert_eq!(code(b"<Error><Code>NoSuchKey</Code>"), "NoSuchKey");
        assert_eq!(code(b"<html>"), "");
    }
}
