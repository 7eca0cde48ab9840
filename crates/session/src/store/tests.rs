use std::time::Duration;

use super::*;
use crate::{Journal, transcript::tests::header};

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("sessions"));
    (folder, store)
}

#[test]
fn lists_finds_and_deletes() {
    let (_folder, store) = store();
    assert_eq!(store.list().unwrap(), []);
    for id in ["2026-11-20_0900-aa", "2026-11-21_2213-ab", "2026-11-21_2213-bc"] {
        Journal::create(&store.path(id).unwrap(), &header()).unwrap();
    }
    fs::create_dir(store.root().join("notes")).unwrap(); // no session
    let ids: Vec<String> = store.list().unwrap().into_iter().map(|s| s.id).collect();
    assert_eq!(ids, ["2026-11-21_2213-bc", "2026-11-21_2213-ab", "2026-11-20_0900-aa"]);
    assert!(store.list().unwrap().iter().all(|session| session.bytes > 100));

    let aa = store.path("2026-11-20_0900-aa").unwrap();
    assert_eq!(store.find("2026-11-20").unwrap(), aa);
    assert_eq!(store.find("last").unwrap(), store.path("2026-11-21_2213-bc").unwrap());
    assert_eq!(store.find(aa.to_str().unwrap()).unwrap(), aa);
    assert!(matches!(store.find("2026-11-21"), Err(SessionError::Ambiguous { .. })));
    for unknown in ["", "1999"] {
        assert!(matches!(store.find(unknown), Err(SessionError::UnknownSession { .. })));
    }

    fs::create_dir(store.folder("2026-11-21_2213-bc").unwrap().join("extra")).unwrap();
    fs::write(store.folder("2026-11-21_2213-bc").unwrap().join("extra/report.html"), "x").unwrap();
    store.delete("2026-11-21_2213-bc").unwrap();
    assert!(!store.folder("2026-11-21_2213-bc").unwrap().exists());
    assert_eq!(store.list().unwrap().len(), 2);
    let again = store.delete("2026-11-21_2213-bc").unwrap_err();
    assert!(matches!(again, SessionError::UnknownSession { .. }), "{again:?}");
}

#[test]
fn a_name_never_leads_out_of_the_store() {
    let (folder, store) = store();
    fs::create_dir_all(store.root()).unwrap();
    fs::write(folder.path().join("precious"), "x").unwrap();
    for id in ["", ".", "..", "../precious", "a/b", "a\\b", "-rf", "a b", "é", &"a".repeat(65)] {
        assert!(matches!(store.delete(id), Err(SessionError::BadId { .. })), "{id}");
        assert!(matches!(store.path(id), Err(SessionError::BadId { .. })), "{id}");
    }
    assert!(folder.path().join("precious").exists());
}

#[cfg(unix)]
#[test]
fn deleting_a_link_leaves_what_it_leads_to() {
    let (folder, store) = store();
    fs::create_dir_all(store.root()).unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, store.root().join("s1")).unwrap();
    store.delete("s1").unwrap();
    assert!(elsewhere.exists() && !store.root().join("s1").exists());
}

#[test]
fn names_are_new() {
    let (_folder, store) = store();
    let now = UNIX_EPOCH + Duration::from_secs(1_795_299_180);
    assert_eq!(store.new_id(now), "2026-11-21_2213-aa");
    let mut seen = std::collections::HashSet::new();
    for _ in 0..LETTER_PAIRS + 1 {
        let id = store.new_id(now);
        check_id(&id).unwrap();
        assert!(id.starts_with("2026-11-21_2213-"), "{id}");
        assert!(seen.insert(id.clone()), "{id} came twice");
        fs::create_dir_all(store.folder(&id).unwrap()).unwrap();
    }
}
