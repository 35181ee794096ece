//! Clocks that are set: a cache that compares the dates of files believes none. Nothing else that ships
//! looks at such a clock, as `cargo xtask tidy` sees to: a call's time is told by one that nobody can set.

use std::time::{Duration, SystemTime};

use crate::folder::{Folder, date};

/// What files are dated when the clock stood wrong, or stands wrong now.
#[test]
fn a_cache_lives_with_any_date() {
    let folder = Folder::new("dates");
    folder.answer(1);
    let path = folder.module();
    for time in [
        SystemTime::UNIX_EPOCH,
        SystemTime::UNIX_EPOCH - Duration::from_hours(24 * 365 * 20),
        SystemTime::now() + Duration::from_hours(24),
        SystemTime::now() + Duration::from_hours(24 * 365 * 200),
    ] {
        date(&path, time);
        // One that is found, and one that is stored, whereupon all dates are compared.
        assert_eq!(folder.answer(1), 1, "{time:?}");
        assert_eq!(folder.answer(2), 2, "{time:?}");
        assert_eq!(folder.names().len(), 2, "{time:?}");
        let stored = folder.names().into_iter().map(|name| folder.0.join(name));
        for other in stored.filter(|other| *other != path) {
            std::fs::remove_file(other).unwrap();
        }
    }
}
