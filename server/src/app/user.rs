//! People: who somebody is to themselves, and new accounts. Signing in is the door's.

use serde_json::json;
use shared::{
    api::session::Me,
    domain::{
        access::{Action, ContactRole, Rights, RoleName},
        actor::Actor,
        text::{Name, has_invisible},
    },
};
use store::{NewUser, Store, StoreError, Tx, User};
use zxcvbn::{Score, feedback::Feedback};

use crate::{
    auth::{
        password::{MAX_BYTES, MIN_CHARACTERS, Passwords},
        permit,
    },
    error::AppError,
};

#[must_use]
pub fn me(user: &User) -> Me {
    Me {
        id: user.id,
        name: user.name.clone(),
        email: user.email.clone(),
        role: user.role.clone(),
        contact_roles: user.contact_roles.clone(),
        may: own_rights(user).actions(),
        must_enrol: permit::must_enrol(user),
    }
}

fn own_rights(user: &User) -> Rights {
    if permit::must_enrol(user) { user.rights.and(Action::OWN.into_iter().collect()) } else { user.rights }
}

/// A person to be let in.
#[derive(Debug)]
pub struct NewAccount {
    pub email: String,
    pub name: String,
    pub role: RoleName,
    pub contact_roles: Vec<ContactRole>,
    pub password: String,
}

/// # Errors
/// If a field is not as it must be or the address is taken; then nothing was created.
pub async fn create(store: &Store, passwords: &Passwords, by: &Actor, new: NewAccount) -> Result<User, AppError> {
    let email = email(&new.email)?;
    let name = Name::parse(&new.name).map_err(|e| AppError::invalid("name", e))?;
    check_password("password", &new.password, &[&email, name.as_str()])?;
    let password_hash = passwords.hash(new.password).await?;
    let mut contact_roles = new.contact_roles;
    contact_roles.dedup();
    let mut tx = store.begin().await?;
    let new = NewUser {
        email: &email,
        name: name.as_str(),
        password_hash: Some(&password_hash),
        role: &new.role,
        contact_roles: &contact_roles,
    };
    let user = insert(&mut tx, &new).await?;
    let detail = json!({"name": user.name, "role": user.role, "contact_roles": user.contact_roles});
    tx.audit(by, "user.created", format!("user {email}"), detail);
    tx.commit().await?;
    Ok(user)
}

/// # Errors
/// If the address is taken or the role is none; then nothing was created.
pub(super) async fn insert(tx: &mut Tx, new: &NewUser<'_>) -> Result<User, AppError> {
    match tx.user_create(new).await {
        Ok(user) => Ok(user),
        Err(StoreError::Conflict(constraint)) if constraint == "app_user_email_key" => Err(taken(new.email)),
        Err(StoreError::Conflict(constraint)) if constraint == "app_user_role_fkey" => {
            Err(AppError::invalid("role", format!("There is no role {}.", new.role)))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn taken(email: &str) -> AppError {
    AppError::invalid("email", format!("There is already an account for {email}."))
}

pub(crate) fn email(text: &str) -> Result<String, AppError> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.split_once('@').unwrap_or_default();
    let odd = has_invisible(&text) || text.chars().any(char::is_control) || domain.contains('@') || text.len() > 254;
    if local.is_empty() || domain.is_empty() || odd {
        return Err(AppError::invalid("email", format!("\"{text}\" is not an e-mail address.")));
    }
    Ok(text)
}

/// Long enough, and not one that is guessed early (OWASP ASVS 5.0, V6.2): `about` are words that others would try for this person.
pub(super) fn check_password(field: &str, password: &str, about: &[&str]) -> Result<(), AppError> {
    let n = password.chars().count();
    if n < MIN_CHARACTERS {
        let message = format!("The password has {n} characters; it needs at least {MIN_CHARACTERS}.");
        return Err(AppError::invalid(field, message));
    }
    if password.len() > MAX_BYTES {
        return Err(AppError::invalid(field, format!("The password is longer than {MAX_BYTES} bytes.")));
    }
    let words = about.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric())).chain(["muster"]);
    let words: Vec<String> = words.filter(|word| word.chars().count() > 2).map(str::to_lowercase).collect();
    // What these words say is nothing that others would not try first.
    let rest = words.iter().fold(password.to_lowercase(), |rest, word| rest.replace(word, ""));
    let judged = zxcvbn::zxcvbn(&rest, &[]);
    if judged.score() >= Score::Three {
        return Ok(());
    }
    let why = judged.feedback().and_then(Feedback::warning).map(|why| format!(" ({why})")).unwrap_or_default();
    let message =
        format!("This password would be guessed early{why}. Take some more words that do not belong together.");
    Err(AppError::invalid(field, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_passwords() {
        assert_eq!(email(" Ada@Example.org ").unwrap(), "ada@example.org");
        for bad in ["", "ada", "@example.org", "ada@", "a b@c", "a@b@c"] {
            assert!(email(bad).is_err(), "{bad}");
        }
        let said = |password: &str| {
            let about = ["ada@example.org", "Ada Lovelace"];
            check_password("password", password, &about).err().map(|e| e.message().to_owned()).unwrap_or_default()
        };
        assert!(said("eleven char").contains("11 characters"));
        assert!(said(&"x".repeat(2000)).contains("longer than"));
        for early in ["password1234", "adalovelace1", "mustermuster", "qwertyuiop12", "aaaaaaaaaaaaaaa"] {
            assert!(said(early).contains("guessed early"), "{early}: {}", said(early));
        }
        assert_eq!(said("violet ladder under nine"), "");
    }
}
