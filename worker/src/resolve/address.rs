//! The address in a step → which container port it means, as far as the text alone tells. Contacts nobody.

use url::{Host, Url};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `localhost:8081`: the container that publishes this port on the host.
    Published(u16),
    /// `validator1:8080`: a service by its name in the project's networks.
    Service { name: String, port: u16 },
}

/// The error completes the sentence "Step 4 …".
pub(crate) fn target(text: &str) -> Result<Target, String> {
    let url: Url = text.parse().map_err(|e| format!("asks {text}, which is not an address: {e}"))?;
    if url.scheme() != "http" {
        return Err(format!("asks {text}; only http can be asked yet, not {}", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("asks an address with a name or password in it; those cannot be used".into());
    }
    let port = url.port_or_known_default().unwrap_or(80);
    match url.host() {
        Some(Host::Domain("localhost")) => Ok(Target::Published(port)),
        Some(Host::Ipv4(ip)) if ip.is_loopback() || ip.is_unspecified() => Ok(Target::Published(port)),
        Some(Host::Ipv6(ip)) if ip.is_loopback() || ip.is_unspecified() => Ok(Target::Published(port)),
        Some(Host::Domain(name)) if !name.contains('.') => Ok(Target::Service { name: name.to_owned(), port }),
        _ => Err(format!("asks {text}, which is outside of the project")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_project_can_be_meant() {
        let service = Target::Service { name: "validator1".into(), port: 8080 };
        let good = [
            ("http://localhost:8081/api", Target::Published(8081)),
            ("http://127.0.0.1/x", Target::Published(80)),
            ("http://[::1]:9/x", Target::Published(9)),
            ("http://0.0.0.0:9/x", Target::Published(9)),
            ("http://validator1:8080/x?y", service),
        ];
        for (text, expected) in good {
            assert_eq!(target(text), Ok(expected), "{text}");
        }
        let bad = [
            ("https://localhost:8081/", "only http"),
            ("http://example.com/", "outside of the project"),
            ("http://169.254.169.254/latest", "outside of the project"),
            ("http://u:secret@localhost/", "name or password"),
            ("localhost:8081/x", "only http"),
            ("", "not an address"),
        ];
        for (text, part) in bad {
            let why = target(text).unwrap_err();
            assert!(why.contains(part) && !why.contains("secret"), "{text}: {why}");
        }
    }
}
