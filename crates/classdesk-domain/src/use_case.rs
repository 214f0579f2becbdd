//! What the use cases share: deciding again, and facts about people.

use crate::error::Error;
use crate::ids::UserId;
use crate::people::model::{Actor, Role, User};
use crate::people::ports::UserRepository;
use crate::store::commit::Precondition;
use crate::validation::{Eligibility, FieldError, Invalid};

/// How often a use case decides before it gives up with [`Error::Contended`].
pub(crate) const ATTEMPTS: usize = 16;

/// Runs `load, authorize, commit` until the commit does not find a precondition stale. One is stale
/// for good when the actor may no longer act, so that is looked at before each further attempt.
macro_rules! retry_on_stale {
    ($users:expr, $actor:expr, $attempt:expr) => {{
        let mut attempts = $crate::use_case::ATTEMPTS;
        loop {
            attempts -= 1;
            match $attempt.await {
                Err($crate::error::Error::Contended) if attempts > 0 => {
                    let active = $crate::use_case::ensure_actor_active(&*$users, $actor).await;
                    // Not `?`: the caller may have something to give up, such as an upload.
                    if let Err(error) = active {
                        break Err(error);
                    }
                }
                outcome => break outcome,
            }
        }
    }};
}
pub(crate) use retry_on_stale;

/// The user is active and still has their role.
pub(crate) const fn user_is_active(user: &User) -> Precondition {
    Precondition::ActiveUser {
        user: user.id,
        role: user.role,
    }
}

/// Loads an active person that meets a condition; otherwise an error on `field`.
pub(crate) async fn active_person(
    users: &dyn UserRepository,
    id: UserId,
    field: &'static str,
    needs: Eligibility,
    meets: impl Fn(&User) -> bool + Send,
) -> Result<User, Error> {
    users
        .user(id)
        .await?
        .filter(|user| user.is_active && meets(user))
        .ok_or_else(|| Invalid::field(field, FieldError::NotEligible(needs)).into())
}

/// Finds an active person in this role among the loaded people; otherwise an error on `field`.
pub(crate) fn active_in_role<'a>(
    loaded: &'a [User],
    id: UserId,
    role: Role,
    field: &'static str,
) -> Result<&'a User, Invalid> {
    let needs = match role {
        Role::Client => Eligibility::ActiveClient,
        Role::Writer => Eligibility::ActiveWriter,
        Role::Editor | Role::Admin | Role::Superadmin => Eligibility::ActiveStaff,
    };
    loaded
        .iter()
        .find(|user| user.id == id && user.is_active && user.role == role)
        .ok_or_else(|| Invalid::field(field, FieldError::NotEligible(needs)))
}

/// Both, or everything that is wrong with either.
pub(crate) fn both<A, B>(a: Result<A, Invalid>, b: Result<B, Invalid>) -> Result<(A, B), Invalid> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(a), Err(b)) => Err(a.and(b)),
        (Err(faults), Ok(_)) | (Ok(_), Err(faults)) => Err(faults),
    }
}

/// Checks that the actor still exists, is active and has their role.
pub(crate) async fn ensure_actor_active(
    users: &dyn UserRepository,
    actor: &Actor,
) -> Result<(), Error> {
    match users.user(actor.id).await? {
        Some(user) if user.is_active && user.role == actor.role => Ok(()),
        _ => Err(Error::Unauthenticated),
    }
}
