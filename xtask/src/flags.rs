//! The command line.

use std::ffi::OsString;

xflags::xflags! {
    /// The developers' tasks of Classdesk. The same commands run on a laptop and in CI.
    cmd xtask {
        /// Run the tests: unit, integration and documentation tests of every crate.
        ///
        /// A temporary PostgreSQL cluster is started for them and removed afterwards. With a
        /// filter or one of the switches, documentation tests are left out.
        cmd test {
            /// Only what needs no PostgreSQL: skip every test with `postgres` in its path.
            optional --sqlite
            /// Only the tests with `postgres` in their path.
            optional --postgres
            /// Only the tests with this in their path; the whole test command line of a single
            /// test works too.
            repeated filter: String
        }

        /// Everything that has to hold before a change lands, in this order: fmt, clippy, tidy,
        /// test, doc, deny, drift.
        cmd ci {
            /// Leave out a step (can be given again).
            repeated --skip step: String
        }

        /// Check the rules of this repository that no compiler knows.
        cmd tidy {}

        /// Write docs/permissions.md, the table of who may do what, by asking the policy.
        cmd permissions {
            /// Write nothing; fail when the file is not current.
            optional --check
        }

        /// Start a temporary PostgreSQL cluster, run a command with `CLASSDESK_TEST_POSTGRES` set
        /// to its address, and remove the cluster afterwards.
        cmd postgres {
            /// The program and its arguments.
            repeated command: OsString
        }

        /// Write docs/contract-coverage.md, which maps each promise of docs/contract.toml to the
        /// tests that claim it; fails when a promise has none.
        cmd contract {
            /// Write nothing; fail when the file is not current.
            optional --check
        }

        /// Measure the server against the limit of this machine; the plain run writes
        /// docs/performance.md.
        cmd bench {
            /// On a temporary PostgreSQL cluster instead of SQLite.
            optional --postgres
            /// With 1,000,000 messages, and the rest in proportion.
            optional --large
            /// Only the paths with this in their name.
            optional --path path: String
        }
    }
}
