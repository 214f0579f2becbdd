//! A check that no macro mounts would hold nobody to anything.

/// The checks that the sources declare, and those that the macro mounts.
fn check_mounted(sources: &[&str], mounted: &str) {
    let declared = sources
        .iter()
        .flat_map(|source| source.lines())
        .filter_map(|line| line.strip_prefix("pub async fn "))
        .filter_map(|rest| rest.split('(').next());
    let mut count = 0;
    for check in declared {
        let lines = mounted.lines().filter(|line| line.trim() == check);
        assert!(lines.count() > 0, "{check} is not mounted");
        count += 1;
    }
    assert!(count > 0, "the sources declare checks");
}

const MOUNTS: &str = include_str!("../../src/macros.rs");

#[test]
fn every_check_is_mounted() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    for suite in ["store", "blob"] {
        let files = std::fs::read_dir(format!("{folder}/{suite}")).expect("the suite is there");
        let sources: Vec<String> = files
            .map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("a source"))
            .collect();
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        check_mounted(&sources, MOUNTS);
    }
}
