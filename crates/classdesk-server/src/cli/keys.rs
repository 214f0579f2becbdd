//! `classdesk key`

use clap::{Args, Subcommand};

use super::StoreArgs;

/// `classdesk key`
#[derive(Args)]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    pub(crate) command: KeyCommand,
}

/// What can be done about keys from the command line.
#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key by which a program comes in with a user's rights; prints its token
    Create(KeyCreateArgs),
}

/// `classdesk key create`
#[derive(Args)]
pub(crate) struct KeyCreateArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Whose key: a username or an email address
    #[arg(long, env = "CLASSDESK_KEY_USERNAME")]
    pub(crate) username: String,
    /// What it is for
    #[arg(long, env = "CLASSDESK_KEY_NAME")]
    pub(crate) name: String,
    /// It can only read
    #[arg(long, env = "CLASSDESK_KEY_READ")]
    pub(crate) read: bool,
    /// It may act for those whom the user manages, who has to be an admin or a superadmin
    #[arg(long, env = "CLASSDESK_KEY_ACT_AS")]
    pub(crate) act_as: bool,
}
