use timeline::Rung;

use super::*;
use crate::{
    read_journal,
    transcript::tests::{cue, event, every_kind, header, utterance},
};

#[test]
fn keeps_what_lasts_and_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/journal.jsonl");
    let mut journal = Journal::create(&path, &header()).unwrap();
    assert_eq!(journal.path(), path);
    for event in &every_kind()[1..] {
        journal.append(event).unwrap();
    }
    let recording = read_journal(&path).unwrap();
    assert!(recording.is_complete());
    let lasting: Vec<_> = every_kind()
        .into_iter()
        .skip(1)
        .filter(|e| !matches!(e.kind, EventKind::Partial { .. } | EventKind::Status { .. }))
        .collect();
    assert_eq!(recording.events, lasting);
}

#[test]
fn an_events_file_keeps_everything_and_replaces_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    fs::write(&path, "what was there before\n".repeat(99)).unwrap();
    let mut journal = Journal::create_events_file(&path, &header()).unwrap();
    for event in &every_kind()[1..] {
        journal.append(event).unwrap();
    }
    assert_eq!(read_journal(&path).unwrap().events, every_kind()[1..]);
    let nowhere = folder.path().join("typo/events.jsonl");
    let error = Journal::create_events_file(&nowhere, &header()).unwrap_err();
    assert!(matches!(error, SessionError::Create { .. }), "{error:?}");
    assert!(!folder.path().join("typo").exists());
}

#[test]
fn never_overwrites_a_stored_session() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.jsonl");
    fs::write(&path, "precious").unwrap();
    let error = Journal::create(&path, &header()).unwrap_err();
    assert!(matches!(error, SessionError::Exists { .. }), "{error:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn starts_with_a_header() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.jsonl");
    let error = Journal::create(&path, &utterance("u1", 0, 0.0, 1.0, "Ja.")).unwrap_err();
    assert!(matches!(error, SessionError::HeaderExpected), "{error:?}");
}

#[cfg(unix)]
#[test]
fn only_the_user_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store/s1/j.jsonl");
    Journal::create(&path, &header()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&folder.path().join("store/s1")), 0o700);
    assert_eq!(mode(&folder.path().join("store")), 0o700);
}

#[test]
fn a_folder_that_is_a_file_is_said_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = Journal::create(&file.join("j.jsonl"), &header()).unwrap_err();
    assert!(matches!(error, SessionError::Create { .. }), "{error:?}");
    assert!(error.to_string().contains("choose another folder"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_in_words() {
    let error = Journal::create_events_file(Path::new("/dev/full"), &header()).unwrap_err();
    assert!(matches!(error, SessionError::Write { .. }), "{error:?}");
    assert!(error.to_string().contains("free some space"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_deleted_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s/j.jsonl");
    let mut journal = Journal::create(&path, &header()).unwrap();
    fs::remove_dir_all(folder.path().join("s")).unwrap();
    let error = journal.append(&utterance("u1", 0, 0.0, 1.0, "Ja.")).unwrap_err();
    assert!(matches!(error, SessionError::Gone { .. }), "{error:?}");
}

/// The state after a write that failed half-way on a full disk.
#[test]
fn a_half_written_line_is_cut_off_before_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.jsonl");
    let mut journal = Journal::create(&path, &header()).unwrap();
    journal.append(&utterance("u1", 0, 0.0, 1.0, "Ja.")).unwrap();
    journal.file.write_all(b"{\"t_s\": 2.0, \"ki").unwrap();
    journal.tail = Tail::Torn;
    journal.append(&cue("u1")).unwrap();
    let recording = read_journal(&path).unwrap();
    assert_eq!(recording.events, [utterance("u1", 0, 0.0, 1.0, "Ja."), cue("u1")]);
    assert!(recording.bad.is_empty());
}

/// A real full disk: the file is limited to a few bytes more than it has, so that the next line is
/// written in part. Runs in a process of its own, since the limit is the process's.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_leaves_whole_lines_only() {
    const ROLE: &str = "GIDS_TEST_FULL_DISK";
    let Some(path) = std::env::var_os(ROLE).map(PathBuf::from) else {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j.jsonl");
        let name = "journal::tests::a_disk_that_fills_up_leaves_whole_lines_only";
        let exe = std::env::current_exe().unwrap();
        // `ulimit -f` counts blocks of 512 or 1024 bytes; SIGXFSZ is ignored, so that write() fails.
        let script = "trap '' XFSZ; ulimit -f 2; exec \"$0\" --exact \"$1\" --nocapture";
        let child = std::process::Command::new("sh")
            .args(["-c", script])
            .arg(exe)
            .arg(name)
            .env(ROLE, &path)
            .output()
            .unwrap();
        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
        let recording = read_journal(&path).unwrap();
        assert!(recording.torn.is_none() && recording.bad.is_empty(), "{recording:?}");
        assert!(!recording.events.is_empty());
        return;
    };
    let mut journal = Journal::create(&path, &header()).unwrap();
    let line = utterance("u1", 0, 0.0, 1.0, &"nog een keer ".repeat(9));
    let failed = (0..99).find_map(|_| journal.append(&line).err());
    assert!(matches!(failed, Some(SessionError::Write { .. })), "{failed:?}");
}

#[test]
fn a_cue_does_not_wait_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(&folder.path().join("j.jsonl"), &header()).unwrap();
    let mut late = cue("u1");
    late.t_s = 100.0;
    journal.append(&late).unwrap();
    assert!(journal.unsynced);
    journal.append(&event(100.1, EventKind::Status { lag_ms: 0, rung: Rung::Full })).unwrap();
    assert!(!journal.unsynced); // the next line syncs it, even one that is not kept
    journal.append(&utterance("u2", 0, 100.2, 100.4, "Ja.")).unwrap();
    assert!(journal.unsynced); // at most every SYNC_INTERVAL_S
    journal.sync().unwrap();
    assert!(!journal.unsynced);
}

#[test]
fn a_kept_journal_tells_what_was_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.jsonl");
    let mut journal = Journal::create(&path, &header()).unwrap();
    let rungs = [Rung::Full, Rung::Full, Rung::FinalsOnly, Rung::FinalsOnly, Rung::Full];
    for (second, rung) in rungs.into_iter().enumerate() {
        journal.append(&event(second as f64, EventKind::Status { lag_ms: 0, rung })).unwrap();
    }
    let kept: Vec<f64> =
        read_journal(&path).unwrap().events.iter().map(|event| event.t_s).collect();
    assert_eq!(kept, [2.0, 4.0]);
}
