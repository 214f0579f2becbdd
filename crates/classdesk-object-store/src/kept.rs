//! Small objects that many fetch, served from memory for up to a minute.
//!
//! A class fetches its handout within the same minute, and for a small file it is not the bytes
//! that take the time but getting at them. An object never changes under its key, so bytes whose
//! digest was right are what every later permit for them asks for; whoever has none gets nothing
//! here either.

use std::time::{Duration, Instant};

use bytes::Bytes;
use classdesk_domain::blobs::{BlobInfo, Sha256Digest, StorageKey};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// The largest object that is kept, in bytes.
pub(crate) const SMALL: u64 = 128 * 1024;

/// How much is kept, in bytes.
const CAPACITY: u64 = 16 * 1024 * 1024;

/// What a kept object usually has, in bytes.
const USUAL: u64 = 16 * 1024;

/// What an entry takes beside itself, its key and its bytes, about, in bytes.
const OVERHEAD: usize = 128;

/// For how long an object is served, and for how long it is remembered that somebody fetched it.
const SPAN: Duration = Duration::from_secs(60);

/// An object that was fetched, and since the second time its bytes.
#[derive(Clone)]
struct Fetched {
    since: Instant,
    content: Option<(Sha256Digest, Bytes)>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<StorageKey, Fetched> for Weight {
    fn weight(&self, key: &StorageKey, fetched: &Fetched) -> u64 {
        let bytes = fetched.content.as_ref().map_or(0, |(_, bytes)| bytes.len());
        let own = size_of::<(StorageKey, Fetched)>() + key.as_str().len() + OVERHEAD;
        (own + bytes) as u64
    }
}

/// What is to be done about an object that somebody wants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// It is here.
    Kept(Bytes),
    /// It is small and was wanted a moment ago as well, at this instant: it is to be kept.
    Again(Instant),
    /// It is to be fetched and no more.
    Once,
}

/// The objects that were fetched a moment ago.
pub(crate) struct KeptObjects(Cache<StorageKey, Fetched, Weight>);

impl Default for KeptObjects {
    fn default() -> Self {
        let usual = usize::try_from(CAPACITY / USUAL).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(usual, CAPACITY, Weight))
    }
}

impl KeptObjects {
    /// Looks for an object, and takes note that it was wanted.
    pub(crate) fn look(&self, key: &StorageKey, info: &BlobInfo, now: Instant) -> Wanted {
        if info.size > SMALL {
            return Wanted::Once;
        }
        let fetched = self.0.get(key);
        let lately = fetched.filter(|it| now.saturating_duration_since(it.since) < SPAN);
        match lately.map(|it| (it.since, it.content)) {
            Some((_, Some((sha256, bytes))))
                if sha256 == info.sha256 && bytes.len() as u64 == info.size =>
            {
                Wanted::Kept(bytes)
            }
            Some((since, None)) => Wanted::Again(since),
            Some((_, Some(_))) => Wanted::Once,
            None => {
                self.insert(key, now, None);
                Wanted::Once
            }
        }
    }

    /// Keeps an object whose digest was right and that was [wanted again](Wanted::Again) since an
    /// instant, unless it was forgotten meanwhile.
    pub(crate) fn keep(
        &self,
        key: &StorageKey,
        since: Instant,
        content: (Sha256Digest, Bytes),
        now: Instant,
    ) {
        let known = self.0.get(key);
        if known.is_some_and(|it| it.since == since && it.content.is_none()) {
            self.insert(key, now, Some(content));
        }
    }

    /// Forgets an object that was deleted.
    pub(crate) fn forget(&self, key: &StorageKey) {
        self.0.remove(key);
    }

    /// Gives back the memory of what is not served any more.
    pub(crate) fn forget_old(&self, now: Instant) {
        self.0
            .retain(|_, it| now.saturating_duration_since(it.since) < SPAN);
    }

    fn insert(&self, key: &StorageKey, since: Instant, content: Option<(Sha256Digest, Bytes)>) {
        self.0.insert(key.clone(), Fetched { since, content });
    }
}

#[cfg(test)]
mod tests {
    use classdesk_domain::blobs::{BlobPurpose, ContentType};

    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    fn key(number: u8) -> StorageKey {
        StorageKey::fresh(BlobPurpose::ALL[0], [number; 32])
    }

