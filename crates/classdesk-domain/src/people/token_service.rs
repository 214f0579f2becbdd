//! Coming in by a token of another system.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::error::{Conflict, Error};
use crate::events::model::NewEvent;
use crate::external_id::ExternalId;
use crate::store::commit::Commit;
use crate::store::error::{StoreError, Unique};
use crate::text::DisplayName;

use super::identity::{Identity, TokenRefusal, TokenVerifier};
use super::known::change_unasked;
use super::model::{PutUser, Role, User};
use super::names::{Email, Username};
use super::ports::{UserRepository, UserUpdate};
use super::put::{insert_of, named, user_created};

/// What tokens decide about people: somebody unknown is created, and the others follow what is said of
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioning {
    /// Which roles a token may give.
    pub roles: Vec<Role>,
}

/// The tokens that are trusted.
#[derive(Clone)]
pub struct TrustedTokens {
    /// What verifies them.
    pub verifier: Arc<dyn TokenVerifier>,
    /// What they decide about people; without it they only say who somebody is.
    pub provisioning: Option<Provisioning>,
}

/// Coming in by a token of another system (docs/contract.md#tokens-of-another-system).
#[derive(Clone)]
pub struct TokenSignIn {
    pub(crate) tokens: TrustedTokens,
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What a token says of a person, in the words of the desk.
struct Said {
    email: Option<Email>,
    name: Option<DisplayName>,
    role: Option<Role>,
}

impl TokenSignIn {
    /// The person whom a token names. Somebody who is as the token says costs one query.
    ///
    /// # Errors
    /// [`Error::Token`] when it is refused or can't be verified just now.
    pub async fn authenticate(&self, token: &str) -> Result<User, Error> {
        let identity = self.tokens.verifier.verify(token).await?;
        let id = ExternalId::parse(&identity.subject).map_err(|_| claim("sub"))?;
        let known = self.users.user_by_external_id(&id).await?;
        if known.as_ref().is_some_and(|user| !user.is_active) {
            return Err(TokenRefusal::Inactive.into());
        }
        let Some(provisioning) = &self.tokens.provisioning else {
            return known.ok_or_else(|| TokenRefusal::Nobody.into());
        };
        let said = Said::of(&identity)?;
        let may_be = |role: &Role| provisioning.roles.contains(role);
        let user = match (known, said.role) {
            (Some(user), Some(role)) if role != user.role && !may_be(&role) => {
                return Err(TokenRefusal::Role.into());
            }
            (Some(user), _) => self.follow(user, said).await?,
            (None, role) => {
                let role = role.filter(may_be).ok_or(TokenRefusal::Role)?;
                self.create(&id, role, said).await?
            }
        };
        // Somebody may have been deactivated meanwhile.
        if user.is_active {
            Ok(user)
        } else {
            Err(TokenRefusal::Inactive.into())
        }
    }

    async fn follow(&self, user: User, said: Said) -> Result<User, Error> {
        let name = said.name.as_ref();
        let name = name.map(|name| named(Some(name), &user.username));
        let update = UserUpdate {
            display_name: name.filter(|name| *name != user.display_name),
            email: said.email.filter(|email| *email != user.email),
            role: said.role.filter(|role| *role != user.role),
            ..UserUpdate::of(user.id)
        };
        if !update.counts_version() {
            return Ok(user);
        }
        match change_unasked(&*self.users, &*self.clock, &update).await {
            Err(Error::Conflict(conflict)) => Err(not_followed(&conflict)),
            outcome => outcome,
        }
    }

    /// Creates a person, who has no password. Of several requests at once one creates them, and the
    /// others find them.
    async fn create(&self, id: &ExternalId, role: Role, said: Said) -> Result<User, Error> {
        let email = said.email.ok_or_else(|| claim("email"))?;
        let mut taken = Conflict::UsernameTaken;
        for username in usernames(&email, id) {
            let person = PutUser {
                display_name: said.name.clone(),
                ..PutUser::new(username, email.clone(), role)
            };
            let now = self.clock.now();
            let row = insert_of(id, &person, now);
            let event = NewEvent::new(now, None, user_created(&row));
            let commit = Commit::new(row).with_event(event);
            match self.users.create_user(commit).await {
                Err(StoreError::Duplicate(which)) => {
                    if let Some(user) = self.users.user_by_external_id(id).await? {
                        return Ok(user);
                    }
                    if which == Unique::Email {
                        taken = Conflict::EmailTaken;
                        break;
                    }
                }
                outcome => return Ok(outcome?),
            }
        }
        Err(not_followed(&taken))
    }
}

impl Said {
    fn of(identity: &Identity) -> Result<Self, TokenRefusal> {
        let email = identity.email.as_deref().map(Email::parse).transpose();
        let name = identity.name.as_deref().map(DisplayName::parse).transpose();
        let role = identity.role.as_deref().map(Role::parse).transpose();
        Ok(Self {
            email: email.map_err(|_| claim("email"))?,
            name: name.map_err(|_| claim("name"))?,
            role: role.map_err(|_| TokenRefusal::Role)?,
        })
    }
}

fn claim(name: &str) -> TokenRefusal {
    TokenRefusal::Claim(name.to_owned())
}

fn not_followed(conflict: &Conflict) -> Error {
    TokenRefusal::NotFollowed(conflict.to_string()).into()
}

/// What a person is called who comes without a username: as their address begins, and if somebody
/// else is called so, with some digits that are their own.
fn usernames(email: &Email, id: &ExternalId) -> impl Iterator<Item = Username> {
    let local = email.as_str().split('@').next().unwrap_or_default();
    let is_allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let short: String = local.chars().filter(is_allowed).take(40).collect();
    let digest = Sha256::digest(id.as_str());
    let digits: String = digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let names = [short.clone(), format!("{short}-{digits}")];
    names
        .into_iter()
        .filter_map(|name| Username::parse(&name).ok())
}
