//! What a disk holds after the power failed: what was synced, and of the rest whatever chance
//! leaves.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use anyhow::Result;
use fastrand::Rng;

use super::journal::{Journal, Node, ROOT, Step};

/// The unit in which a disk writes.
const SECTOR: usize = 512;

/// What becomes of writes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// All of them are lost.
    Lost,
    /// All of them were written in time.
    Kept,
    /// Each is kept, lost or torn, whatever its neighbours are.
    Mixed,
}

impl Fate {
    /// Any of them; the mixed one half of the time.
    pub(super) fn any(rng: &mut Rng) -> Self {
        match rng.u8(..4) {
            0 => Self::Lost,
            1 => Self::Kept,
            _ => Self::Mixed,
        }
    }
}

/// Counts of what chance had to decide about.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Losses {
    /// Steps that were not durable at the cut and left no trace, or only a part.
    pub(super) steps: u64,
}

/// Makes in an empty folder what the disk holds when the power fails at this position of the
/// journal.
pub(super) fn rebuild(
    journal: &Journal,
    cut: u64,
    fate: Fate,
    rng: &mut Rng,
    folder: &Path,
) -> Result<Losses> {
    let mut losses = Losses::default();
    let synced = synced(journal, cut);
    let is_durable =
        |node: Node, position: u64| synced.get(&node).is_some_and(|before| position <= *before);
    let mut contents: HashMap<Node, Vec<u8>> = HashMap::new();
    let mut entries: BTreeMap<&str, Node> = BTreeMap::new();
    for (position, step) in journal.steps.iter().take_while(|(end, _)| *end <= cut) {
        let durable = match step {
            Step::Write { node, .. } | Step::Resize { node, .. } => is_durable(*node, *position),
            Step::Enter { path, .. } | Step::Leave { path } => {
                is_durable(parent(journal, path), *position)
            }
            Step::Move { from, to, .. } => {
                is_durable(parent(journal, from), *position)
                    && is_durable(parent(journal, to), *position)
            }
            Step::Sync { .. } => continue,
        };
        let kept = durable
            || match fate {
                Fate::Lost => false,
                Fate::Kept => true,
                Fate::Mixed => rng.bool(),
            };
        losses.steps += u64::from(!kept);
        match step {
            Step::Write {
                node,
                offset,
                bytes,
            } => {
                let torn = !durable && fate == Fate::Mixed && rng.u8(..4) == 0;
                let content = contents.entry(*node).or_default();
                let bytes = journal.bytes(bytes);
                if torn {
                    tear(content, *offset as usize, bytes, rng);
                } else if kept {
                    put(content, *offset as usize, bytes);
                }
            }
            Step::Resize { node, size } if kept => {
                contents.entry(*node).or_default().resize(*size as usize, 0);
            }
            Step::Enter { path, node } if kept => {
                entries.insert(path, *node);
            }
            Step::Leave { path } if kept => {
                entries.remove(path.as_str());
            }
            Step::Move { from, to, node } if kept => {
                entries.remove(from.as_str());
                entries.insert(to, *node);
            }
            _ => {}
        }
    }
    write(journal, &entries, &contents, folder)?;
    Ok(losses)
}

/// Up to where each file and folder is durable.
fn synced(journal: &Journal, cut: u64) -> HashMap<Node, u64> {
    let mut synced = HashMap::new();
    for (_, step) in journal.steps.iter().take_while(|(end, _)| *end <= cut) {
        if let Step::Sync { node, before } = step {
            let known = synced.entry(*node).or_insert(0);
            *known = (*before).max(*known);
        }
    }
    synced
}

fn parent(journal: &Journal, path: &str) -> Node {
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    journal.folders.get(parent).copied().unwrap_or(ROOT)
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

/// Writes some of the sectors.
fn tear(content: &mut Vec<u8>, offset: usize, bytes: &[u8], rng: &mut Rng) {
    let mut done = 0;
    while done < bytes.len() {
        // Sectors lie on multiples of their size in the file, wherever the write begins.
        let next = (offset + done) / SECTOR * SECTOR + SECTOR - offset;
        let next = next.min(bytes.len());
        if rng.bool() {
            put(content, offset + done, &bytes[done..next]);
        }
        done = next;
    }
}

fn write(
    journal: &Journal,
    entries: &BTreeMap<&str, Node>,
    contents: &HashMap<Node, Vec<u8>>,
    folder: &Path,
) -> Result<()> {
    // A folder comes before what is in it.
    for (path, node) in entries {
        let target = folder.join(path);
        // What is in a folder that was lost is lost with it.
        if !target.parent().is_some_and(Path::is_dir) {
            continue;
        }
        if journal.folders.get(*path) == Some(node) {
            fs::create_dir(&target)?;
        } else {
            fs::write(&target, contents.get(node).map_or(&[][..], Vec::as_slice))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(operation: char, inode: u64, position: u64, path: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = 0x4a52_4e4c_u32.to_le_bytes().to_vec();
        bytes.extend(u32::from(operation).to_le_bytes());
        bytes.extend(inode.to_le_bytes());
        bytes.extend(position.to_le_bytes());
        bytes.extend((path.len() as u32).to_le_bytes());
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend(path.as_bytes());
        bytes.extend(data);
        bytes
    }

    /// What is left of a file of which one half and the entry were synced.
    fn check_outage(fate: Fate) -> Option<Vec<u8>> {
        let mut bytes = record('C', 7, 0, "file\0", b"");
        bytes.extend(record('W', 7, 0, "", b"one"));
        let size = bytes.len() as u64;
        bytes.extend(record('S', 7, size, "", b""));
        let size = bytes.len() as u64;
        bytes.extend(record('S', 1, size, "", b""));
        bytes.extend(record('W', 7, 3, "", b"two"));
        let journal = Journal::read(bytes, 1).expect("a journal");
        let folder = tempfile::tempdir().expect("a folder");
        let mut rng = Rng::with_seed(1);
        rebuild(&journal, u64::MAX, fate, &mut rng, folder.path()).expect("an outage");
        fs::read(folder.path().join("file")).ok()
    }

    #[test]
    fn what_was_synced_survives_and_the_rest_may() {
        assert_eq!(check_outage(Fate::Lost), Some(b"one".to_vec()));
        assert_eq!(check_outage(Fate::Kept), Some(b"onetwo".to_vec()));
    }

    #[test]
    fn an_entry_is_lost_unless_its_folder_was_synced() {
        let mut bytes = record('C', 7, 0, "file\0", b"");
        let size = bytes.len() as u64;
        bytes.extend(record('S', 7, size, "", b""));
        let journal = Journal::read(bytes, 1).expect("a journal");
        let folder = tempfile::tempdir().expect("a folder");
        let mut rng = Rng::with_seed(1);
        rebuild(&journal, u64::MAX, Fate::Lost, &mut rng, folder.path()).expect("an outage");
        assert!(!folder.path().join("file").exists());
    }
}
