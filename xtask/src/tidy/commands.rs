//! The two commands of the README are the ones that CI runs and that the tasks call.

use std::path::Path;

use super::tree::Tree;
use crate::workspace::{RUN_COMMAND, TEST_COMMAND};

const README: &str = "README.md";
const CI: &str = ".ci/run";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let expected = [
        (README, RUN_COMMAND),
        (README, TEST_COMMAND),
        (CI, TEST_COMMAND),
    ];
    expected
        .into_iter()
        .filter(|(file, command)| !has_line(tree, file, command))
        .map(|(file, command)| format!("{file}: no line that is exactly `{command}`"))
        .collect()
}

fn has_line(tree: &Tree, file: &str, line: &str) -> bool {
    tree.text(Path::new(file))
        .is_some_and(|text| text.lines().any(|found| found == line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_commands(readme: &str, ci: &str) -> Vec<String> {
        check(&Tree::fixture(&[(README, readme), (CI, ci)]))
    }

    #[test]
    fn the_same_commands_pass() {
        let readme = format!("```sh\n{RUN_COMMAND}\n{TEST_COMMAND}\n```\n");
        assert_eq!(
            check_commands(&readme, &format!("{TEST_COMMAND}\n")),
            [""; 0]
        );
    }

    #[test]
    fn another_command_is_a_fault() {
        let readme = format!("```sh\ncargo run\n{TEST_COMMAND} --sqlite\n```\n");
        let faults = check_commands(&readme, &format!("{TEST_COMMAND} --sqlite\n"));
        assert_eq!(
            faults,
            [
                format!("{README}: no line that is exactly `{RUN_COMMAND}`"),
                format!("{README}: no line that is exactly `{TEST_COMMAND}`"),
                format!("{CI}: no line that is exactly `{TEST_COMMAND}`"),
            ]
        );
    }
}
