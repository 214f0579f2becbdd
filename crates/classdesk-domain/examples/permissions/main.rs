//! Prints the permission table, as it stands in the documentation.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

mod table;

fn main() {
    print!("{}", table::markdown());
}
