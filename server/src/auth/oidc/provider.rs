//! One conversation with the provider: discovery, the address to leave for, the code for a token, and whether the token can be
//! believed. Every request goes through the outgoing guard; no session, no database.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AdditionalProviderMetadata, AuthorizationCode, Client, ClientId, ClientSecret,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata,
    RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse as _, UserInfoClaims,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClientAuthMethod,
        CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
        CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use outgoing::{Outgoing, OutgoingError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::digest::Digest;

use super::settings::OidcSettings;
use crate::{config::PublicUrl, error::AppError};

/// Where the provider sends people back to.
pub const CALLBACK: &str = "/login/oidc/callback";
/// What many sign-ins at once share; older knowledge is asked for again, so that a dead provider is noticed here and not by the browser.
const FRESH: Duration = Duration::from_secs(5);
/// With discovery, which takes two questions.
const PATIENCE: Duration = Duration::from_secs(5);
/// Signed with the provider's own key; nothing shared, nothing unsigned.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Whatever else a token says: where the groups are found.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Claims {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for Claims {}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct More {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Fields = IdTokenFields<
    Claims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

type Tokens = StandardTokenResponse<Fields, CoreTokenType>;

type Oidc = Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

type Answering = BoxFuture<'static, Result<HttpResponse, OutgoingError>>;

/// Why nobody came in by the provider.
#[derive(Debug)]
pub enum Failed {
    /// It does not answer, or not in a way that is understood.
    Silent(String),
    /// What came cannot be believed.
    Unbelievable(String),
}

impl Failed {
    pub(super) fn into_app(self, name: &str) -> AppError {
        match self {
            Self::Silent(why) => AppError::provider_silent(name, why),
            Self::Unbelievable(why) => AppError::provider_unbelievable(name, why),
        }
    }
}

fn silent(why: impl std::fmt::Display) -> Failed {
    Failed::Silent(why.to_string())
}

fn unbelievable(why: impl std::fmt::Display) -> Failed {
    Failed::Unbelievable(why.to_string())
}

/// An error with what it was caused by: the crate's own sentences end before the reason.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}

/// What only Muster knows of a sign-in that is on its way.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Secrets {
    state: String,
    nonce: String,
    verifier: String,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// By digest, so that the time taken tells nothing.
    #[must_use]
    pub fn is_of(&self, state: &str) -> bool {
        !self.state.is_empty() && Digest::of(state.as_bytes()) == Digest::of(self.state.as_bytes())
    }
}

/// Who the provider says somebody is.
#[derive(Clone, Debug)]
pub struct Arrived {
    pub issuer: String,
    pub subject: String,
    pub email: Option<String>,
    pub email_verified: Option<bool>,
    pub name: Option<String>,
    pub groups: Vec<String>,
}

/// The provider of the settings.
#[derive(Debug)]
pub struct Provider {
    settings: OidcSettings,
    callback: String,
    outgoing: Outgoing,
    known: Mutex<Option<(Instant, Arc<Metadata>)>>,
}

