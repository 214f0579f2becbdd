//! `classdesk key`: keys for programs, from the command line.

use std::io::Write as _;
use std::process::ExitCode;

use classdesk_domain::api_keys::NewApiKey;
use classdesk_domain::error::Error;
use classdesk_domain::people::{Access, LoginName};
use classdesk_domain::text::KeyName;
use classdesk_domain::validation::Invalid;

use crate::cli::{KeyArgs, KeyCommand, KeyCreateArgs};
use crate::error::CliError;
use crate::wiring::api_keys;

/// Runs the command.
pub(crate) async fn run(args: KeyArgs) -> Result<ExitCode, CliError> {
    match args.command {
        KeyCommand::Create(args) => create(&args).await,
    }
}

async fn create(args: &KeyCreateArgs) -> Result<ExitCode, CliError> {
    let name = KeyName::parse(&args.name).map_err(|fault| Invalid::field("name", fault))?;
    let (keys, _store) = api_keys(&args.store).await?;
    let owner = LoginName::new(&args.username);
    let new = NewApiKey {
        name,
        access: if args.read {
            Access::Read
        } else {
            Access::Write
        },
        act_as: args.act_as,
        expires_at: None,
    };
    let (_, token) = match keys.create_for(&owner, &new).await {
        Err(Error::NotFound) => {
            let name = owner.as_str();
            let why = format!("nobody who is active signs in as `{name}`");
            return Err(CliError::new(why));
        }
        Err(Error::Forbidden(_)) => {
            let why = "only a key of an admin or a superadmin may act for others";
            return Err(CliError::new(why));
        }
        made => made?,
    };
    writeln!(std::io::stdout(), "{}", token.expose())?;
    Ok(ExitCode::SUCCESS)
}
