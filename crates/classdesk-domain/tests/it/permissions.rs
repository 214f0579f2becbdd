//! The policy as a table for people.

#[path = "../../examples/permissions/table/mod.rs"]
mod table;

use table::markdown;

#[test]
fn the_committed_table_is_what_the_policy_answers() {
    assert_eq!(
        markdown(),
        include_str!("../../../../docs/permissions.md"),
        "write it anew with `cargo xtask permissions`"
    );
}

#[test]
fn a_replaced_writer_stands_where_strangers_do() {
    let table = markdown();
    let see = table
        .lines()
        .find(|line| line.starts_with("| see it and its members |"))
        .expect("bundles can be seen");
    assert!(see.ends_with("| hidden | hidden |"), "{see}");
}
