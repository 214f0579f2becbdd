//! How many files, and so connections, the system lets the process have open.

/// Of every four open files three may be connections. The others are for downloads, uploads and the
/// database.
const CONNECTIONS: (u64, u64) = (3, 4);

/// Raises the soft limit to the hard one, and answers how many connections each worker may have:
/// those that are asked for, or as many as there is room for. Who tries the demo needs no warning: it
/// is on loopback only.
pub(crate) fn connections_of_worker(asked: usize, workers: usize, is_demo: bool) -> usize {
    let Some(limit) = raise_limit() else {
        return asked;
    };
    let fitting = fitting(limit, workers);
    if fitting < asked && !is_demo {
        tracing::warn!(
            limit,
            connections = fitting * workers,
            asked = asked * workers,
            "the limit of open files allows fewer connections"
        );
    }
    asked.min(fitting)
}

fn fitting(limit: u64, workers: usize) -> usize {
    let connections = limit / CONNECTIONS.1 * CONNECTIONS.0;
    let connections = usize::try_from(connections).unwrap_or(usize::MAX);
    (connections / workers.max(1)).max(1)
}

/// The limit that holds from now on; `None` without one.
#[cfg(target_os = "linux")]
fn raise_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}

/// Other systems take no limit for the hard one, and refuse it.
#[cfg(not(target_os = "linux"))]
fn raise_limit() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_a_quarter_of_the_files() {
        assert_eq!(fitting(1024, 2), 384);
        assert_eq!(fitting(4, 16), 1);
        assert_eq!(
            fitting(u64::MAX, 1),
            usize::try_from(u64::MAX / 4 * 3).unwrap()
        );
    }
}
