//! The use cases of links.

use std::sync::Arc;

use crate::blobs::service::Download;
use crate::clock::{Clock, SecretSource, Timestamp};
use crate::error::Error;
use crate::files::service::Files;
use crate::ids::UserId;
use crate::people::model::Actor;
use crate::people::ports::UserRepository;
use crate::request_context::RequestContext;
use crate::threads::message_service::Messages;
use crate::tickets::service::Tickets;
use crate::validation::{FieldError, Invalid, Validated};

use super::model::{Disposition, FileLink, LinkedFile, NewLink};
use super::ports::LinkKeyRepository;
use super::signature::{ClaimedLink, LinkKey};

/// Making links to files, and opening them (docs/contract.md#links-to-files).
#[derive(Clone)]
pub struct Links {
    pub(crate) files: Files,
    pub(crate) messages: Messages,
    pub(crate) tickets: Tickets,
    pub(crate) link_keys: Arc<dyn LinkKeyRepository>,
    pub(crate) users: Arc<dyn UserRepository>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) secrets: Arc<dyn SecretSource>,
}

/// A link that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeLink {
    /// The link as text.
    pub token: String,
    /// When it can no longer be opened.
    pub expires_at: Timestamp,
}

/// A link that was opened.
#[derive(Debug, Clone)]
pub struct OpenedLink {
    /// Whose link it is.
    pub person: UserId,
    /// The file.
    pub download: Download,
    /// What a browser does with it.
    pub disposition: Disposition,
}

impl Links {
    /// Makes a link to a file that the actor may see.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] to show what could run.
    pub async fn make(
        &self,
        by: impl Into<RequestContext>,
        file: LinkedFile,
        draft: impl Into<Validated<NewLink>>,
    ) -> Result<MadeLink, Error> {
        let (by, draft) = (by.into(), draft.into());
        let found = self.download(&by.actor, file).await?;
        let new = draft.as_result()?;
        by.check_unversioned()?;
        let info = &found.file.blob;
        if !new.disposition.suits(&info.content_type) {
            let message = "A browser could run a file of this type. It can be an `attachment`.";
            let fault = FieldError::malformed("could_run", message);
            return Err(Invalid::field("disposition", fault).into());
        }
        let link = FileLink {
            person: by.actor.id,
            file,
            sha256: info.sha256,
            disposition: new.disposition,
            expires_at: new.lifetime.after(self.clock.now()),
        };
        let key = self.key(link.key_day()).await?;
        Ok(MadeLink {
            token: key.sign(&link),
            expires_at: link.expires_at,
        })
    }

    /// Opens a link with the rights that its person has now.
    ///
    /// # Errors
    /// [`Error::NotFound`], whatever is wrong with it.
    pub async fn open(&self, token: &str) -> Result<OpenedLink, Error> {
        let claimed = ClaimedLink::parse(token).ok_or(Error::NotFound)?;
        let key = self.link_keys.link_key(claimed.key_day()).await?;
        let link = key.and_then(|key| claimed.verify(&key));
        let link = link.filter(|link| self.clock.now() < link.expires_at);
        let link = link.ok_or(Error::NotFound)?;
        let person = self.users.user(link.person).await?;
        let person = person.filter(|person| person.is_active);
        let actor = Actor::from(&person.ok_or(Error::NotFound)?);
        let download = self.download(&actor, link.file).await?;
        if download.file.blob.sha256 != link.sha256 {
            return Err(Error::NotFound);
        }
        Ok(OpenedLink {
            person: link.person,
            download,
            disposition: link.disposition,
        })
    }

    /// The file, if the actor may see it now.
    async fn download(&self, actor: &Actor, file: LinkedFile) -> Result<Download, Error> {
        match file {
            LinkedFile::Bundle(bundle, file) => self.files.download(actor, bundle, file).await,
            LinkedFile::Message(message) => self.messages.attachment(actor, message).await,
            LinkedFile::Ticket(ticket, attachment) => {
                let found = self.tickets.attachment(actor, ticket, attachment).await;
                found.map(|(_, download)| download)
            }
        }
    }

    /// The key of a day. The first link of a day makes it.
    async fn key(&self, day: i64) -> Result<LinkKey, Error> {
        match self.link_keys.link_key(day).await? {
            Some(key) => Ok(key),
            None => {
                let fresh = LinkKey::from_bytes(day, self.secrets.bytes());
                Ok(self.link_keys.keep_link_key(fresh).await?)
            }
        }
    }
}
