//! What people do with their keys, and what programs do with them.

use std::sync::Arc;

use crate::clock::{Clock, SecretSource};
use crate::error::{Conflict, Error};
use crate::events::facts::RowId;
use crate::events::model::{DomainEvent, NewEvent};
use crate::external_id::ExternalId;
use crate::ids::{ApiKeyId, UserId};
use crate::paging::{Page, PageRequest};
use crate::people::model::Actor;
use crate::people::names::LoginName;
use crate::people::ports::UserRepository;
use crate::people::principal::{Principal, lacks};
use crate::policy::permission::{ACT_AS, KeyAction, Permission, UserAction};
use crate::request_context::RequestContext;
use crate::store::commit::Commit;
use crate::store::error::StoreError;
use crate::use_case::{ATTEMPTS, retry_on_stale, user_is_active};
use crate::validation::{FieldError, Invalid, Validated};

use super::model::{ApiKey, KeyToken, NewApiKey};
use super::ports::{ApiKeyRepository, EndApiKey, InsertApiKey};

/// For whom a program acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// The person with this id.
    Id(UserId),
    /// The person whom another system knows by this id.
    ExternalId(ExternalId),
}

/// Keys, by which programs come in (docs/contract.md#keys).
#[derive(Clone)]
pub struct ApiKeys {
    pub(crate) api_keys: Arc<dyn ApiKeyRepository>,
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secrets: Arc<dyn SecretSource>,
}

impl ApiKeys {
    /// The use cases on these ports, for a program that does nothing else.
    #[must_use]
    pub fn new(
        api_keys: Arc<dyn ApiKeyRepository>,
        users: Arc<dyn UserRepository>,
        clock: Arc<dyn Clock>,
        secrets: Arc<dyn SecretSource>,
    ) -> Self {
        Self {
            api_keys,
            users,
            clock,
            secrets,
        }
    }

    /// Lets a program in by a key, and notes the use.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the key is unknown or has ended.
    pub async fn authenticate(&self, token: &KeyToken) -> Result<Principal, Error> {
        let key = self.find_valid(token).await?;
        let now = self.clock.now();
        if key.wants_touch(now) {
            self.api_keys.touch_api_key(key.id, now).await?;
        }
        Ok(key.into())
    }

    /// The key of a token, if it holds. This is no use of it.
    ///
    /// # Errors
    /// As [`ApiKeys::authenticate`].
    pub async fn find_valid(&self, token: &KeyToken) -> Result<ApiKey, Error> {
        let found = self.api_keys.api_key_with_token(&token.hash()).await?;
        let now = self.clock.now();
        found
            .filter(|key| key.holds(now))
            .ok_or(Error::Unauthenticated)
    }

    /// Lets a program do something with the rights of somebody whom its owner manages.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without a key that may act for others, and for somebody whom its owner
    /// does not manage or who is not active; [`Error::NotFound`] when there is no such person.
    pub async fn act_for(&self, principal: Principal, whom: &Whom) -> Result<Principal, Error> {
        let key = principal.acting_key()?;
        let found = match whom {
            Whom::Id(id) => self.users.user(*id).await?,
            Whom::ExternalId(id) => self.users.user_by_external_id(id).await?,
        };
        let user = found.ok_or(Error::NotFound)?;
        let owner = Actor::new(key.owner.id, key.owner.role);
        owner.require(Permission::User(UserAction::ActFor, user.id, user.role))?;
        if !user.is_active {
            return Err(lacks(ACT_AS).into());
        }
        Ok(Principal {
            actor: Actor::from(&user),
            ..principal
        })
    }

    /// Lists keys that were not ended, newest first: one's own, and for superadmins everybody's.
    ///
    /// # Errors
    /// [`Error::Forbidden`].
    pub async fn list(
        &self,
        actor: &Actor,
        of: UserId,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, Error> {
        actor.require(Permission::ApiKey(KeyAction::List, of))?;
        Ok(self.api_keys.list_api_keys(of, page).await?)
    }

    /// One key that was not ended.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, actor: &Actor, id: ApiKeyId) -> Result<ApiKey, Error> {
        let key = self.api_keys.api_key(id).await?.ok_or(Error::NotFound)?;
        actor.require(Permission::ApiKey(KeyAction::End, key.owner.id))?;
        Ok(key)
    }

