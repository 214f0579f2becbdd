//! The demo: people, bundles and one workflow to look at, on a store of its own.

mod workflow;

use std::io::ErrorKind;
use std::path::Path;

use classdesk_diesel::DatabaseUrl;
use classdesk_domain::App;
use classdesk_domain::error::Error;
use classdesk_domain::people::{Actor, Email, NewPassword, NewUser, Role, Username};
use classdesk_domain::text::DisplayName;
use classdesk_domain::validation::{FieldError, Invalid};
use classdesk_object_store::StorageLocation;

use crate::error::CliError;

/// The password of everybody in the demo.
pub(crate) const PASSWORD: &str = "classdesk-demo";

/// A user of the demo.
pub(crate) struct Person {
    /// Their username.
    pub(crate) username: &'static str,
    /// Their name for others.
    pub(crate) name: &'static str,
    /// What they are.
    pub(crate) role: Role,
}

const fn person(username: &'static str, name: &'static str, role: Role) -> Person {
    Person {
        username,
        name,
        role,
    }
}

/// Everybody in the demo, in the order of their ids.
pub(crate) const PEOPLE: [Person; 7] = [
    person("superadmin", "Sofia Superadmin", Role::Superadmin),
    person("admin", "Adam Admin", Role::Admin),
    person("editor", "Edda Editor", Role::Editor),
    person("client", "Clara Client", Role::Client),
    person("writer", "Walter Writer", Role::Writer),
    person("other_client", "Oscar Client", Role::Client),
    person("other_writer", "Olga Writer", Role::Writer),
];

const FOLDER: &str = "classdesk-data/demo";
/// Stands in the folder once the demo is complete.
const COMPLETE: &str = "classdesk-data/demo/complete";

/// Where the demo keeps its rows.
pub(crate) fn database_url() -> DatabaseUrl {
    let url = format!("sqlite://{FOLDER}/classdesk.db");
    url.parse().expect("the demo's database URL is one")
}

/// Where the demo keeps its bytes.
pub(crate) fn storage_url() -> StorageLocation {
    let url = format!("file://{FOLDER}/files");
    url.parse().expect("the demo's storage URL is one")
}

/// Removes what a start that was killed half-way has left, and says whether the demo is still to
/// be made.
pub(crate) fn begin() -> Result<bool, CliError> {
    if Path::new(COMPLETE).exists() {
        return Ok(false);
    }
    match std::fs::remove_dir_all(FOLDER) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            let what = format!("the unfinished demo in {FOLDER} can't be removed");
            Err(CliError::while_doing(&what, &error))
        }
        _ => Ok(true),
    }
}

/// Fills an empty store with the demo, through the same use cases as everybody else.
pub(crate) async fn fill(app: &App) -> Result<(), CliError> {
    let made = async {
        let people = create_people(app).await?;
        workflow::play(app, &people).await
    };
    made.await
        .map_err(|error| CliError::while_doing("the demo can't be made", &error))?;
    std::fs::write(COMPLETE, "")
        .map_err(|error| CliError::while_doing("the demo can't be completed", &error))
}

/// Creates everybody, in the order of [`PEOPLE`].
async fn create_people(app: &App) -> Result<[Actor; PEOPLE.len()], Error> {
    let mut actors = Vec::with_capacity(PEOPLE.len());
    for person in &PEOPLE {
        let user = app.admin_commands.create_user(&account(person)?).await?;
        actors.push(Actor::from(&user));
    }
    Ok(actors
        .try_into()
        .expect("there are as many actors as people"))
}

fn account(person: &Person) -> Result<NewUser, Invalid> {
    let valid = |fault: FieldError| Invalid::field(person.username, fault);
    let username = Username::parse(person.username).map_err(valid)?;
    let email = format!("{username}@classdesk.example").parse::<Email>();
    Ok(NewUser {
        display_name: Some(DisplayName::parse(person.name).map_err(valid)?),
        password: Some(NewPassword::parse(PASSWORD).map_err(valid)?),
        ..NewUser::new(username, email.map_err(valid)?, person.role)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_good_for_everybody() {
        for person in &PEOPLE {
            let account = account(person).unwrap();
            let password = account.password.unwrap();
            assert!(
                password.fits(&account.username).is_ok(),
                "{}",
                person.username
            );
        }
    }
}
