//! Where a request came from: the connection, or what a proxy of ours says of it. Nobody else's header is believed, and nothing is
//! decided here.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use axum::{
    body::Body,
    extract::{ConnectInfo, FromRequestParts, Request, State},
    middleware::Next,
    response::Response,
};
use http::{Extensions, HeaderMap, request::Parts};
use ipnet::IpNet;

use crate::AppState;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of whoever asks; absent when a router is driven without a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address(pub Option<IpAddr>);

impl Address {
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().copied().unwrap_or(Self(None))
    }

    /// For the audit log.
    #[must_use]
    pub fn text(self) -> String {
        self.0.map_or_else(|| "unknown".into(), |ip| ip.to_string())
    }

    /// To count by. Who has one address of IPv6 has the other 2^64 of its network, too.
    #[must_use]
    pub fn key(self) -> String {
        match self.0 {
            Some(IpAddr::V6(ip)) => {
                let [a, b, c, d, ..] = ip.segments();
                format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            _ => self.text(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

/// The outermost middleware: everything behind it asks for [`Address`].
pub async fn note(State(state): State<AppState>, mut request: Request<Body>, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let address = peer.map(|peer| client(peer, request.headers(), &state.settings.trusted_proxies));
    request.extensions_mut().insert(Address(address));
    next.run(request).await
}

/// Each proxy writes whom it was asked by at the end of the list, so the list is read from its end for as long as proxies of ours
/// wrote it. What stands before the first stranger was written by that stranger.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    // IPv4 that came to a socket of IPv6.
    let mut seen = peer.to_canonical();
    let list: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().flat_map(|value| value.to_str().unwrap_or("?").split(',')).collect();
    for said in list.into_iter().rev() {
        if !trusted.iter().any(|net| net.contains(&seen)) {
            break;
        }
        // What cannot be read ends the list: the last address that is known is the proxy's own.
        let Some(ip) = read(said.trim()) else { break };
        seen = ip;
    }
    seen
}

/// `203.0.113.9`, `203.0.113.9:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn read(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let ip = bare.unwrap_or(text).parse::<IpAddr>().ok();
    ip.or_else(|| text.parse::<SocketAddr>().ok().map(|both| both.ip())).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_proxies_of_ours_are_believed_and_only_from_the_end() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let nets = |list: &[&str]| list.iter().map(|net| net.parse().unwrap()).collect::<Vec<IpNet>>();
        let (none, one, net) = (nets(&[]), nets(&["10.0.0.1/32"]), nets(&["10.0.0.0/8", "fd00::/8"]));
        let cases: &[(&str, &[&str], &[IpNet], &str)] = &[
            ("10.0.0.1", &[], &one, "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9"], &none, "10.0.0.1"),
            ("10.0.0.2", &["203.0.113.9"], &one, "10.0.0.2"),
            ("10.0.0.1", &["203.0.113.9"], &one, "203.0.113.9"),
            // What the stranger wrote before is not read.
            ("10.0.0.1", &["127.0.0.1, 203.0.113.9"], &one, "203.0.113.9"),
            ("10.0.0.1", &["127.0.0.1", "203.0.113.9"], &one, "203.0.113.9"),
            ("10.0.0.1", &["10.0.0.1, 203.0.113.9"], &one, "203.0.113.9"),
            // Two proxies.
            ("10.0.0.1", &["1.1.1.1, 203.0.113.9, 10.9.9.9"], &net, "203.0.113.9"),
            ("10.0.0.1", &["10.1.1.1, 10.2.2.2"], &net, "10.1.1.1"),
            // Ports, IPv6, IPv4 in IPv6.
            ("10.0.0.1", &["203.0.113.9:4711"], &one, "203.0.113.9"),
            ("fd00::1", &["[2001:db8::1]:4711"], &net, "2001:db8::1"),
            ("fd00::1", &["[2001:db8::1]"], &net, "2001:db8::1"),
            ("::ffff:10.0.0.1", &["::ffff:203.0.113.9"], &one, "203.0.113.9"),
            // What cannot be read is the proxy's own request.
            ("10.0.0.1", &["203.0.113.9, unknown"], &one, "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9, "], &one, "10.0.0.1"),
            ("10.0.0.1", &[""], &one, "10.0.0.1"),
        ];
        for (peer, headers, trusted, expected) in cases {
            let map: HeaderMap = headers
                .iter()
                .map(|value| (http::HeaderName::from_static(FORWARDED_FOR), HeaderValue::from_str(value).unwrap()))
                .collect();
            assert_eq!(client(ip(peer), &map, trusted), ip(expected), "{peer} {headers:?}");
        }
    }

    #[test]
    fn a_network_of_ipv6_is_counted_as_one() {
        let key = |text: &str| Address(Some(text.parse().unwrap())).key();
        assert_eq!(key("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
        assert_eq!(key("2001:db8:1:2::"), key("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(key("2001:db8:1:3::"), key("2001:db8:1:2::"));
        assert_eq!(key("203.0.113.9"), "203.0.113.9");
        assert_eq!(Address(None).key(), "unknown");
    }
}
