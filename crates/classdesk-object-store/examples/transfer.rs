//! Uploads and downloads a large object and tells what memory that took:
//!
//! ```text
//! cargo run --release -p classdesk-object-store --example transfer -- URL [MIB]
//! ```
//!
//! `URL` is a storage as `classdesk serve --storage-url` takes it, with the same `AWS_*` variables;
//! `MIB` is the object's size, 1024 unless told. The figures are the process's resident memory
//! (Linux): idle, and its peak after each direction.

use std::error::Error;
use std::io::Write;

use bytes::Bytes;
use classdesk_domain::blobs::{
    BlobInfo, BlobPurpose, BlobStore, ByteStream, StorageKey, StoredBlob,
};
use classdesk_domain::clock::SecretSource;
use classdesk_domain::files::Visibility;
use classdesk_domain::ids::{BlobId, UserId};
use classdesk_domain::people::{Actor, Role};
use classdesk_domain::policy::{FileAccess, FileAction, Permission, ReadPermit, permit_read};
use classdesk_domain::subjects::Parties;
use classdesk_domain::system::SystemSecrets;
use classdesk_object_store::{ObjectStoreBlobs, ObjectStoreOptions, S3Variables, StorageLocation};
use futures_util::{StreamExt, stream};

const CHUNK: usize = 64 * 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("usage: transfer URL [MIB]")?;
    let mebibytes: u64 = arguments.next().map_or(Ok(1024), |mib| mib.parse())?;
    let location: StorageLocation = url.parse()?;
    let s3 = S3Variables::from_pairs(std::env::vars());
    let options = ObjectStoreOptions {
        s3,
        ..ObjectStoreOptions::default()
    };
    let blobs = ObjectStoreBlobs::connect(&location, &options).await?;
    let key = StorageKey::fresh(BlobPurpose::BundleFile, SystemSecrets.bytes());
    let size = mebibytes * 1024 * 1024;

    let mut out = std::io::stdout();
    let idle = resident("VmRSS:")?;
    writeln!(out, "idle                 {idle:>8} KiB")?;
    let info = blobs.put(&key, made_up(size), size).await?;
    let peak = resident("VmHWM:")?;
    writeln!(
        out,
        "peak after uploading {peak:>8} KiB, {} above idle",
        peak - idle
    )?;
    let mut stream = blobs.open(&permit(&key, &info)?, None).await?;
    let mut read = 0;
    while let Some(chunk) = stream.next().await {
        read += chunk?.len() as u64;
    }
    let peak = resident("VmHWM:")?;
    writeln!(
        out,
        "peak after both ways {peak:>8} KiB, {} above idle",
        peak - idle
    )?;
    writeln!(out, "{read} bytes each way, {}", info.sha256)?;
    blobs.delete(&key).await?;
    Ok(())
}

/// This many bytes, no two chunks alike.
fn made_up(size: u64) -> ByteStream {
    Box::pin(stream::unfold(0, move |at| async move {
        let length = usize::try_from(size - at).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = vec![0x5a; length];
        let stamp = at.to_le_bytes();
        let stamped = stamp.len().min(length);
        chunk[..stamped].copy_from_slice(&stamp[..stamped]);
        (length > 0).then(|| (Ok(Bytes::from(chunk)), at + length as u64))
    }))
}

fn permit(key: &StorageKey, info: &BlobInfo) -> Result<ReadPermit, classdesk_domain::error::Error> {
    let client = UserId::new(1);
    let access = FileAccess {
        parties: Parties {
            client,
            assigned_writer: None,
        },
        uploaded_by: client,
        visibility: Visibility {
            to_client: true,
            to_writer: true,
        },
    };
    let blob = StoredBlob {
        id: BlobId::new(1),
        key: key.clone(),
        info: info.clone(),
    };
    let actor = Actor::new(client, Role::Client);
    Ok(permit_read(
        &actor,
        &Permission::File(FileAction::See, access),
        blob,
    )?)
}

/// A line of `/proc/self/status`, in KiB.
fn resident(line: &str) -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let value = status.lines().find_map(|text| text.strip_prefix(line));
    let kibibytes = value.and_then(|value| value.trim().strip_suffix(" kB"));
    Ok(kibibytes.ok_or("the system does not tell")?.parse()?)
}
