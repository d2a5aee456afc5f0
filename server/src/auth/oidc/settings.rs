//! What the operator says about the identity provider, checked before anything is asked; and which role somebody's groups give.
//! Pure.

use std::fmt;

use shared::domain::access::{ContactRole, RoleName};
use url::Url;

/// A provider and what its groups mean here.
#[derive(Clone)]
pub struct OidcSettings {
    pub issuer: Url,
    /// As the operator wrote it: the provider must call itself the same, to the last slash.
    pub issuer_name: String,
    pub client_id: String,
    pub client_secret: String,
    /// On the button.
    pub name: String,
    pub groups_claim: String,
    pub roles: GroupRoles,
}

impl fmt::Debug for OidcSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcSettings").field("issuer", &self.issuer.as_str()).finish_non_exhaustive()
    }
}

/// As they stand in the configuration, with their names there.
#[derive(Clone, Debug, Default)]
pub struct Raw {
    pub issuer: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    pub name: Option<String>,
    pub groups_claim: Option<String>,
    pub roles: Option<String>,
}

impl OidcSettings {
    /// `None` if there is no provider.
    ///
    /// # Errors
    /// A sentence that names the setting.
    pub fn parse(raw: Raw) -> Result<Option<Self>, String> {
        let Some(issuer) = raw.issuer else {
            let lone = [
                ("oidc_client_id", raw.client_id.is_some()),
                ("oidc_client_secret", raw.client_secret.is_some()),
                ("oidc_roles", raw.roles.is_some()),
            ];
            return match lone.into_iter().find(|(_, set)| *set) {
                Some((key, _)) => Err(format!("{key} is set, but oidc_issuer (MUSTER_OIDC_ISSUER) is not")),
                None => Ok(None),
            };
        };
        let missing = |key: &str| format!("{key} (MUSTER_{}) is missing beside oidc_issuer", key.to_uppercase());
        let url = issuer_url(&issuer).map_err(|why| format!("oidc_issuer (MUSTER_OIDC_ISSUER): {why}"))?;
        let roles = raw.roles.ok_or_else(|| missing("oidc_roles"))?;
        Ok(Some(Self {
            name: raw.name.unwrap_or_else(|| url.host_str().unwrap_or_default().to_owned()),
            issuer: url,
            issuer_name: issuer,
            client_id: raw.client_id.ok_or_else(|| missing("oidc_client_id"))?,
            client_secret: raw.client_secret.ok_or_else(|| missing("oidc_client_secret"))?,
            groups_claim: raw.groups_claim.unwrap_or_else(|| "groups".into()),
            roles: GroupRoles::parse(&roles).map_err(|why| format!("oidc_roles (MUSTER_OIDC_ROLES): {why}"))?,
        }))
    }
}

fn issuer_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|e| format!("\"{text}\" is not an address: {e}"))?;
    let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && here) {
        return Err(format!("\"{text}\" must start with https://"));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(format!("\"{text}\" must be the bare address that the provider calls its issuer"));
    }
    Ok(url)
}

/// What somebody may here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    pub role: RoleName,
    pub contact_roles: Vec<ContactRole>,
}

/// `admins=administrator, dba=operator, dba=contact:database-administrator`; the first that fits gives the role, all that fit
/// give duties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupRoles {
    roles: Vec<(String, RoleName)>,
    duties: Vec<(String, ContactRole)>,
}

