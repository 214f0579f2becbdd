//! What is measured: each path as the arguments of the script, and what it is compared with.

use anyhow::{Context, Result};

/// What a path is compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Compared {
    /// Nothing: it is bound by something on purpose.
    Alone,
    /// The same server's trivial JSON route.
    Route,
    /// nginx with a file of as many bytes.
    Nginx { bytes: usize },
    /// Copying as many bytes with an fsync.
    Copy { bytes: usize },
}

/// A path to be measured. In an argument `{name}` is a fact of the data set, and `%d` a
/// random number up to the argument that follows.
pub(crate) struct Path {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [&'static str],
    pub(crate) connections: &'static [u32],
    pub(crate) compared: Compared,
    /// How long it is loaded. A window has to be longer than the longest request.
    pub(crate) seconds: u32,
}

/// Long enough for paths that answer in milliseconds.
const SHORT: u32 = 2;
/// Long enough for 100 MB on each of 16 connections.
const LONG: u32 = 10;

const ALL: &[u32] = &[1, 32, 256];
const FEW: &[u32] = &[1, 16];

/// What requests are compared with.
pub(crate) const TRIVIAL: &str = "/healthz/live";

const BUNDLE: &str = "/api/v1/class-management/class-bundles/%d/";
const MESSAGE: &str = r#"{"message":"Could you have a look at the second exercise?"}"#;
const TICKET: &str =
    r#"{"title":"The materials do not open","description":"The second file is empty."}"#;
const SMALL: usize = 100_000;
const GREAT: usize = 100_000_000;

pub(crate) const LOGIN: &str = "login";
pub(crate) const PAGE_1000: &str = "page 1,000 of a long thread";

/// The paths that are compared with pgbench on PostgreSQL.
pub(crate) const ON_POSTGRES: [&str; 3] = [
    "bundle detail with 4 files",
    "page of 20 messages",
    "POST message",
];

/// The path of this name.
pub(crate) fn named(name: &str) -> Result<Path> {
    let path = all().into_iter().find(|path| path.name == name);
    path.with_context(|| format!("there is no path {name}"))
}

/// The first page of the long thread, which is measured beside its page 1,000 alone.
pub(crate) const fn page_1() -> Path {
    Path {
        name: "page 1 of a long thread",
        arguments: &["get", "{token}", "{page_1}", "1"],
        connections: &[32],
        compared: Compared::Alone,
        seconds: SHORT,
    }
}

/// Every path, in the order of the table.
pub(crate) fn all() -> Vec<Path> {
    let get = |name, arguments| Path {
        name,
        arguments,
        connections: ALL,
        compared: Compared::Route,
        seconds: SHORT,
    };
    vec![
        // What is left of the tail when the server has next to nothing to do.
        Path {
            name: "the trivial route itself",
            arguments: &["get", "none", TRIVIAL, "1"],
            connections: ALL,
            compared: Compared::Alone,
            seconds: SHORT,
        },
        get(
            "bundle detail with 4 files",
            &["get", "{token}", BUNDLE, "{bundles}"],
        ),
        get(
            "bundle list",
            &[
                "get",
                "{token}",
                "/api/v1/class-management/class-bundles/?limit=20",
                "1",
            ],
        ),
        get(
            "page of 20 messages",
            &[
                "get",
                "{token}",
                "/api/v1/communications/threads/%d/messages/?limit=20",
                "{threads}",
            ],
        ),
        get(PAGE_1000, &["get", "{token}", "{page_1000}", "1"]),
        get(
            "threads of a bundle",
            &[
                "get",
                "{token}",
                "/api/v1/class-management/class-bundles/%d/threads/",
                "{bundles}",
            ],
        ),
        get(
            "files of a bundle",
            &[
                "get",
                "{token}",
                "/api/v1/class-management/class-bundles/%d/files/",
                "{bundles}",
            ],
        ),
        get(
            "tickets of a bundle",
            &[
                "get",
                "{token}",
                "/api/v1/class-management/class-bundles/%d/tickets/",
                "{bundles}",
            ],
        ),
        get(
            "POST message",
            &[
                "post",
                "{token}",
                "/api/v1/communications/threads/%d/messages/",
                "{threads}",
                MESSAGE,
            ],
        ),
        get(
            "POST ticket",
            &[
                "post",
                "{token}",
                "/api/v1/class-management/class-bundles/%d/create_ticket/",
                "{bundles}",
                TICKET,
            ],
        ),
        get(
            "90 % reads, 10 % writes",
            &["mix", "{token}", "{bundles}", "{threads}", MESSAGE],
        ),
        Path {
            name: LOGIN,
            arguments: &[
                "post",
                "{token}",
                "/api/v1/auth/login/",
                "{clients}",
                "{login}",
            ],
            connections: &[1, 32],
            compared: Compared::Alone,
            seconds: SHORT,
        },
        Path {
            name: "download of 100 KB",
            arguments: &["get", "{token}", "{small_file}", "1"],
            connections: &[1, 32],
            compared: Compared::Nginx { bytes: SMALL },
            seconds: SHORT,
        },
        Path {
            name: "download of 100 MB",
            arguments: &["get", "{token}", "{great_file}", "1"],
            connections: FEW,
            compared: Compared::Nginx { bytes: GREAT },
            seconds: LONG,
        },
        Path {
            name: "range of 64 KiB of 100 MB",
            arguments: &[
                "get",
                "{token}",
                "{great_file}",
                "1",
                "Range",
                "bytes=50000000-50065535",
            ],
            connections: &[1, 32],
            compared: Compared::Route,
            seconds: SHORT,
        },
        Path {
            name: "upload of 100 KB",
            arguments: &["upload", "{token}", "{upload_path}", "1", "100000"],
            connections: &[1, 32],
            compared: Compared::Copy { bytes: SMALL },
            seconds: SHORT,
        },
        Path {
            name: "upload of 100 MB",
            arguments: &["upload", "{token}", "{upload_path}", "1", "100000000"],
            connections: FEW,
            compared: Compared::Copy { bytes: GREAT },
            seconds: LONG,
        },
    ]
}
