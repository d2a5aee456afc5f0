//! What a secret may be called and what it may hold. The value has no `Debug` and no `Serialize`: it only travels inward.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// As the program that gets it knows it: the name of an environment variable that changes nothing else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SecretName(String);

/// Longest name and value; the value goes into an environment.
const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 16 * 1024;
/// Shorter ones stand in too many words to be masked.
pub const MIN_VALUE: usize = 6;

/// Names that change how programs start, find each other, or what Muster tells them.
const RESERVED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "PWD",
    "OLDPWD",
    "CDPATH",
    "TERM",
    "TMPDIR",
    "TMP",
    "TEMP",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TZDIR",
    "ENV",
    "IFS",
    "PS4",
    "PROMPT_COMMAND",
    "SHELLOPTS",
    "BASHOPTS",
    "GLOBIGNORE",
    "EXECIGNORE",
    "POSIXLY_CORRECT",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "BROWSER",
    "NODE_OPTIONS",
    "NODE_PATH",
    "JAVA_TOOL_OPTIONS",
    "CLASSPATH",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
    "HOSTALIASES",
    "LOCALDOMAIN",
    "RES_OPTIONS",
    "LOCPATH",
    "NLSPATH",
    "OPENSSL_CONF",
    "CURL_HOME",
    "SSLKEYLOGFILE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "TAR_OPTIONS",
    "GZIP",
    "JQ_COLORS",
];
const RESERVED_BEGINNINGS: &[&str] = &[
    "LD_",
    "DYLD_",
    "LC_",
    "BASH_",
    "MUSTER_",
    "DOCKER_",
    "COMPOSE_",
    "BUILDKIT_",
    "PYTHON",
    "PERL",
    "RUBY",
    "GIT_",
    "SSH_",
    "SSL_CERT_",
    "MALLOC_",
    "XDG_",
    "SYSTEMD_",
    "LESS",
    "OPENSSL_",
];

impl SecretName {
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut characters = text.chars();
        let first = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if !first || !characters.all(|c| c.is_ascii_alphanumeric() || c == '_') || text.len() > MAX_NAME {
            return Err(format!(
                "\"{}\" cannot be a secret's name: it is the name of an environment variable, of letters, digits and _, at most {MAX_NAME} of them, such as DB_PASSWORD.",
                text.chars().take(80).collect::<String>()
            ));
        }
        let upper = text.to_ascii_uppercase();
        let reserved = RESERVED.contains(&upper.as_str()) || RESERVED_BEGINNINGS.iter().any(|b| upper.starts_with(b));
        if reserved {
            return Err(format!(
                "\"{text}\" cannot be a secret's name: a variable of this name changes how programs start. Choose another, such as {}.",
                "DB_PASSWORD"
            ));
        }
        Ok(Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SecretName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Why this cannot be a secret's value; the sentence holds nothing of it.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn check_value(value: &str) -> Result<(), String> {
    if value.contains('\0') {
        return Err("The value contains a NUL character, which no variable can hold.".into());
    }
    if value.len() > MAX_VALUE {
        return Err(format!("The value has more than {} KiB.", MAX_VALUE / 1024));
    }
    if value.trim().chars().count() < MIN_VALUE {
        return Err(format!(
            "The value has fewer than {MIN_VALUE} characters. So short a value stands in ordinary words and could not be kept out of what steps print."
        ));
    }
    let lines = || value.lines().map(|line| line.trim().chars().count());
    if lines().count() > 1 && !lines().any(|n| n >= MIN_VALUE) {
        return Err(format!(
            "No line of the value has {MIN_VALUE} characters, so it could not be kept out of what steps print, line by line."
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_variables_that_change_no_program() {
        for fine in ["DB_PASSWORD", "TOKEN", "_x", "replica2", "PATHS", "LDAP_PASSWORD", "SSHKEY"] {
            assert!(SecretName::parse(fine).is_ok(), "{fine}");
        }
        let odd = ["", "2x", "A-B", "A B", "A=B", "É", "A\n", "A\0"];
        let reserved = [
            "PATH",
            "path",
            "LD_PRELOAD",
            "ld_library_path",
            "DOCKER_HOST",
            "COMPOSE_FILE",
            "BASH_ENV",
            "BASH_FUNC_x",
            "ENV",
            "IFS",
            "MUSTER_RUN",
            "PYTHONPATH",
            "GIT_SSH_COMMAND",
            "HOME",
            "http_proxy",
            "PS4",
            "SSL_CERT_FILE",
        ];
        for bad in odd.iter().chain(&reserved) {
            assert!(SecretName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(
            SecretName::parse(&"A".repeat(MAX_NAME)).is_ok() && SecretName::parse(&"A".repeat(MAX_NAME + 1)).is_err()
        );
    }

    #[test]
    fn a_value_must_be_long_enough_to_be_masked() {
        for fine in ["hunter", "a b c d", "ab\ncdefgh", "-----BEGIN KEY-----\nx\n"] {
            assert!(check_value(fine).is_ok(), "{fine:?}");
        }
        let long = "x".repeat(MAX_VALUE + 1);
        for bad in ["", "abcde", "     a     ", "abc\ndef\n", "hunter\0", &long] {
            let sentence = check_value(bad).unwrap_err();
            // A letter or none stands in any sentence.
            assert!(bad.trim().len() < 2 || !sentence.contains(bad.trim()), "{sentence}");
        }
    }
}
