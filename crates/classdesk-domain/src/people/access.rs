//! What a way in is good for.

use crate::string_enum::string_enum;

string_enum! {
    /// What a way in is good for.
    Access {
        /// Looking at things.
        Read = "read",
        /// Looking at things and changing them.
        Write = "write",
    }
}
