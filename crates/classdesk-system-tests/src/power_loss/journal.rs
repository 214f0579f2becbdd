//! What a process did to its files, as `preload/journal.c` has written it down.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail, ensure};

const MAGIC: u32 = 0x4a52_4e4c;
const HEADER: usize = 32;

/// A file or folder. The number of an inode is used again after a removal, this is not.
pub(super) type Node = usize;

/// One step.
#[derive(Debug)]
pub(super) enum Step {
    /// Bytes were written to a file: where in the file, and where they stand in the journal.
    Write {
        node: Node,
        offset: u64,
        bytes: std::ops::Range<usize>,
    },
    /// A file got another size.
    Resize { node: Node, size: u64 },
    /// What was done to a file or folder before this position of the journal became durable.
    Sync { node: Node, before: u64 },
    /// A folder got an entry.
    Enter { path: String, node: Node },
    /// An entry moved; what it replaces is gone.
    Move {
        from: String,
        to: String,
        node: Node,
    },
    /// A folder lost an entry.
    Leave { path: String },
}

/// Everything that a process did.
#[derive(Debug)]
pub(super) struct Journal {
    bytes: Vec<u8>,
    /// Each step and the position after it.
    pub(super) steps: Vec<(u64, Step)>,
    /// Which nodes are folders, by path. The root has the empty path.
    pub(super) folders: HashMap<String, Node>,
}

/// The root of everything, whose own place is durable.
pub(super) const ROOT: Node = 0;

impl Journal {
    /// Reads a journal below the root with this inode.
    pub(super) fn read(bytes: Vec<u8>, root_inode: u64) -> Result<Self> {
        let mut reader = Reader {
            nodes: HashMap::from([(root_inode, ROOT)]),
            entries: HashMap::new(),
            folders: HashMap::from([(String::new(), ROOT)]),
            count: ROOT,
        };
        let mut steps = Vec::new();
        let mut position = 0;
        // The process was killed; the last record may be cut off.
        while let Some(header) = bytes.get(position..position + HEADER) {
            let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| header[at + byte]));
            let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
            ensure!(word(0) == MAGIC, "no record at {position} of the journal");
            let paths = position + HEADER..position + HEADER + word(24) as usize;
            let data = paths.end..paths.end + word(28) as usize;
            let Some(text) = bytes.get(paths).filter(|_| data.end <= bytes.len()) else {
                break;
            };
            position = data.end;
            let operation = char::from_u32(word(4)).unwrap_or_default();
            let mut paths = text.split(|byte| *byte == 0);
            let mut path = || -> Result<String> {
                let path = paths.next().context("a record without its path")?;
                Ok(std::str::from_utf8(path)?.to_owned())
            };
            let paths = match operation {
                'C' | 'D' | 'U' => (path()?, String::new()),
                'R' | 'L' => (path()?, path()?),
                _ => Default::default(),
            };
            if let Some(step) = reader.step(operation, paths, long(8), long(16), data)? {
                steps.push((position as u64, step));
            }
        }
        let folders = reader.folders;
        Ok(Self {
            bytes,
            steps,
            folders,
        })
    }

    /// Bytes that were written.
    pub(super) fn bytes(&self, range: &std::ops::Range<usize>) -> &[u8] {
        &self.bytes[range.clone()]
    }
}

/// What the records so far say about inodes and paths.
struct Reader {
    nodes: HashMap<u64, Node>,
    entries: HashMap<String, Node>,
    folders: HashMap<String, Node>,
    count: usize,
}

impl Reader {
    fn step(
        &mut self,
        operation: char,
        (path, other): (String, String),
        inode: u64,
        position: u64,
        bytes: std::ops::Range<usize>,
    ) -> Result<Option<Step>> {
        if matches!(operation, 'C' | 'D') {
            self.count += 1;
            let node = self.count;
            self.nodes.insert(inode, node);
            self.entries.insert(path.clone(), node);
            if operation == 'D' {
                self.folders.insert(path.clone(), node);
            }
            return Ok(Some(Step::Enter { path, node }));
        }
        if matches!(operation, 'R' | 'L' | 'U') {
            let node = self.entries.get(&path).copied();
            let node = node.with_context(|| format!("{path} was never made"))?;
            if operation != 'L' {
                self.entries.remove(&path);
            }
            let (from, to) = (path, other);
            return Ok(Some(match operation {
                'U' => Step::Leave { path: from },
                'R' => {
                    self.entries.insert(to.clone(), node);
                    Step::Move { from, to, node }
                }
                _ => {
                    self.entries.insert(to.clone(), node);
                    Step::Enter { path: to, node }
                }
            }));
        }
        // A folder above everything that is watched.
        let Some(&node) = self.nodes.get(&inode) else {
            return Ok(None);
        };
        Ok(Some(match operation {
            'W' => Step::Write {
                node,
                offset: position,
                bytes,
            },
            'T' => Step::Resize {
                node,
                size: position,
            },
            'S' => Step::Sync {
                node,
                before: position,
            },
            other => bail!("an unknown record {other:?}"),
        }))
    }
}
