//! The table of cases for certificates. `tests.crt` holds one for a server (90 days), the authority between (30 days), the authority,
//! and one that signed itself; their keys are nowhere.

use rustls::pki_types::pem::PemObject as _;

use super::*;

fn shown() -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(include_bytes!("tests.crt")).collect::<Result<_, _>>().unwrap()
}

fn roots(of: &CertificateDer<'static>) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(of.clone()).unwrap();
    roots
}

fn named(name: &str) -> ServerName<'static> {
    ServerName::try_from(name.to_owned()).unwrap()
}

#[test]
fn a_certificate_is_judged_as_clients_do_and_says_what_is_wrong() {
    let all = shown();
    let [leaf, between, authority, own] = &all[..] else { panic!("four") };
    let made = X509Certificate::from_der(leaf).unwrap().1.validity().not_before.timestamp();
    let chain = [leaf.clone(), between.clone()];
    let alone = [leaf.clone()];
    let (trusted, other) = (&roots(authority), &roots(own));
    let own_chain = [own.clone()];
    let day = |n: i64| made + n * DAY;
    let site = "status.example.org";
    let other_name = Fault::OtherName {
        name: "example.org".into(),
        others: "status.example.org, *.example.net, 192.0.2.1 and 1 more".into(),
    };
    type Case<'a> = (&'a [CertificateDer<'static>], &'a str, Option<&'a RootCertStore>, i64, i64, Option<Fault>);
    let cases: [Case<'_>; 15] = [
        (&chain, site, Some(trusted), day(0), 90, None),
        (&chain, "a.example.net", Some(trusted), day(0) + 1, 89, None),
        (&chain, "192.0.2.1", Some(trusted), day(20), 70, None),
        (&chain, "2001:db8::1", Some(trusted), day(20), 70, None),
        (&chain, "example.org", Some(trusted), day(0), 90, Some(other_name.clone())),
        (&chain, "example.org", None, day(0), 90, Some(other_name)),
        (&chain, site, Some(other), day(0), 90, Some(Fault::Untrusted)),
        (&alone, site, Some(trusted), day(0), 90, Some(Fault::Untrusted)),
        (&alone, site, None, day(0), 90, None),
        (&chain, site, Some(trusted), day(31), 59, Some(Fault::Between("it ran out".into()))),
        (&chain, site, None, day(31), 59, None),
        (&chain, site, None, day(93) + 5, -4, Some(Fault::RanOut(3))),
        (&chain, site, Some(trusted), day(-2), 92, Some(Fault::NotYet(2))),
        (&own_chain, "own.example.org", Some(trusted), day(0) + 60, 89, Some(Fault::SelfSigned)),
        (&own_chain, "own.example.org", None, day(0) + 60, 89, None),
    ];
    for (n, (chain, name, roots, now, days_left, fault)) in cases.into_iter().enumerate() {
        assert_eq!(judge(chain, &named(name), roots, now), Certificate { days_left, fault }, "case {n}: {name}");
    }
}

#[test]
fn what_is_no_certificate_is_said_to_be_none() {
    for chain in [vec![], vec![CertificateDer::from(vec![0x30, 0x03, 1, 2, 3])]] {
        let judged = judge(&chain, &named("status.example.org"), None, 0);
        assert!(matches!(judged.fault, Some(Fault::Unreadable(_))), "{judged:?}");
    }
    let said = Fault::RanOut(1).to_string();
    assert_eq!(said, "ran out 1 day ago");
}