impl Provider {
    /// `outgoing` must allow the issuer's host.
    #[must_use]
    pub fn new(settings: OidcSettings, public_url: &PublicUrl, outgoing: Outgoing) -> Self {
        Self { callback: format!("{}{CALLBACK}", public_url.origin()), settings, outgoing, known: Mutex::default() }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    #[must_use]
    pub fn settings(&self) -> &OidcSettings {
        &self.settings
    }

    fn remembered(&self) -> Option<(Instant, Arc<Metadata>)> {
        // Every change under the lock is whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the provider says about itself, not older than this.
    async fn metadata(&self, age: Duration) -> Result<Arc<Metadata>, Failed> {
        if let Some((_, known)) = self.remembered().filter(|(at, _)| at.elapsed() < age) {
            return Ok(known);
        }
        let issuer = IssuerUrl::new(self.settings.issuer_name.clone()).map_err(silent)?;
        let ask = self.asking();
        let found = tokio::time::timeout(PATIENCE, Metadata::discover_async(issuer, &ask)).await;
        let found = found.map_err(|_| silent("it is too slow"))?.map_err(|e| silent(whole(&e)))?;
        self.check(&found)?;
        let found = Arc::new(found);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), found.clone()));
        Ok(found)
    }

    /// Under https nothing is downgraded; and the browser is sent to a web address.
    fn check(&self, found: &Metadata) -> Result<(), Failed> {
        let all = [
            Some(found.authorization_endpoint().url()),
            found.token_endpoint().map(|endpoint| endpoint.url()),
            found.userinfo_endpoint().map(|endpoint| endpoint.url()),
            Some(found.jwks_uri().url()),
        ];
        let fine = |scheme: &str| scheme == "https" || (scheme == "http" && self.settings.issuer.scheme() == "http");
        match all.into_iter().flatten().find(|url| !fine(url.scheme())) {
            Some(bad) => Err(silent(format!("it names an endpoint that is not https: {}", bad.scheme()))),
            None if found.token_endpoint().is_none() => Err(silent("it names no token endpoint")),
            None => Ok(()),
        }
    }

    /// How the crate asks: by the guard, and by nothing else.
    fn asking(&self) -> impl Fn(HttpRequest) -> Answering + Send + Sync + 'static {
        let outgoing = self.outgoing.clone();
        move |request| {
            let outgoing = outgoing.clone();
            Box::pin(async move { outgoing.send(request).await })
        }
    }

    fn client(&self, metadata: &Metadata) -> Result<Oidc, Failed> {
        let id = ClientId::new(self.settings.client_id.clone());
        let secret = ClientSecret::new(self.settings.client_secret.clone());
        let callback = RedirectUrl::new(self.callback.clone()).map_err(silent)?;
        Ok(Oidc::from_provider_metadata(metadata.clone(), id, Some(secret)).set_redirect_uri(callback))
    }

    /// Where the browser goes, and what must be remembered until it comes back.
    ///
    /// # Errors
    /// If the provider does not answer.
    pub async fn depart(&self) -> Result<(String, Secrets), Failed> {
        let client = self.client(&*self.metadata(FRESH).await?)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let (address, state, nonce) = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(["email", "profile"].map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(challenge)
            .url();
        let secrets =
            Secrets { state: state.into_secret(), nonce: nonce.secret().clone(), verifier: verifier.into_secret() };
        Ok((address.into(), secrets))
    }

    /// Whether the answer says that it comes from here; a provider that always says so must.
    pub async fn is_from(&self, issuer: Option<&str>) -> bool {
        let Ok(metadata) = self.metadata(Duration::MAX).await else { return issuer.is_none() };
        match issuer {
            Some(issuer) => issuer == metadata.issuer().as_str(),
            None => !metadata.additional_metadata().authorization_response_iss_parameter_supported,
        }
    }

    /// Who came back with this code.
    ///
    /// # Errors
    /// If the provider does not answer, or its answer cannot be believed.
    pub async fn arrive(&self, code: String, secrets: &Secrets) -> Result<Arrived, Failed> {
        let metadata = self.metadata(Duration::MAX).await?;
        let client = self.client(&metadata)?;
        let ask = self.asking();
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(silent)?
            .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier.clone()))
            .request_async(&ask)
            .await;
        let tokens = tokens.map_err(|error| match error {
            openidconnect::RequestTokenError::ServerResponse(said) => unbelievable(said),
            openidconnect::RequestTokenError::Request(error) => silent(error),
            other => unbelievable(whole(&other)),
        })?;
        let nonce = Nonce::new(secrets.nonce.clone());
        let arrived = match self.believe(&client, &tokens, &nonce) {
            // Perhaps it signs with a new key since we looked.
            Err(Failed::Unbelievable(why)) if why.contains("No matching key") => {
                let client = self.client(&*self.metadata(FRESH).await?)?;
                self.believe(&client, &tokens, &nonce)?
            }
            other => other?,
        };
        match arrived {
            (arrived, Some(_)) => Ok(arrived),
            (arrived, None) => self.ask_for_groups(&client, &tokens, arrived).await,
        }
    }

    /// Signature, issuer, audience, time and nonce; and the groups, if the token names any.
    fn believe(&self, client: &Oidc, tokens: &Tokens, nonce: &Nonce) -> Result<(Arrived, Option<()>), Failed> {
        let token = tokens.id_token().ok_or_else(|| unbelievable("there is no ID token"))?;
        let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
        let claims = token.claims(&verifier, nonce).map_err(|e| unbelievable(whole(&e)))?;
        if claims.authorized_party().is_some_and(|party| party.as_str() != self.settings.client_id) {
            return Err(unbelievable("the token was made for somebody else (azp)"));
        }
        if let Some(expected) = claims.access_token_hash() {
            let key = token.signing_key(&verifier).map_err(unbelievable)?;
            let algorithm = token.signing_alg().map_err(unbelievable)?;
            let found = AccessTokenHash::from_token(tokens.access_token(), algorithm, key).map_err(unbelievable)?;
            if found != *expected {
                return Err(unbelievable("the access token is not the one that the ID token means"));
            }
        }
        let groups = self.groups(claims.additional_claims());
        let arrived = Arrived {
            issuer: claims.issuer().as_str().to_owned(),
            subject: claims.subject().as_str().to_owned(),
            email: claims.email().map(|email| email.as_str().to_owned()),
            email_verified: claims.email_verified(),
            name: claims.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned()),
            groups: groups.clone().unwrap_or_default(),
        };
        Ok((arrived, groups.map(drop)))
    }

    /// Some providers name groups, address and name only there.
    async fn ask_for_groups(&self, client: &Oidc, tokens: &Tokens, arrived: Arrived) -> Result<Arrived, Failed> {
        let subject = Some(openidconnect::SubjectIdentifier::new(arrived.subject.clone()));
        let Ok(request) = client.user_info(tokens.access_token().clone(), subject) else { return Ok(arrived) };
        let ask = self.asking();
        let claims: UserInfoClaims<Claims, CoreGenderClaim> =
            request.request_async(&ask).await.map_err(|error| match error {
                openidconnect::UserInfoError::Request(error) => silent(error),
                other => unbelievable(whole(&other)),
            })?;
        let name = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str().to_owned());
        Ok(Arrived {
            email_verified: if arrived.email.is_some() { arrived.email_verified } else { claims.email_verified() },
            email: arrived.email.or_else(|| claims.email().map(|email| email.as_str().to_owned())),
            name: arrived.name.or(name),
            groups: self.groups(claims.additional_claims()).unwrap_or_default(),
            ..arrived
        })
    }

    /// A list, or one group as text.
    fn groups(&self, claims: &Claims) -> Option<Vec<String>> {
        match claims.all.get(&self.settings.groups_claim)? {
            Value::Array(all) => Some(all.iter().filter_map(|group| group.as_str().map(str::to_owned)).collect()),
            Value::String(one) => Some(vec![one.clone()]),
            _ => Some(vec![]),
        }
    }
}
