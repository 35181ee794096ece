//! Which files this process has found to be whole, so that it need not read them again.
//!
//! The system notes when a file was last changed, by a clock that no program sets back for a file alone:
//! as long as that moment, the file itself and its length are the same, so are its bytes. What was found
//! of them then holds. That is not more than mapping a file takes for granted, whose pages are read when
//! they are needed. Another process knows nothing of this and reads the file itself, since a power failure
//! may have passed between.
//!
//! The clock has ticks. What changed a moment ago may change once more and not look younger for it, so
//! nothing is known of such a file.

use std::{
    collections::HashSet,
    fs::Metadata,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

/// How many files are remembered; with one more, all are forgotten.
const FILES_LIMIT: usize = 4_096;

/// Longer than a tick of the clock by which systems note changes.
const TICK: Duration = Duration::from_millis(100);

/// Longer than a tick of file systems that note whole seconds.
const COARSE_TICK: Duration = Duration::from_secs(3);

/// A file as it was at some moment: another file, or other bytes, are another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version([u8; 40]);

impl Version {
    /// Returns the version of a file at `now`, or `None` if it may change and keep it.
    #[cfg(unix)]
    pub(crate) fn of(metadata: &Metadata, now: SystemTime) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;

        let nanoseconds = u32::try_from(metadata.ctime_nsec()).ok()?;
        let since_1970 = Duration::new(u64::try_from(metadata.ctime()).ok()?, nanoseconds);
        let age = now.duration_since(SystemTime::UNIX_EPOCH + since_1970).ok()?;
        if age < if nanoseconds == 0 { COARSE_TICK } else { TICK } {
            return None;
        }
        let words = [
            metadata.dev(),
            metadata.ino(),
            metadata.len(),
            since_1970.as_secs(),
            u64::from(nanoseconds),
        ];
        let mut bytes = [0; 40];
        for (place, word) in bytes.chunks_exact_mut(size_of::<u64>()).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        Some(Self(bytes))
    }

    /// Elsewhere files have no number, and their times can be set.
    #[cfg(not(unix))]
    pub(crate) fn of(_: &Metadata, _: SystemTime) -> Option<Self> {
        None
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Hashes of versions, and of what they were found to be.
#[derive(Default)]
struct Known(HashSet<[u8; blake3::OUT_LEN]>);

impl Known {
    fn contains(&self, hash: &blake3::Hash) -> bool {
        self.0.contains(hash.as_bytes())
    }

    fn remember(&mut self, hash: &blake3::Hash) {
        if self.0.len() >= FILES_LIMIT {
            self.0.clear();
        }
        self.0.insert(*hash.as_bytes());
    }
}

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

fn known() -> MutexGuard<'static, Known> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says whether this was remembered.
pub(crate) fn contains(hash: &blake3::Hash) -> bool {
    known().contains(hash)
}

/// Remembers that something was found of a version.
pub(crate) fn remember(hash: &blake3::Hash) {
    known().remember(hash);
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        env,
        fs::{self, File, OpenOptions},
        io::Write as _,
        process,
    };

    use super::*;

    #[test]
    fn a_version_ends_with_a_change_and_begins_when_there_can_be_no_other() {
        let path = env::temp_dir().join(format!("plugsmith-version-{}", process::id()));
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(true).open(&path).unwrap();
        file.write_all(b"one").unwrap();
        let version =
            |file: &File, after| Version::of(&file.metadata().unwrap(), SystemTime::now() + after);
        let later = Duration::from_mins(1);
        assert_eq!(version(&file, Duration::ZERO), None, "it may change within a tick");
        let first = version(&file, later).unwrap();
        assert_eq!(version(&File::open(&path).unwrap(), 2 * later), Some(first));
        let mut second = first;
        while second == first {
            fs::write(&path, "two").unwrap();
            second = version(&file, later).unwrap();
        }
        assert_ne!(
            Version::of(&fs::metadata(env::temp_dir()).unwrap(), SystemTime::now() + later),
            None
        );
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn so_many_files_are_remembered() {
        let hash = |idx: usize| blake3::hash(&idx.to_le_bytes());
        let mut known = Known::default();
        for idx in 0..=FILES_LIMIT {
            assert!(!known.contains(&hash(idx)));
            known.remember(&hash(idx));
            assert!(known.contains(&hash(idx)) && known.0.len() <= FILES_LIMIT);
        }
    }
}
