//! Prints the permission table, as it stands in the documentation.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

fn main() {
    print!("{}", classdesk_domain::policy::table::markdown());
}