impl GroupRoles {
    /// # Errors
    /// A sentence that names the pair.
    pub fn parse(list: &str) -> Result<Self, String> {
        let mut all = Self::default();
        for pair in list.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            // A group's name may have an equals sign, a role's has none.
            let (group, role) = pair.rsplit_once('=').unwrap_or_default();
            let (group, role) = (group.trim(), role.trim());
            if group.is_empty() {
                return Err(format!("\"{pair}\" is no group=role"));
            }
            match role.strip_prefix("contact:") {
                None => {
                    all.roles.push((group.into(), RoleName::parse(role).map_err(|e| format!("in \"{pair}\": {e}"))?))
                }
                Some(duty) => all.duties.push((group.into(), duty.parse().map_err(|e| format!("in \"{pair}\": {e}"))?)),
            }
        }
        if all.roles.is_empty() {
            return Err("gives no group a role, so nobody could come in; write group=role, with commas".into());
        }
        Ok(all)
    }

    /// `None`: none of these groups may come in.
    #[must_use]
    pub fn granted(&self, groups: &[String]) -> Option<Granted> {
        let (_, role) = self.roles.iter().find(|(group, _)| groups.contains(group))?;
        let mut contact_roles: Vec<_> =
            self.duties.iter().filter(|(group, _)| groups.contains(group)).map(|(_, duty)| *duty).collect();
        contact_roles.sort_unstable();
        contact_roles.dedup();
        Some(Granted { role: role.clone(), contact_roles })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw() -> Raw {
        let some = |text: &str| Some(text.to_owned());
        Raw {
            issuer: some("https://idp.example/realm"),
            client_id: some("muster"),
            client_secret: some("hush-hush"),
            roles: some("ops=operator"),
            ..Raw::default()
        }
    }

    #[test]
    fn the_first_pair_gives_the_role_and_all_give_duties() {
        let roles = GroupRoles::parse(
            "admins=administrator, dba=operator,dba=contact:database-administrator, cn=all=viewer, sec=contact:security-officer",
        )
        .unwrap();
        let granted = |groups: &[&str]| {
            roles
                .granted(&groups.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>())
                .map(|g| (g.role.to_string(), g.contact_roles))
        };
        let dba = ContactRole::DatabaseAdministrator;
        assert_eq!(granted(&["dba", "admins"]), Some(("administrator".to_owned(), vec![dba])));
        assert_eq!(granted(&["cn=all", "dba"]), Some(("operator".to_owned(), vec![dba])));
        assert_eq!(granted(&["cn=all"]), Some(("viewer".to_owned(), vec![])));
        assert_eq!(granted(&["sec"]), None, "a duty alone lets nobody in");
        assert_eq!(granted(&["Admins", "admin", ""]), None);
        assert_eq!(granted(&[]), None);
        for bad in ["", "ops", "=viewer", "ops=Root", "ops=contact:root", "ops=contact:security-officer"] {
            assert!(GroupRoles::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_missing_or_unsafe_is_named() {
        let settings = OidcSettings::parse(raw()).unwrap().unwrap();
        assert_eq!((settings.name.as_str(), settings.groups_claim.as_str()), ("idp.example", "groups"));
        assert!(!format!("{settings:?}").contains("hush"));
        assert!(OidcSettings::parse(Raw::default()).unwrap().is_none());
        type Take = fn(&mut Raw);
        let without: [(&str, Take); 4] = [
            ("oidc_client_id", |raw| raw.client_id = None),
            ("oidc_client_secret", |raw| raw.client_secret = None),
            ("oidc_roles", |raw| raw.roles = None),
            ("oidc_issuer", |raw| raw.issuer = None),
        ];
        for (key, take) in without {
            let mut raw = raw();
            take(&mut raw);
            assert!(OidcSettings::parse(raw).unwrap_err().contains(key), "{key}");
        }
        let bad = [
            "http://idp.example",
            "ftp://idp.example",
            "idp.example",
            "https://idp.example/?x",
            "https://a@idp.example",
        ];
        for issuer in bad {
            let error = OidcSettings::parse(Raw { issuer: Some(issuer.into()), ..raw() }).unwrap_err();
            assert!(error.contains("MUSTER_OIDC_ISSUER"), "{error}");
        }
        assert!(OidcSettings::parse(Raw { issuer: Some("http://127.0.0.1:9/x".into()), ..raw() }).is_ok());
    }
}
