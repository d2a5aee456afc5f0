//! Which addresses may be asked: pure, decided by the text of a URL, what its host resolved to, and what the operator
//! allowed. Resolves nothing, connects to nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

/// Why a request is not made. Each sentence names the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("it is not an address ({0})")]
    NotAnAddress(String),
    #[error("only http:// and https:// are asked, not {0}:")]
    Scheme(String),
    #[error("an address must not carry a user name or password")]
    UserInfo,
    #[error("the host must be written plainly, as \"{0}\"")]
    OddHost(String),
    #[error("port 0 is none")]
    Port,
    #[error("{host} is {address}, {kind}; an operator can allow it with {setting}={host}")]
    Inside { host: String, address: IpAddr, kind: Kind, setting: &'static str },
    #[error("{0} has no address")]
    NoAddress(String),
    #[error("a redirect from https to http is not followed")]
    Downgrade,
    #[error("it redirected more than {0} times")]
    TooManyRedirects(usize),
}

/// What an address is that is not the open internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Loopback,
    Unspecified,
    Private,
    LinkLocal,
    Metadata,
    Multicast,
    /// One address dressed as another: IPv4 in IPv6, 6to4, Teredo, local NAT64.
    Embedded,
    Reserved,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Loopback => "this machine itself",
            Self::Unspecified => "no address at all",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "where clouds keep their machines' credentials",
            Self::Multicast => "a multicast address",
            Self::Embedded => "an address that hides another",
            Self::Reserved => "a reserved address",
        })
    }
}

/// Hosts that may be asked although they are inside: what the operator wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    hosts: Vec<(Host, Option<u16>)>,
    /// Where it is written, for whoever is refused.
    setting: &'static str,
}

impl Default for Allowed {
    fn default() -> Self {
        Self { hosts: vec![], setting: "MUSTER_OUTGOING_ALLOW" }
    }
}

impl Allowed {
    /// What is refused names this setting.
    #[must_use]
    pub fn written_in(self, setting: &'static str) -> Self {
        Self { setting, ..self }
    }

    /// `idp.internal, 10.0.0.5:8443, [fd00::1]:443`.
    ///
    /// # Errors
    /// A sentence that names the part that is neither.
    pub fn parse(list: &str) -> Result<Self, String> {
        let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
        let hosts = parts.map(|part| one(part).ok_or_else(|| wrong(part))).collect::<Result<_, _>>()?;
        Ok(Self { hosts, ..Self::default() })
    }

    /// With one more host, at this port alone.
    #[must_use]
    pub fn and(mut self, url: &Url) -> Self {
        if let Some(host) = url.host() {
            self.hosts.push((host.to_owned(), url.port_or_known_default()));
        }
        self
    }

    fn names(&self, host: &Host, port: u16) -> bool {
        self.hosts.iter().any(|(named, at)| named == host && at.is_none_or(|at| at == port))
    }
}

fn wrong(part: &str) -> String {
    format!("\"{part}\" is no host and no host:port; write each plainly, with commas between them")
}

fn one(part: &str) -> Option<(Host, Option<u16>)> {
    let bracket = part.rfind(']').unwrap_or(0);
    let (name, port) = match part[bracket..].rfind(':') {
        Some(colon) => (&part[..bracket + colon], Some(part[bracket + colon + 1..].parse().ok().filter(|p| *p != 0)?)),
        None => (part, None),
    };
    let host = Host::parse(name).ok()?;
    (host.to_string() == name.to_ascii_lowercase()).then_some((host, port))
}

/// A URL that may be asked, if its host resolves to what may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub url: Url,
    pub host: Host,
    pub port: u16,
    allowed: bool,
    setting: &'static str,
}

