//! `classdesk user`: people, from the command line.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use classdesk_api::ImportOutcome;
use classdesk_diesel::DieselStore;
use classdesk_domain::error::Error;
use classdesk_domain::paging::{Limit, PageRequest};
use classdesk_domain::people::{Email, Invited, LoginName, NewPassword, NewUser, User, Username};
use classdesk_domain::text::DisplayName;
use classdesk_domain::validation::{ErrorCollector, Invalid};
use futures_util::StreamExt as _;

use crate::cli::{
    UserArgs, UserCommand, UserCreateArgs, UserImportArgs, UserInviteArgs, UserListArgs,
    UserSetPasswordArgs,
};
use crate::error::CliError;
use crate::wiring::{Schema, admin_commands};

/// Runs the command.
pub(crate) async fn run(args: UserArgs) -> Result<ExitCode, CliError> {
    match args.command {
        UserCommand::Create(args) => create(args).await,
        UserCommand::Invite(args) => invite(&args).await,
        UserCommand::Import(args) => import(&args).await,
        UserCommand::List(args) => list(&args).await,
        UserCommand::SetPassword(args) => set_password(&args).await,
        UserCommand::SetActive(args) => {
            let (commands, store) = admin_commands(&args.store, None, Schema::Known).await?;
            let name = LoginName::new(&args.username);
            changed(&store, &name, commands.set_active(&name, args.active).await).await
        }
        UserCommand::SetRole(args) => {
            let (commands, store) = admin_commands(&args.store, None, Schema::Known).await?;
            let name = LoginName::new(&args.username);
            changed(&store, &name, commands.set_role(&name, args.role).await).await
        }
        UserCommand::Unlock(args) => {
            let (commands, store) = admin_commands(&args.store, None, Schema::Known).await?;
            let name = LoginName::new(&args.username);
            changed(&store, &name, commands.unlock(&name).await).await
        }
    }
}

async fn create(args: UserCreateArgs) -> Result<ExitCode, CliError> {
    let password = read_password()?;
    let (commands, _store) =
        admin_commands(&args.store, Some(&args.hashing), Schema::Known).await?;
    let new = new_user(&args, &password)?;
    let user = commands.create_user(&new).await?;
    writeln!(std::io::stdout(), "{}", user.id)?;
    Ok(ExitCode::SUCCESS)
}

/// The person to be created, or everything that is wrong with them at once.
fn new_user(args: &UserCreateArgs, password: &str) -> Result<NewUser, Invalid> {
    let mut faults = ErrorCollector::default();
    let username = faults.check("username", Username::parse(&args.username));
    let email = faults.check("email", Email::parse(&args.email));
    let password = faults.check("password", NewPassword::parse(password));
    let display_name = args.display_name.as_deref().map(DisplayName::parse);
    let display_name = display_name.and_then(|name| faults.check("display-name", name));
    faults.into_result()?;
    let username = username.expect("a username without a fault");
    let email = email.expect("an email address without a fault");
    Ok(NewUser {
        display_name,
        password,
        ..NewUser::new(username, email, args.role)
    })
}

/// Prints the token alone, for programs, and beside it what can be done with it.
async fn invite(args: &UserInviteArgs) -> Result<ExitCode, CliError> {
    let (commands, _store) = admin_commands(&args.store, None, Schema::Known).await?;
    let mut faults = ErrorCollector::default();
    let username = faults.check("username", Username::parse(&args.username));
    let email = faults.check("email", Email::parse(&args.email));
    faults.into_result()?;
    let username = username.expect("a username without a fault");
    let email = email.expect("an email address without a fault");
    let name = username.clone();
    let refused = |why| Err(CliError::new(format!("`{name}` {why}")));
    let new = NewUser::new(username, email, args.role);
    let (token, expires_at) = match commands.invite(new).await? {
        Invited::Link { token, expires_at } => (token, expires_at),
        Invited::HasPassword => return refused("has a password already"),
        Invited::Inactive => return refused("is not active"),
    };
    writeln!(std::io::stdout(), "{}", token.expose())?;
    writeln!(
        std::io::stderr(),
        "Until {expires_at}, `{name}` chooses a password with this token, once:\n\
         POST /api/v1/auth/reset_password/ {{\"token\": \"…\", \"new_password\": \"…\"}}"
    )?;
    Ok(ExitCode::SUCCESS)
}

async fn import(args: &UserImportArgs) -> Result<ExitCode, CliError> {
    let text = std::fs::read(&args.file)
        .map_err(|error| CliError::while_doing(&args.file.display().to_string(), &error))?;
    let (commands, store) = admin_commands(&args.store, None, Schema::Known).await?;
    let put = |id, person| {
        let commands = commands.clone();
        async move { commands.put_user(&id, &person).await }
    };
    let mut lines = std::pin::pin!(classdesk_api::import(&text, put)?);
    let mut code = ExitCode::SUCCESS;
    let mut out = std::io::stdout();
    while let Some(line) = lines.next().await {
        if line.outcome == ImportOutcome::Error {
            code = ExitCode::FAILURE;
        }
        out.write_all(&line.to_json())?;
    }
    store.wait_for_cache_expiry().await;
    Ok(code)
}

async fn list(args: &UserListArgs) -> Result<ExitCode, CliError> {
    let (commands, _store) = admin_commands(&args.store, None, Schema::ReadOnly).await?;
    let mut out = std::io::stdout().lock();
    let mut after = None;
    loop {
        let limit = Limit::GREATEST;
        let page = commands.list_users(PageRequest { limit, after }).await?;
        for user in &page.items {
            writeln!(out, "{}", line(user))?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Columns divided by tabs, for people and for `cut`.
fn line(user: &User) -> String {
    let state = if user.is_active { "active" } else { "inactive" };
    let (id, username, email, role) = (user.id, &user.username, &user.email, user.role);
    format!("{id}\t{username}\t{email}\t{role}\t{state}")
}

async fn set_password(args: &UserSetPasswordArgs) -> Result<ExitCode, CliError> {
    let password = read_password()?;
    let password =
        NewPassword::parse(&password).map_err(|fault| Invalid::field("password", fault))?;
    let (commands, store) = admin_commands(&args.store, Some(&args.hashing), Schema::Known).await?;
    let name = LoginName::new(&args.username);
    changed(&store, &name, commands.set_password(&name, &password).await).await
}

/// What came of a change. When the command returns, it holds at every server.
async fn changed(
    store: &DieselStore,
    name: &LoginName,
    outcome: Result<User, Error>,
) -> Result<ExitCode, CliError> {
    match outcome {
        Ok(_) => {
            store.wait_for_cache_expiry().await;
            Ok(ExitCode::SUCCESS)
        }
        Err(Error::NotFound) => Err(CliError::new(format!(
            "nobody signs in as `{}`",
            name.as_str()
        ))),
        Err(error) => Err(error.into()),
    }
}

/// The first line of standard input.
fn read_password() -> Result<String, CliError> {
    let input = std::io::stdin();
    if input.is_terminal() {
        let mut prompt = std::io::stderr();
        write!(prompt, "Password (it is shown): ")?;
        prompt.flush()?;
    }
    let mut line = String::new();
    input
        .lock()
        .read_line(&mut line)
        .map_err(|error| CliError::while_doing("no password on standard input", &error))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
