//! The command line: every option is a flag and an environment variable.

mod keys;
mod networks;
mod redacted_parser;
mod roles;
mod serve;
mod stores;
mod tokens;
mod webhooks;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::{BoolishValueParser, Resettable};
use clap::error::ErrorKind;
use clap::{
    ArgAction, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
};
use classdesk_domain::people::Role;
use tracing_subscriber::filter::Targets;

pub(crate) use keys::{KeyArgs, KeyCommand, KeyCreateArgs};
use roles::role;
pub(crate) use serve::ServeArgs;
pub(crate) use stores::{FilesArgs, HashingArgs, StoreArgs};
pub(crate) use tokens::JwtArgs;
pub(crate) use webhooks::WebhookArgs;

/// The collaboration backend around class bundles.
#[derive(Parser)]
#[command(name = "classdesk", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) log: LogArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    /// Reads the command line and the environment. A wrong option ends the program with exit
    /// code 2 and the parser's own explanation.
    pub(crate) fn read() -> Self {
        let matches = with_variables(Self::command()).get_matches();
        let cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        if let Command::Serve(serve) = &cli.command
            && let Err(conflict) = serve.check()
        {
            let error = Self::command().error(ErrorKind::ArgumentConflict, conflict);
            error.exit();
        }
        cli
    }
}

/// Gives every option without a variable of its own the one that is named after its flag.
///
/// An empty variable counts as not set, and so does that of a flag when it says no. `1`, `yes` and
/// `true` say yes.
fn with_variables(command: clap::Command) -> clap::Command {
    command
        .mut_args(|arg| {
            let variable = match (arg.get_env(), arg.get_long()) {
                (Some(own), _) => own.to_owned(),
                (None, Some(flag)) => {
                    format!("CLASSDESK_{}", flag.to_uppercase().replace('-', "_")).into()
                }
                (None, None) => return arg,
            };
            let is_flag = matches!(arg.get_action(), ArgAction::SetTrue);
            let arg = if is_flag {
                arg.value_parser(BoolishValueParser::new())
            } else {
                arg
            };
            // A flag that says no must not conflict with others as one that is given does.
            let is_unset = |value: OsString| value.is_empty() || is_flag && says_no(&value);
            if std::env::var_os(&variable).is_some_and(is_unset) {
                arg.env(Resettable::Reset)
            } else {
                arg.env(variable)
            }
        })
        .mut_subcommands(with_variables)
}

fn says_no(value: &OsStr) -> bool {
    let no = ["0", "no", "false", "n", "f", "off"];
    no.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// What is logged, and how.
#[derive(Args)]
pub(crate) struct LogArgs {
    /// What is logged to standard error: a level (error, warn, info, debug, trace), or levels by
    /// module, for example `warn,classdesk=debug`
    #[arg(
        long = "log",
        value_name = "FILTER",
        default_value = "info",
        value_parser = log_filter,
        global = true
    )]
    pub(crate) filter: Targets,
    /// How log lines look: `pretty` for people, `json` for machines
    #[arg(
        long = "log-format",
        value_name = "FORMAT",
        value_enum,
        default_value_t = LogFormat::Pretty,
        global = true
    )]
    pub(crate) format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// One line of text for people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// What is left out unless the filter names it. actix-http writes an error line for every connection
/// that does not speak HTTP, so that any stranger could raise an alarm.
const LEFT_OUT: &str = "actix_http=off,actix_server=warn";

fn log_filter(text: &str) -> Result<Targets, String> {
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    if parts
        .iter()
        .any(|part| part.is_empty() || part.contains('['))
    {
        return Err("expected levels by module, such as `warn,classdesk_http=debug`".to_owned());
    }
    let filter = format!("{LEFT_OUT},{}", parts.join(",")).parse::<Targets>();
    filter.map_err(|error| error.to_string())
}

/// What the program can be asked to do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Migrate the database and serve the API until SIGTERM or SIGINT
    Serve(Box<ServeArgs>),
    /// Bring the database's schema up to date, and exit
    Migrate(MigrateArgs),
    /// Create people, list them, change and unlock them
    User(UserArgs),
    /// Make keys for programs
    Key(KeyArgs),
    /// Print the OpenAPI document
    Openapi,
    /// Read every stored file, compare it with its record, and list what is missing, damaged or
    /// orphaned; exits with 1 if anything is
    Check(CheckArgs),
}

/// `classdesk migrate`
#[derive(Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Only list which migrations are applied and which are pending
    #[arg(long, env = "CLASSDESK_MIGRATE_STATUS")]
    pub(crate) status: bool,
}

/// `classdesk user`
#[derive(Args)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    pub(crate) command: UserCommand,
}