    fn info(size: u64, digest: u8) -> BlobInfo {
        BlobInfo {
            size,
            sha256: Sha256Digest::from_bytes([digest; 32]),
            content_type: ContentType::unknown(),
        }
    }

    fn kept(objects: &[(u8, &'static [u8])], now: Instant) -> KeptObjects {
        let kept = KeptObjects::default();
        for (number, bytes) in objects {
            let info = info(bytes.len() as u64, *number);
            kept.look(&key(*number), &info, now);
            let content = (info.sha256, Bytes::from_static(bytes));
            kept.keep(&key(*number), now, content, now);
        }
        kept
    }

    #[test]
    fn an_object_is_kept_from_the_second_time_until_the_span_ends() {
        let (kept, key, info, begin) = (KeptObjects::default(), key(1), info(3, 1), Instant::now());
        let look = |after| kept.look(&key, &info, begin + after);
        let bytes = Bytes::from_static(b"abc");
        assert_eq!(look(Duration::ZERO), Wanted::Once);
        assert_eq!(look(SPAN - MOMENT), Wanted::Again(begin));
        let content = (info.sha256, bytes.clone());
        kept.keep(&key, begin, content, begin + SPAN);
        assert_eq!(look(SPAN * 2 - MOMENT), Wanted::Kept(bytes));
        assert_eq!(look(SPAN * 2), Wanted::Once);
        let again = Wanted::Again(begin + SPAN * 2);
        assert_eq!(look(SPAN * 2 + MOMENT), again);
        kept.forget_old(begin + SPAN * 3 - MOMENT);
        assert_eq!(look(SPAN * 3 - MOMENT), again);
        kept.forget_old(begin + SPAN * 3);
        assert_eq!(kept.0.len(), 0);
    }

    #[test]
    fn what_was_deleted_while_it_was_read_is_not_kept() {
        let (kept, key, info, begin) = (KeptObjects::default(), key(1), info(3, 1), Instant::now());
        let keep = || {
            let content = (info.sha256, Bytes::from_static(b"abc"));
            kept.keep(&key, begin, content, begin);
        };
        assert_eq!(kept.look(&key, &info, begin), Wanted::Once);
        kept.forget(&key);
        keep();
        // Somebody who was let in before asks once more.
        let later = begin + MOMENT;
        assert_eq!(kept.look(&key, &info, later), Wanted::Once);
        keep();
        assert_eq!(kept.look(&key, &info, later), Wanted::Again(later));
    }

    #[test]
    fn what_a_permit_says_otherwise_of_is_another_object() {
        let now = Instant::now();
        let kept = kept(&[(1, b"abc")], now);
        assert_eq!(kept.look(&key(1), &info(3, 2), now), Wanted::Once);
        assert_eq!(kept.look(&key(1), &info(2, 1), now), Wanted::Once);
        let found = kept.look(&key(1), &info(3, 1), now);
        assert_eq!(found, Wanted::Kept(Bytes::from_static(b"abc")));
    }

    #[test]
    fn only_small_objects_are_kept_and_not_more_than_fit_in() {
        static CONTENT: [u8; SMALL as usize] = [7; SMALL as usize];
        let now = Instant::now();
        let all: Vec<_> = (0..=u8::MAX).map(|number| (number, &CONTENT[..])).collect();
        let kept = kept(&all, now);
        let is_kept = |number: &u8| {
            let found = kept.look(&key(*number), &info(SMALL, *number), now);
            matches!(found, Wanted::Kept(_))
        };
        let size = (0..=u8::MAX).filter(is_kept).count() as u64 * SMALL;
        assert!(size > CAPACITY / 2 && size <= CAPACITY, "{size}");
        for _ in 0..2 {
            assert_eq!(kept.look(&key(0), &info(SMALL + 1, 0), now), Wanted::Once);
        }
        for number in 0..200_000_u32 {
            let mut random = [0; 32];
            random[..4].copy_from_slice(&number.to_be_bytes());
            kept.look(
                &StorageKey::fresh(BlobPurpose::ALL[0], random),
                &info(3, 0),
                now,
            );
        }
        assert!(kept.0.weight() <= CAPACITY, "{}", kept.0.weight());
    }
}
