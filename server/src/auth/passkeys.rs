//! Passkeys (WebAuthn level 2) through a crate that knows the standard. Keeps nothing: a challenge lives in the session until it is
//! answered, once.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::ids::UserId;
use store::{PasskeyRecord, User};
use url::Host;
use uuid::Uuid;
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder, WebauthnError,
};

use crate::{config::PublicUrl, error::AppError};

/// What a browser was asked to show, and by whom.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Challenge {
    /// One of this person's passkeys.
    Of(UserId, PasskeyAuthentication),
    /// Any passkey that says itself whose it is.
    Anybodys(DiscoverableAuthentication),
}

/// The relying party: Muster at its public address.
#[derive(Debug)]
pub struct Passkeys {
    party: Result<Webauthn, String>,
}

impl Passkeys {
    #[must_use]
    pub fn at(public_url: &PublicUrl) -> Self {
        Self { party: party(public_url) }
    }

    /// Why there are none here, if so.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        self.party.as_ref().err().cloned()
    }

    fn party(&self) -> Result<&Webauthn, AppError> {
        self.party.as_ref().map_err(AppError::not_now)
    }

    /// What the browser is given to make a new one, and what must be remembered.
    pub(crate) fn begin(&self, user: &User, have: &[PasskeyRecord]) -> Result<(Value, PasskeyRegistration), AppError> {
        let have = have.iter().map(|one| read(&one.credential).map(|key| key.cred_id().clone()));
        let have = have.collect::<Result<Vec<_>, _>>()?;
        let (asked, kept) =
            self.party()?.start_passkey_registration(user.id.0, &user.email, &user.name, Some(have)).map_err(broken)?;
        let mut asked = json(&asked)?;
        // So that it can say itself whose it is: then no address and password is needed to sign in.
        if let Some(wish) = asked.pointer_mut("/publicKey/authenticatorSelection") {
            wish["residentKey"] = "preferred".into();
        }
        Ok((asked, kept))
    }

    /// The new passkey: its id and what is kept of it. `None` if it does not prove anything.
    pub(crate) fn finish(
        &self,
        credential: Value,
        kept: &PasskeyRegistration,
    ) -> Result<Option<(String, Value)>, AppError> {
        let Ok(answer) = serde_json::from_value::<RegisterPublicKeyCredential>(credential) else { return Ok(None) };
        match self.party()?.finish_passkey_registration(&answer, kept) {
            Ok(made) => Ok(Some((id(made.cred_id().as_ref()), json(&made)?))),
            Err(error) => {
                tracing::info!(%error, "a new passkey was refused");
                Ok(None)
            }
        }
    }

    /// Asks for one of a person's passkeys.
    pub(crate) fn ask(&self, user: UserId, have: &[PasskeyRecord]) -> Result<(Value, Challenge), AppError> {
        let have = have.iter().map(|one| read(&one.credential)).collect::<Result<Vec<_>, _>>()?;
        let (asked, kept) = self.party()?.start_passkey_authentication(&have).map_err(broken)?;
        Ok((json(&asked)?, Challenge::Of(user, kept)))
    }

    /// Asks for any passkey that knows whose it is.
    pub(crate) fn ask_anybody(&self) -> Result<(Value, Challenge), AppError> {
        let (asked, kept) = self.party()?.start_discoverable_authentication().map_err(broken)?;
        let mut asked = json(&asked)?;
        // A button was pressed: the browser shows its own dialog at once.
        asked.as_object_mut().and_then(|asked| asked.remove("mediation"));
        Ok((asked, Challenge::Anybodys(kept)))
    }

    /// Whose passkey the browser says it is; not proven yet.
    pub(crate) fn says(&self, credential: &Value) -> Result<Option<UserId>, AppError> {
        let Ok(answer) = PublicKeyCredential::deserialize(credential) else { return Ok(None) };
        let said = self.party()?.identify_discoverable_authentication(&answer);
        Ok(said.ok().map(|(user, _)| UserId(user)))
    }

    /// Which of the person's passkeys answered, with what is to be kept of it now. `None` if it does not prove anything.
    pub(crate) fn answered(
        &self,
        user: UserId,
        challenge: Challenge,
        credential: Value,
        have: Vec<PasskeyRecord>,
    ) -> Result<Option<(Uuid, Value)>, AppError> {
        let Ok(answer) = serde_json::from_value::<PublicKeyCredential>(credential) else { return Ok(None) };
        let answered = id(answer.get_credential_id());
        let mut found = None;
        for one in have {
            let key = read(&one.credential)?;
            if id(key.cred_id().as_ref()) == answered {
                found = Some((one.id, key));
            }
        }
        let Some((record, mut key)) = found else { return Ok(None) };
        let party = self.party()?;
        let outcome = match challenge {
            Challenge::Of(asked, kept) if asked == user => party.finish_passkey_authentication(&answer, &kept),
            Challenge::Of(..) => return Ok(None),
            Challenge::Anybodys(kept) => party.finish_discoverable_authentication_v2(&answer, kept, &key),
        };
        match outcome {
            Ok(outcome) if outcome.user_verified() => {
                // The counter; nothing else of it changes.
                let _ = key.update_credential(&outcome);
                Ok(Some((record, json(&key)?)))
            }
            Ok(_) => Ok(None),
            Err(error) => {
                tracing::info!(%error, "a passkey was refused");
                Ok(None)
            }
        }
    }
}

fn party(public_url: &PublicUrl) -> Result<Webauthn, String> {
    let url = public_url.url();
    let name = match url.host() {
        Some(Host::Domain(name)) => name,
        _ => {
            return Err(
                "Passkeys need an address with a name: this Muster is reached by a number (MUSTER_PUBLIC_URL).".into(),
            );
        }
    };
    if !public_url.is_https() && name != "localhost" {
        return Err("Passkeys need https (MUSTER_PUBLIC_URL): browsers refuse them without.".into());
    }
    let built = WebauthnBuilder::new(name, url).and_then(|builder| builder.rp_name("Muster").build());
    built.map_err(|error| format!("Passkeys cannot be used at {url}: {error}."))
}

/// Base64 without padding, as browsers name credentials.
fn id(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn read(kept: &Value) -> Result<Passkey, AppError> {
    Passkey::deserialize(kept).map_err(|e| AppError::bug(format!("stored passkey: {e}")))
}

fn json(value: &impl Serialize) -> Result<Value, AppError> {
    serde_json::to_value(value).map_err(|e| AppError::bug(format!("passkey: {e}")))
}

fn broken(error: WebauthnError) -> AppError {
    AppError::bug(format!("passkey: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_name_and_https() {
        for (url, fits) in [
            ("https://muster.example.org", true),
            ("https://muster.example.org:8443", true),
            ("http://localhost:8080", true),
            ("http://muster.example.org", false),
            ("https://192.0.2.7", false),
            ("http://127.0.0.1:8080", false),
        ] {
            let refused = Passkeys::at(&PublicUrl::parse(url).unwrap()).refused();
            assert_eq!(refused.is_none(), fits, "{url}: {refused:?}");
        }
    }
}
