//! People: who somebody is to themselves, and new accounts. Signing in is the door's.

use serde_json::json;
use shared::{
    api::session::Me,
    domain::{
        access::{Action, ContactRole, Role},
        actor::Actor,
        text::Name,
    },
};
use store::{NewUser, Store, StoreError, User};

use crate::{
    auth::password::{MAX_BYTES, MIN_CHARACTERS, Passwords},
    error::AppError,
};

#[must_use]
pub fn me(user: &User) -> Me {
    Me {
        id: user.id,
        name: user.name.clone(),
        email: user.email.clone(),
        role: user.role,
        contact_roles: user.contact_roles.clone(),
        may: Action::ALL.iter().copied().filter(|action| user.role.may(*action)).collect(),
    }
}

/// A person to be let in.
#[derive(Debug)]
pub struct NewAccount {
    pub email: String,
    pub name: String,
    pub role: Role,
    pub contact_roles: Vec<ContactRole>,
    pub password: String,
}

/// # Errors
/// If a field is not as it must be or the address is taken; then nothing was created.
pub async fn create(store: &Store, passwords: &Passwords, by: &Actor, new: NewAccount) -> Result<User, AppError> {
    let email = email(&new.email)?;
    let name = Name::parse(&new.name).map_err(|e| AppError::invalid("name", e))?;
    check_password(&new.password)?;
    let password_hash = passwords.hash(new.password).await?;
    let mut contact_roles = new.contact_roles;
    contact_roles.dedup();
    let mut tx = store.begin().await?;
    let created = tx
        .user_create(&NewUser {
            email: &email,
            name: name.as_str(),
            password_hash: &password_hash,
            role: new.role,
            contact_roles: &contact_roles,
        })
        .await;
    let user = match created {
        Ok(user) => user,
        Err(StoreError::Conflict(constraint)) if constraint == "app_user_email_key" => {
            return Err(AppError::invalid("email", format!("There is already an account for {email}.")));
        }
        Err(error) => return Err(error.into()),
    };
    let detail = json!({"name": user.name, "role": user.role, "contact_roles": user.contact_roles});
    tx.audit(by, "user.created", format!("user {email}"), detail);
    tx.commit().await?;
    Ok(user)
}

pub(crate) fn email(text: &str) -> Result<String, AppError> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.split_once('@').unwrap_or_default();
    let odd = text.chars().any(|c| c.is_whitespace() || c.is_control()) || domain.contains('@') || text.len() > 254;
    if local.is_empty() || domain.is_empty() || odd {
        return Err(AppError::invalid("email", format!("\"{text}\" is not an e-mail address.")));
    }
    Ok(text)
}

fn check_password(password: &str) -> Result<(), AppError> {
    let n = password.chars().count();
    if n < MIN_CHARACTERS {
        return Err(AppError::invalid(
            "password",
            format!("The password has {n} characters; it needs at least {MIN_CHARACTERS}."),
        ));
    }
    if password.len() > MAX_BYTES {
        return Err(AppError::invalid("password", format!("The password is longer than {MAX_BYTES} bytes.")));
    }
    Ok(())
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
        assert!(check_password("eleven char").unwrap_err().message().contains("11 characters"));
        assert!(check_password("twelve chars").is_ok());
        assert!(check_password(&"x".repeat(2000)).is_err());
    }
}
