//! The table of cases for the rule about outgoing requests.

use super::*;

fn allowed(list: &str) -> Allowed {
    Allowed::parse(list).unwrap()
}

#[test]
fn only_plainly_written_web_addresses_are_asked() {
    let fine = [
        "https://idp.example/",
        "http://idp.example:8080/path?x=1@2#y",
        "https://IDP.example",
        "https://xn--bcher-kva.example/",
        "http://8.8.8.8/",
        "http://[2606:4700::1111]:8443/",
    ];
    for text in fine {
        assert!(Target::parse(text, &Allowed::default()).is_ok(), "{text}");
    }
    let odd = |host: &str| Refusal::OddHost(host.into());
    let refused = [
        ("ftp://idp.example/", Refusal::Scheme("ftp".into())),
        ("file:///etc/passwd", Refusal::Scheme("file".into())),
        ("javascript:alert(1)", Refusal::Scheme("javascript".into())),
        ("gopher://idp.example:70/_x", Refusal::Scheme("gopher".into())),
        ("https://ada@idp.example/", Refusal::UserInfo),
        ("https://ada:pw@idp.example/", Refusal::UserInfo),
        ("https://idp.example@127.0.0.1/", Refusal::UserInfo),
        ("https://@127.0.0.1/", Refusal::UserInfo),
        ("http://2130706433/", odd("127.0.0.1")),
        ("http://0x7f000001/", odd("127.0.0.1")),
        ("http://0x7f.1/", odd("127.0.0.1")),
        ("http://0177.0.0.1/", odd("127.0.0.1")),
        ("http://127.1/", odd("127.0.0.1")),
        ("http://134744072/", odd("8.8.8.8")),
        ("http://127.0.0.1./", odd("127.0.0.1")),
        ("https://idp.example./", odd("idp.example")),
        ("http://①②⑦.0.0.1/", odd("127.0.0.1")),
        ("http://１２７．０．０．１/", odd("127.0.0.1")),
        ("http://loc\u{ad}alhost/", odd("localhost")),
        ("http://bücher.example/", odd("xn--bcher-kva.example")),
        ("http://%6cocalhost/", odd("localhost")),
        ("http://[0:0:0:0:0:0:0:1]/", odd("[::1]")),
        ("http://[::ffff:127.0.0.1]/", odd("[::ffff:7f00:1]")),
        ("http:\\\\idp.example\\", odd("idp.example")),
        ("http:idp.example", odd("idp.example")),
        ("http:///idp.example", odd("idp.example")),
        ("https://idp.example\\@10.0.0.1/", Refusal::UserInfo),
        ("https://idp\t.example/", odd("idp.example")),
        ("https://idp.example/a\nb", odd("idp.example")),
        (" https://idp.example/", odd("idp.example")),
        ("https://idp.example:0/", Refusal::Port),
    ];
    for (text, refusal) in refused {
        assert_eq!(Target::parse(text, &Allowed::default()), Err(refusal), "{text:?}");
        assert!(Target::parse(text, &allowed("127.0.0.1, localhost, idp.example")).is_err(), "allowed: {text:?}");
    }
    for text in
        ["", "idp.example", "https://", "https://idp example/", "http://256.1.1.1/", "http://[::1", "//idp.example"]
    {
        assert!(matches!(Target::parse(text, &Allowed::default()), Err(Refusal::NotAnAddress(_))), "{text:?}");
    }
}