impl Target {
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str, allowed: &Allowed) -> Result<Self, Refusal> {
        let url = Url::parse(text).map_err(|e| Refusal::NotAnAddress(e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(Refusal::UserInfo);
        }
        let host = url.host().ok_or_else(|| Refusal::NotAnAddress("it names no host".into()))?.to_owned();
        let port = url.port_or_known_default().filter(|port| *port != 0).ok_or(Refusal::Port)?;
        if !written_plainly(text, &host) {
            return Err(Refusal::OddHost(host.to_string().trim_end_matches('.').to_owned()));
        }
        let (setting, allowed) = (allowed.setting, allowed.names(&host, port));
        Ok(Self { url, host, port, allowed, setting })
    }

    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Refuses an address inside that is written as one, before anything is resolved.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn admit_literal(&self) -> Result<(), Refusal> {
        let literal = match &self.host {
            Host::Ipv4(ip) => IpAddr::V4(*ip),
            Host::Ipv6(ip) => IpAddr::V6(*ip),
            Host::Domain(_) => return Ok(()),
        };
        self.admit(&[literal]).map(drop)
    }

    /// Where to connect. One address that is refused refuses the host: nobody's luck decides which is taken.
    ///
    /// # Errors
    /// The rule that one of the addresses breaks.
    pub fn admit(&self, addresses: &[IpAddr]) -> Result<Vec<SocketAddr>, Refusal> {
        let host = self.host.to_string();
        if addresses.is_empty() {
            return Err(Refusal::NoAddress(host));
        }
        let refused = addresses.iter().find_map(|address| kind(*address).map(|kind| (*address, kind)));
        match refused {
            Some((address, kind)) if !self.allowed => {
                Err(Refusal::Inside { host, address, kind, setting: self.setting })
            }
            _ => Ok(addresses.iter().map(|address| SocketAddr::new(*address, self.port)).collect()),
        }
    }

    /// Where a redirect leads, judged as if somebody had typed it.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn redirected(&self, location: &str, allowed: &Allowed) -> Result<Self, Refusal> {
        let joined = self.url.join(location).map_err(|e| Refusal::NotAnAddress(e.to_string()))?;
        // As it was written, where it names a host itself: a spelling that the parser repairs is odd here too.
        let whole = location.contains("://").then_some(location);
        let target = Self::parse(whole.unwrap_or(joined.as_str()), allowed)?;
        if self.is_tls() && !target.is_tls() { Err(Refusal::Downgrade) } else { Ok(target) }
    }
}

/// Between `//` and what follows a host, as written.
fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Decimal, octal and hexadecimal IPv4, percent signs, a dot at the end, letters that only look like others, what parsers drop
/// (tabs, line ends, backslashes): the text must be the host that it stands for.
fn written_plainly(text: &str, host: &Host) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    let authority = authority(text);
    let port = authority.rfind(':').filter(|at| !authority[*at..].contains(']'));
    let written = &authority[..port.unwrap_or(authority.len())];
    let dotted = matches!(host, Host::Domain(name) if name.ends_with('.'));
    !text.contains(odd) && !dotted && written.eq_ignore_ascii_case(&host.to_string())
}

/// What the address is, unless it is one of the open internet.
#[must_use]
pub fn kind(address: IpAddr) -> Option<Kind> {
    match address {
        IpAddr::V4(v4) => kind_v4(v4),
        IpAddr::V6(v6) => kind_v6(v6),
    }
}

fn kind_v4(v4: Ipv4Addr) -> Option<Kind> {
    Some(match v4.octets() {
        // AWS, GCP, Azure and others; Alibaba; Azure's host.
        [169, 254, 169, 254] | [100, 100, 100, 200] | [168, 63, 129, 16] => Kind::Metadata,
        [0, 0, 0, 0] => Kind::Unspecified,
        [127, ..] => Kind::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Kind::Private,
        [169, 254, ..] => Kind::LinkLocal,
        [224..=239, ..] => Kind::Multicast,
        [0 | 240..=255, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18..=19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Kind::Reserved,
        _ => return None,
    })
}

fn kind_v6(v6: Ipv6Addr) -> Option<Kind> {
    let last4 = || {
        let [.., a, b, c, d] = v6.octets();
        Ipv4Addr::new(a, b, c, d)
    };
    Some(match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Kind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Kind::Loopback,
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => Kind::Metadata,
        // Networks without IPv4 reach the open internet so: what is embedded decides.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => return kind_v4(last4()).map(|_| Kind::Embedded),
        [0x64, 0xff9b, ..] | [0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => Kind::Embedded,
        [0x2002, ..] | [0x2001, 0, ..] => Kind::Embedded,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Kind::Private,
        [0xfe80..=0xfebf, ..] => Kind::LinkLocal,
        [0xff00..=0xffff, ..] => Kind::Multicast,
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, ..] => Kind::Reserved,
        [0x2000..=0x3fff, ..] => return None,
        _ => Kind::Reserved,
    })
}

#[cfg(test)]
mod tests;
