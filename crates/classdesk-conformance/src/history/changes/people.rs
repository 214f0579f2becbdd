//! People, their sessions, and failed logins.

use std::time::Duration;

use classdesk_domain::ExternalId;
use classdesk_domain::api_keys::KeysEnd;
use classdesk_domain::events::{DomainEvent, NewEvent, RowId, UserChanges};
use classdesk_domain::ids::{SessionId, UserId};
use classdesk_domain::people::{
    Email, EndSessions, Language, LoginAttempt, LoginLimits, NewPasswordLink, NewSession,
    PasswordHash, Role, TokenHash, UserUpdate, WhichSessions,
};
use classdesk_domain::store::Commit;

use crate::fixture::{login_attempt, new_user};
use crate::history::replica::Replica;

/// The token of a person's links in a history, where each new link is like the one before.
pub(in crate::history) fn link_token(user: UserId) -> TokenHash {
    let mut token = [0; 32];
    token[..8].copy_from_slice(&user.get().to_le_bytes());
    TokenHash::from_bytes(token)
}

impl Replica<'_> {
    pub(super) async fn create_user(&mut self) -> String {
        let number = self.dice.u32(0..12);
        let role = self.any(Role::ALL);
        let mut row = new_user(&format!("person{number}"), role, self.tick());
        row.display_name = self.display_name();
        row.password = row.password.filter(|_| !self.once_in(4));
        if self.once_in(4) {
            row.email = Email::from_stored("person0@example.com".to_owned());
        }
        row.external_id = Some(ExternalId::from_stored(format!("ext{number}")));
        let created = DomainEvent::UserCreated {
            user: RowId::Created,
            username: row.username.clone(),
            role,
        };
        let commit = self.commit(row, created).await;
        let created = self.store.create_user(commit).await;
        if let Ok(user) = &created {
            self.meet(user.into());
        }
        self.report("create_user", created)
    }

    pub(super) async fn update_user(&mut self) -> String {
        let mut update = UserUpdate::of(self.row());
        let role = self.any(Role::ALL);
        update.role = self.once_in(5).then_some(role);
        update.is_active = Some(!self.once_in(4));
        if self.once_in(3) {
            let number = self.dice.u32(0..12);
            update.email = Some(Email::from_stored(format!("person{number}@example.com")));
        }
        update.display_name = self.once_in(3).then(|| self.display_name());
        if self.once_in(3) {
            update.ends = Some(WhichSessions::All);
            update.ends_keys = Some(self.any(&[KeysEnd::Acting, KeysEnd::All]));
            update.external_id = Some(None);
            update.language = Some(Language::German);
        }
        let token = link_token(update.user);
        if self.once_in(3) {
            let expires_at = self.tick();
            update.link = Some(NewPasswordLink { token, expires_at });
        } else if self.once_in(3) {
            update.redeems = Some(token);
            update.password = Some(PasswordHash::new("chosen".to_owned()));
        }
        let changed = DomainEvent::UserChanged {
            user: update.user,
            changes: UserChanges {
                username: false,
                external_id: update.external_id.is_some(),
                language: update.language.is_some(),
                time_zone: false,
                display_name: update.display_name.is_some(),
                email: update.email.is_some(),
                role: update.role,
                is_active: update.is_active,
            },
        };
        let commit = self.commit(update, changed).await;
        let changed = self.store.update_user(commit).await;
        self.report("update_user", changed)
    }

    pub(super) async fn start_session(&mut self) -> String {
        let (user, now) = (self.person().id, self.tick());
        let known = self.store.credentials_of(user).await.ok().flatten();
        let verified_hash = match known.and_then(|known| known.password) {
            Some(hash) if !self.once_in(4) => hash,
            _ => PasswordHash::new("another".to_owned()),
        };
        let token = self.fresh_token();
        let session = NewSession {
            user,
            token,
            created_at: now,
            expires_at: now.plus(Duration::from_secs(self.dice.u64(1..400))),
            address: Some("192.0.2.7".to_owned()),
            user_agent: None,
            upgraded_hash: None,
            verified_hash,
            attempt: LoginAttempt {
                user: Some(user),
                ..self.attempt()
            },
        };
        let commit = self
            .commit(session, DomainEvent::SessionStarted { user })
            .await;
        let started = self.store.start_session(commit).await;
        if let Ok(session) = &started {
            self.numbers.note(session.id);
        }
        self.report("start_session", started)
    }

    pub(super) async fn end_sessions(&mut self) -> String {
        let id = self.row::<SessionId>();
        let now = self.tick();
        if self.once_in(2) {
            let touched = self.store.touch_session(id, now).await;
            return self.report("touch_session", touched);
        }
        let which = self.any(&[
            WhichSessions::One(id),
            WhichSessions::All,
            WhichSessions::AllBut(id),
        ]);
        let user = self.person().id;
        let event = NewEvent::new(now, None, DomainEvent::SessionEnded { user });
        let commit = Commit::new(EndSessions { user, which }).with_event(event);
        let ended = self.store.end_sessions(commit).await;
        self.report("end_sessions", ended)
    }

    /// An attempt with one of a few names from one of a few networks.
    fn attempt(&mut self) -> LoginAttempt {
        let (name, address) = (self.dice.u32(0..3), self.dice.u8(0..2));
        LoginAttempt {
            limits: LoginLimits {
                per_name: 2,
                per_network: 3,
                window: Duration::from_secs(60),
            },
            ..login_attempt(&format!("name{name}"), address, self.tick())
        }
    }

    pub(super) async fn fail_to_log_in(&mut self) -> String {
        let user = self.once_in(2).then(|| self.person().id);
        let attempt = LoginAttempt {
            user,
            ..self.attempt()
        };
        let counted = self.store.count_failure(attempt).await;
        self.report("count_failure", counted)
    }
}
