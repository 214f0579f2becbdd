//! The first person on a database without any.

use classdesk_domain::App;
use classdesk_domain::clock::SecretSource;
use classdesk_domain::error::{Conflict, Error};
use classdesk_domain::people::{Email, NewPassword, NewUser, Role, Username};
use classdesk_domain::system::SystemSecrets;
use classdesk_domain::validation::{FieldError, Invalid};

use crate::error::CliError;

/// What the first start did about the first person.
pub(crate) enum FirstPerson {
    /// There were users already.
    Existed,
    /// `superadmin` was created with the password from the settings.
    Created,
    /// `superadmin` was created with this generated password.
    CreatedWith(NewPassword),
}

/// Creates `superadmin` where there are no users. Of several processes that start on one empty
/// database, one does.
pub(crate) async fn ensure_superadmin(
    app: &App,
    chosen: Option<NewPassword>,
) -> Result<FirstPerson, CliError> {
    if app.admin_commands.any_user().await? {
        return Ok(FirstPerson::Existed);
    }
    let generated = chosen.is_none();
    let password = match chosen {
        Some(password) => password,
        None => generate(&SystemSecrets).map_err(unfit)?,
    };
    let email = Email::parse("superadmin@localhost").map_err(unfit)?;
    let superadmin = NewUser {
        password: Some(password.clone()),
        ..NewUser::new(name().map_err(unfit)?, email, Role::Superadmin)
    };
    match app.admin_commands.create_user(&superadmin).await {
        Ok(_) if generated => Ok(FirstPerson::CreatedWith(password)),
        Ok(_) => Ok(FirstPerson::Created),
        Err(Error::Conflict(Conflict::UsernameTaken | Conflict::EmailTaken)) => {
            Ok(FirstPerson::Existed)
        }
        Err(error) => Err(CliError::while_doing(
            "the superadmin can't be created",
            &error,
        )),
    }
}

/// Checks the password that was chosen for `superadmin`.
pub(crate) fn superadmin_password(text: &str) -> Result<NewPassword, CliError> {
    let password = NewPassword::parse(text).and_then(|password| {
        password.fits(&name()?)?;
        Ok(password)
    });
    password.map_err(|fault| Invalid::field("CLASSDESK_SUPERADMIN_PASSWORD", fault).into())
}

fn name() -> Result<Username, FieldError> {
    Username::parse("superadmin")
}

fn unfit(fault: FieldError) -> CliError {
    CliError::from(Invalid::field("superadmin", fault))
}

/// Five groups of four from an alphabet of 32 without look-alikes: 100 random bits.
fn generate(secrets: &dyn SecretSource) -> Result<NewPassword, FieldError> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let random = secrets.bytes();
    let letters: Vec<char> = random[..20]
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    NewPassword::parse(&groups.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_password_is_a_good_one_and_new_each_time() {
        let username = Username::parse("superadmin").unwrap();
        let (one, other) = (
            generate(&SystemSecrets).unwrap(),
            generate(&SystemSecrets).unwrap(),
        );
        assert!(one.fits(&username).is_ok());
        assert_eq!(one.expose().len(), 24);
        assert_ne!(one.expose(), other.expose());
    }
}