#[test]
fn every_address_inside_is_told_from_the_open_internet() {
    let inside = [
        ("127.0.0.1", Kind::Loopback),
        ("127.255.255.254", Kind::Loopback),
        ("::1", Kind::Loopback),
        ("0.0.0.0", Kind::Unspecified),
        ("::", Kind::Unspecified),
        ("0.1.2.3", Kind::Reserved),
        ("10.0.0.1", Kind::Private),
        ("172.16.0.1", Kind::Private),
        ("172.31.255.255", Kind::Private),
        ("192.168.1.1", Kind::Private),
        ("100.64.0.1", Kind::Private),
        ("fc00::1", Kind::Private),
        ("fdff::1", Kind::Private),
        ("fec0::1", Kind::Private),
        ("169.254.1.1", Kind::LinkLocal),
        ("fe80::1", Kind::LinkLocal),
        ("169.254.169.254", Kind::Metadata),
        ("100.100.100.200", Kind::Metadata),
        ("168.63.129.16", Kind::Metadata),
        ("fd00:ec2::254", Kind::Metadata),
        ("fd20:ce::254", Kind::Metadata),
        ("224.0.0.1", Kind::Multicast),
        ("239.255.255.255", Kind::Multicast),
        ("ff02::1", Kind::Multicast),
        ("240.0.0.1", Kind::Reserved),
        ("255.255.255.255", Kind::Reserved),
        ("192.0.0.8", Kind::Reserved),
        ("192.0.2.1", Kind::Reserved),
        ("192.88.99.1", Kind::Reserved),
        ("198.18.0.1", Kind::Reserved),
        ("198.51.100.7", Kind::Reserved),
        ("203.0.113.7", Kind::Reserved),
        ("2001:db8::1", Kind::Reserved),
        ("2001:10::1", Kind::Reserved),
        ("3fff::1", Kind::Reserved),
        ("100::1", Kind::Reserved),
        ("4000::1", Kind::Reserved),
        ("::ffff:127.0.0.1", Kind::Embedded),
        ("::ffff:8.8.8.8", Kind::Embedded),
        ("::ffff:0:10.0.0.1", Kind::Embedded),
        ("::127.0.0.1", Kind::Embedded),
        ("64:ff9b::10.0.0.1", Kind::Embedded),
        ("64:ff9b::169.254.169.254", Kind::Embedded),
        ("64:ff9b:1::8.8.8.8", Kind::Embedded),
        ("2002:7f00:1::", Kind::Embedded),
        ("2002:808:808::1", Kind::Embedded),
        ("2001::1", Kind::Embedded),
    ];
    for (address, expected) in inside {
        assert_eq!(kind(address.parse().unwrap()), Some(expected), "{address}");
    }
    let open =
        ["8.8.8.8", "172.32.0.1", "172.15.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111", "64:ff9b::8.8.8.8"];
    for address in open {
        assert_eq!(kind(address.parse().unwrap()), None, "{address}");
    }
}

#[test]
fn one_address_inside_refuses_the_host_unless_the_operator_named_it() {
    let both: [IpAddr; 2] = ["8.8.8.8".parse().unwrap(), "10.0.0.1".parse().unwrap()];
    let cases = [
        ("", "https://idp.example/", false),
        ("other.example", "https://idp.example/", false),
        ("idp.example", "https://idp.example/", true),
        ("idp.example", "https://idp.example:8443/", true),
        ("idp.example:443", "https://idp.example/", true),
        ("idp.example:443", "https://idp.example:8443/", false),
        ("IDP.example", "https://idp.EXAMPLE/", true),
        ("example", "https://idp.example/", false),
    ];
    for (list, url, expected) in cases {
        let target = Target::parse(url, &allowed(list)).unwrap();
        assert_eq!(target.admit(&both).is_ok(), expected, "{list:?} {url}");
        assert_eq!(target.admit(&both[..1]).unwrap().len(), 1, "what is outside needs no list");
        assert!(matches!(target.admit(&[]), Err(Refusal::NoAddress(_))));
    }
    let said =
        Target::parse("https://idp.example/", &Allowed::default()).unwrap().admit(&both).unwrap_err().to_string();
    assert_eq!(
        said,
        "idp.example is 10.0.0.1, a private address; an operator can allow it with MUSTER_OUTGOING_ALLOW=idp.example"
    );
    let own = Allowed::default().written_in("MINE");
    let said = Target::parse("https://idp.example/", &own).unwrap().admit(&both).unwrap_err().to_string();
    assert!(said.ends_with("allow it with MINE=idp.example"), "{said}");
    for list in ["10.0.0.1", "[::1]", "[::1]:80", "a.example, 10.0.0.1:9"] {
        assert!(Allowed::parse(list).is_ok(), "{list}");
    }
    for list in ["http://x", "a b", "x:", "x:0", "x:99999", "0x7f.1", "::1", "x/y"] {
        assert!(Allowed::parse(list).is_err(), "{list}");
    }
}

#[test]
fn a_redirect_is_judged_like_any_other_address() {
    let at = Target::parse("https://idp.example/a/b", &Allowed::default()).unwrap();
    let to = |location: &str| at.redirected(location, &Allowed::default());
    assert_eq!(to("../c").unwrap().url.as_str(), "https://idp.example/c");
    assert_eq!(to("//other.example/x").unwrap().url.as_str(), "https://other.example/x");
    assert_eq!(to("http://idp.example/"), Err(Refusal::Downgrade));
    assert_eq!(to("file:///etc/passwd"), Err(Refusal::Scheme("file".into())));
    assert_eq!(to("https://0x7f.1/"), Err(Refusal::OddHost("127.0.0.1".into())));
    assert_eq!(to("https://x@10.0.0.1/"), Err(Refusal::UserInfo));
    let plain = Target::parse("http://idp.example/", &Allowed::default()).unwrap();
    assert!(plain.redirected("https://idp.example/", &Allowed::default()).is_ok());
}
