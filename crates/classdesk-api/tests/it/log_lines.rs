//! What the server writes to its log, for all tests of this process together.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

/// The lines of every server that runs in this process.
#[derive(Clone, Default)]
pub(crate) struct LogLines(Arc<Mutex<Vec<u8>>>);

/// Begins to collect, if nobody has yet.
pub(crate) fn collect() -> LogLines {
    static LINES: OnceLock<LogLines> = OnceLock::new();
    let begin = || {
        let lines = LogLines::default();
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(lines.clone())
            .init();
        lines
    };
    LINES.get_or_init(begin).clone()
}

impl LogLines {
    /// Everything so far.
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The lines in which this stands.
    pub(crate) fn with(&self, part: &str) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().filter(|line| line.contains(part));
        lines.map(str::to_owned).collect()
    }
}

impl io::Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for LogLines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
