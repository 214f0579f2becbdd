//! What is printed once the server serves.

use std::fmt;

use classdesk_diesel::DatabaseUrl;
use classdesk_http::PublicUrl;
use classdesk_object_store::StorageLocation;

use crate::bootstrap::FirstPerson;
use crate::demo;

/// Where the server is, what it stores where, and how to get in.
pub(crate) struct Report<'a> {
    /// The URL that it serves on.
    pub(crate) address: String,
    /// The URL by which clients reach it.
    pub(crate) public_url: &'a PublicUrl,
    /// Where rows are.
    pub(crate) database: &'a DatabaseUrl,
    /// Where bytes are.
    pub(crate) storage: &'a StorageLocation,
    /// Who can sign in.
    pub(crate) entry: Entry,
}

/// Who can sign in.
pub(crate) enum Entry {
    /// The people of the demo.
    Demo,
    /// The users of the database, or the first one.
    Own(FirstPerson),
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.address.trim_end_matches('/');
        writeln!(f, "Classdesk {} is ready.", env!("CARGO_PKG_VERSION"))?;
        writeln!(f, "  address   {base}/")?;
        if self.public_url.to_string() != base {
            writeln!(f, "  public    {}", self.public_url)?;
        }
        writeln!(f, "  docs      {base}/docs/")?;
        writeln!(f, "  database  {}", self.database)?;
        writeln!(f, "  files     {}", self.storage)?;
        match &self.entry {
            Entry::Demo => demo_people(f)?,
            Entry::Own(FirstPerson::Existed) => {}
            Entry::Own(FirstPerson::Created) => {
                writeln!(
                    f,
                    "  sign in   superadmin, with the password from the settings"
                )?;
            }
            Entry::Own(FirstPerson::CreatedWith(password)) => {
                let password = password.expose();
                writeln!(
                    f,
                    "  sign in   superadmin, password {password} (shown this once)"
                )?;
            }
        }
        // An empty line ends the report for programs that read it.
        writeln!(f)
    }
}

fn demo_people(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let names: Vec<_> = demo::PEOPLE.iter().map(|person| person.username).collect();
    writeln!(f, "  sign in   {}", names.join(", "))?;
    writeln!(f, "            each with the password {}", demo::PASSWORD)
}