/// What can be done about people from the command line.
#[derive(Subcommand)]
pub(crate) enum UserCommand {
    /// Create a user in any role, with the password from standard input; prints the new id
    Create(UserCreateArgs),
    /// Create a user without a password, and print the token of a link by which they choose one within
    /// 72 hours; run again, it makes a new link
    Invite(UserInviteArgs),
    /// Create or change the people of a file of JSON lines, as `POST /api/v1/users/import/` does; prints
    /// what came of each line, and exits with 1 if a line was wrong
    Import(UserImportArgs),
    /// List everybody: id, username, email, role, and whether they are active
    List(UserListArgs),
    /// Set a user's password from standard input, and end their sessions
    SetPassword(UserSetPasswordArgs),
    /// Activate or deactivate a user
    SetActive(UserSetActiveArgs),
    /// Give a user a role
    SetRole(UserSetRoleArgs),
    /// Let a user sign in again after too many failures
    Unlock(UserUnlockArgs),
}

/// `classdesk user create`
#[derive(Args)]
pub(crate) struct UserCreateArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) hashing: HashingArgs,
    /// The username: 3 to 64 of a-z 0-9 . _ -
    #[arg(long, env = "CLASSDESK_USER_USERNAME")]
    pub(crate) username: String,
    /// The email address
    #[arg(long, env = "CLASSDESK_USER_EMAIL")]
    pub(crate) email: String,
    /// The role: client, writer, editor, admin or superadmin
    #[arg(long, env = "CLASSDESK_USER_ROLE", value_parser = role)]
    pub(crate) role: Role,
    /// The name that others see [default: the username]
    #[arg(long, env = "CLASSDESK_USER_DISPLAY_NAME")]
    pub(crate) display_name: Option<String>,
}

/// `classdesk user invite`
#[derive(Args)]
pub(crate) struct UserInviteArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// The username: 3 to 64 of a-z 0-9 . _ -
    #[arg(long, env = "CLASSDESK_USER_USERNAME")]
    pub(crate) username: String,
    /// The email address
    #[arg(long, env = "CLASSDESK_USER_EMAIL")]
    pub(crate) email: String,
    /// The role: client, writer, editor, admin or superadmin
    #[arg(long, env = "CLASSDESK_USER_ROLE", value_parser = role)]
    pub(crate) role: Role,
}

/// `classdesk user import`
#[derive(Args)]
pub(crate) struct UserImportArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// The file
    #[arg(value_name = "FILE.jsonl")]
    pub(crate) file: PathBuf,
}

/// `classdesk user list`
#[derive(Args)]
pub(crate) struct UserListArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// `classdesk user set-password`
#[derive(Args)]
pub(crate) struct UserSetPasswordArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) hashing: HashingArgs,
    /// Whose password: a username or an email address
    #[arg(long, env = "CLASSDESK_USER_USERNAME")]
    pub(crate) username: String,
}

/// `classdesk user set-active`
#[derive(Args)]
pub(crate) struct UserSetActiveArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Who: a username or an email address
    #[arg(long, env = "CLASSDESK_USER_USERNAME")]
    pub(crate) username: String,
    /// Whether they may sign in and act: true or false
    #[arg(long, env = "CLASSDESK_USER_ACTIVE", action = ArgAction::Set)]
    pub(crate) active: bool,
}

/// `classdesk user set-role`
#[derive(Args)]
pub(crate) struct UserSetRoleArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Who: a username or an email address
    #[arg(long, env = "CLASSDESK_USER_USERNAME")]
    pub(crate) username: String,
    /// The role: client, writer, editor, admin or superadmin
    #[arg(long, env = "CLASSDESK_USER_ROLE", value_parser = role)]
    pub(crate) role: Role,
}

/// `classdesk user unlock`
#[derive(Args)]
pub(crate) struct UserUnlockArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Who: a username or an email address
    #[arg(long, env = "CLASSDESK_USER_USERNAME")]
    pub(crate) username: String,
}

/// `classdesk check`
#[derive(Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(flatten)]
    pub(crate) files: FilesArgs,
    /// Remove orphans that are older than a day
    #[arg(long, env = "CLASSDESK_CHECK_REPAIR")]
    pub(crate) repair: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn strangers_raise_no_alarm_unless_the_filter_asks_for_it() {
        let is_logged = |filter: &str| {
            let filter = log_filter(filter).expect("a filter");
            filter.would_enable("actix_http::h1::dispatcher", &tracing::Level::ERROR)
        };
        assert!(!is_logged("info"));
        assert!(!is_logged("trace,actix_server=info"));
        assert!(is_logged("warn,actix_http=error"));
    }

    #[test]
    fn every_option_is_an_environment_variable_of_its_own_name() {
        fn check_command(command: &clap::Command) {
            for arg in command.get_arguments() {
                if matches!(arg.get_id().as_str(), "help" | "version") || arg.is_positional() {
                    continue;
                }
                let env = arg.get_env().map(|env| env.to_string_lossy().into_owned());
                let env = env.unwrap_or_else(|| panic!("{} has no variable", arg.get_id()));
                let flag = arg.get_long().expect("every option has a long flag");
                let flag = flag.to_uppercase().replace('-', "_");
                assert!(
                    env.starts_with("CLASSDESK_") && env.ends_with(&flag),
                    "{env}, {flag}"
                );
                assert!(arg.get_help().is_some(), "{} has no help", arg.get_id());
            }
            command.get_subcommands().for_each(check_command);
        }
        check_command(&with_variables(Cli::command()));
    }
}