    /// Makes a key for oneself. Its token is shown once and kept nowhere.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for programs, and for a key that acts for others;
    /// [`Error::Invalid`], [`Conflict::TooManyKeys`].
    pub async fn create(
        &self,
        by: impl Into<RequestContext>,
        draft: impl Into<Validated<NewApiKey>>,
    ) -> Result<(ApiKey, KeyToken), Error> {
        let (by, draft) = (by.into(), draft.into());
        by.require_own_sign_in()?;
        let new = draft.as_result()?;
        let may_make = by.actor.require(Permission::MakeApiKey(new.act_as));
        may_make.map_err(|denied| denied.in_field("act_as"))?;
        by.check_unversioned()?;
        let token = KeyToken::from_bytes(self.secrets.bytes());
        let row = self.row(by.actor.id, new, &token)?;
        let created = retry_on_stale!(self.users, &by.actor, async {
            let commit = Commit::by(&by, row.created_at, row.clone(), [created(&row)]);
            Ok(self.api_keys.create_api_key(commit).await?)
        })?;
        Ok((created.ok_or(Conflict::TooManyKeys)?, token))
    }

    /// Makes a key for somebody whom the command line names. Its event has no actor.
    ///
    /// # Errors
    /// [`Error::NotFound`] when no active person signs in with this name; [`Error::Forbidden`],
    /// [`Error::Invalid`], [`Conflict::TooManyKeys`].
    pub async fn create_for(
        &self,
        name: &LoginName,
        new: &NewApiKey,
    ) -> Result<(ApiKey, KeyToken), Error> {
        let token = KeyToken::from_bytes(self.secrets.bytes());
        for _ in 0..ATTEMPTS {
            let found = self.users.credentials(name).await?;
            let owner = found.map(|known| known.user).filter(|user| user.is_active);
            let owner = owner.ok_or(Error::NotFound)?;
            let may_make = Actor::from(&owner).require(Permission::MakeApiKey(new.act_as));
            may_make.map_err(|denied| denied.in_field("act_as"))?;
            let row = self.row(owner.id, new, &token)?;
            let event = NewEvent::new(row.created_at, None, created(&row));
            let commit = Commit::new(row)
                .with_event(event)
                .require(user_is_active(&owner));
            match self.api_keys.create_api_key(commit).await {
                Err(StoreError::Stale) => {}
                made => return Ok((made?.ok_or(Conflict::TooManyKeys)?, token)),
            }
        }
        Err(Error::Contended)
    }

    fn row(
        &self,
        owner: UserId,
        new: &NewApiKey,
        token: &KeyToken,
    ) -> Result<InsertApiKey, Invalid> {
        let now = self.clock.now();
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(Invalid::field("expires_at", FieldError::InThePast));
        }
        Ok(InsertApiKey {
            owner,
            key: new.clone(),
            token: token.hash(),
            created_at: now,
        })
    }

    /// Ends a key: one's own, and for superadmins anybody's.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for programs; [`Error::NotFound`].
    pub async fn end(&self, by: impl Into<RequestContext>, id: ApiKeyId) -> Result<(), Error> {
        let by = by.into();
        by.require_own_sign_in()?;
        let was_there = retry_on_stale!(self.users, &by.actor, async {
            let key = self.get(&by.actor, id).await?;
            by.check_unversioned()?;
            let ended = DomainEvent::ApiKeyEnded {
                key: id,
                user: key.owner.id,
            };
            let commit = Commit::by(&by, self.clock.now(), EndApiKey(id), [ended]);
            Ok(self.api_keys.end_api_key(commit).await?)
        })?;
        was_there.then_some(()).ok_or(Error::NotFound)
    }
}

fn created(row: &InsertApiKey) -> DomainEvent {
    DomainEvent::ApiKeyCreated {
        key: RowId::Created,
        user: row.owner,
        access: row.key.access,
        act_as: row.key.act_as,
    }
}
