//! One database at several addresses, as libpq writes it: `postgres://user@one:5432,two:5432/muster`. Opens no connection.

use std::fmt;

use sqlx::postgres::PgConnectOptions;

use crate::StoreError;

/// Where the database may be. Never empty.
#[derive(Clone)]
pub(crate) struct Addresses {
    pub(crate) each: Vec<PgConnectOptions>,
    pub(crate) password: Option<String>,
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the password.
        f.debug_list().entries(self.each.iter().map(place)).finish()
    }
}

/// `db1.example.org:5432`, or a socket.
pub(crate) fn place(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    }
}

impl Addresses {
    pub(crate) fn parse(url: &str) -> Result<Self, StoreError> {
        let wrong = |why: String| StoreError::Bug(format!("DATABASE_URL is not a Postgres URL: {why}"));
        let (urls, password) = split(url).map_err(wrong)?;
        let each = urls.iter().map(|url| {
            let options: PgConnectOptions = url.parse().map_err(|e: sqlx::Error| wrong(e.to_string()))?;
            Ok(options
                .application_name("muster")
                // A program that is frozen in the middle of a transaction must not keep its locks longer than its lease. And
                // compiling a query, where the planner guesses too high, takes longer than any of ours.
                .options([("idle_in_transaction_session_timeout", "5s"), ("jit", "off")]))
        });
        Ok(Self { each: each.collect::<Result<_, StoreError>>()?, password })
    }

    /// The same places; whoever connects works under `role`, if one is given.
    pub(crate) fn under(self, role: Option<&str>) -> Self {
        let each = self.each.into_iter().map(|options| options.options(role.map(|role| ("role", role)))).collect();
        Self { each, ..self }
    }
}

/// A URL for each host, and the password.
fn split(url: &str) -> Result<(Vec<String>, Option<String>), String> {
    let (scheme, rest) = url.split_once("://").ok_or("it has no scheme; it begins with postgres://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (format!("{login}@"), hosts),
        None => (String::new(), authority),
    };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut kept = vec![];
    let mut password = login.trim_end_matches('@').split_once(':').map(|(_, password)| decoded(password));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("target_session_attrs", "read-write" | "primary") => {}
            ("target_session_attrs", other) => {
                return Err(format!(
                    "target_session_attrs={other} is not possible, because Muster writes: say read-write, or leave it out"
                ));
            }
            ("host" | "port", value) if value.contains(',') => {
                return Err("several hosts are named before the slash: postgres://user@one:5432,two:5432/muster".into());
            }
            (key, value) => {
                if key == "password" {
                    password = Some(decoded(value));
                }
                kept.push(pair);
            }
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    let urls = hosts.split(',').map(|host| format!("{scheme}://{login}{host}{path}{query}")).collect();
    Ok((urls, password))
}

/// Percent signs undone; what is no escape stays as it is.
fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (vec![], text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten().and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_apart_and_the_rest_is_the_same_for_each() {
        let several = "postgres://ada:p%40ss@one:5432,two:5433/muster?target_session_attrs=read-write&sslmode=disable";
        let cases: [(&str, &[&str]); 6] = [
            ("postgres://ada@one/muster", &["one:5432"]),
            (several, &["one:5432", "two:5433"]),
            ("postgresql://one,two,three/muster", &["one:5432", "two:5432", "three:5432"]),
            ("postgres://ada@%2Frun%2Fa:5432,%2Frun%2Fb:5432/muster", &["/run/a", "/run/b"]),
            ("postgres://[::1]:1,two:2/muster", &["[::1]:1", "two:2"]),
            ("postgres:///muster?host=/run/a", &["/run/a"]),
        ];
        for (url, expected) in cases {
            let found = Addresses::parse(url).unwrap();
            assert_eq!(found.each.iter().map(place).collect::<Vec<_>>(), expected, "{url}");
            assert!(found.each.iter().all(|one| one.get_database() == Some("muster")), "{url}");
        }
        let found = Addresses::parse(several).unwrap();
        assert_eq!(found.password.as_deref(), Some("p@ss"));
        assert!(!format!("{found:?}").contains("p@ss"));
        assert!(found.each.iter().all(|one| one.get_username() == "ada"));
    }

    #[test]
    fn what_cannot_work_is_a_sentence() {
        for (url, words) in [
            ("muster", "begins with postgres://"),
            ("postgres://one,two/m?target_session_attrs=any", "because Muster writes"),
            ("postgres:///m?host=one,two", "before the slash"),
            ("postgres://one:x,two/m", "invalid port"),
        ] {
            let error = Addresses::parse(url).unwrap_err().to_string();
            assert!(error.contains(words) && error.starts_with("DATABASE_URL"), "{url}: {error}");
        }
    }
}
