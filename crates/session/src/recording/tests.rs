use std::fs;

use super::*;
use crate::{
    Journal, Transcript,
    transcript::tests::{every_kind, header, utterance},
};

fn bytes_of(events: &[SessionEvent]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in events {
        serde_json::to_writer(&mut bytes, event).unwrap();
        bytes.push(b'\n');
    }
    bytes
}

fn read_bytes(bytes: &[u8]) -> Result<Recording, SessionError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.jsonl");
    fs::write(&path, bytes).unwrap();
    read_journal(&path)
}

#[test]
fn every_kind_of_event_comes_back_as_it_was() {
    for event in every_kind() {
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(parse(json.as_bytes()).unwrap(), event, "{json}");
        let fields: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&json).unwrap();
        assert!(fields["kind"].is_string() && fields["t_s"].is_number(), "{json}");
    }
}

#[test]
fn a_line_torn_at_any_byte_costs_only_itself() {
    for last in every_kind().into_iter().skip(1) {
        let mut bytes = bytes_of(&[header(), utterance("u1", 0, 0.0, 1.0, "Eén zin — goed.")]);
        let whole = bytes.len();
        bytes.extend(bytes_of(&[last]));
        for cut in whole..=bytes.len() {
            let recording = read_bytes(&bytes[..cut]).unwrap();
            let complete = cut + 1 >= bytes.len(); // only the line feed may be missing
            assert_eq!(recording.events.len(), 1 + usize::from(complete), "cut at {cut}");
            assert_eq!(recording.torn.is_some(), cut > whole && !complete, "cut at {cut}");
            assert_eq!(recording.bad, []);
            assert_eq!(Transcript::from(&recording).lines[0].text, "Eén zin — goed.");
        }
    }
}

#[test]
fn a_torn_line_has_its_number_and_reason() {
    let mut bytes = bytes_of(&every_kind());
    bytes.truncate(bytes.len() - 4);
    let recording = read_bytes(&bytes).unwrap();
    assert!(!recording.is_complete());
    let torn = recording.torn.unwrap();
    assert_eq!(torn.number, every_kind().len());
    assert!(torn.reason.contains("EOF"), "{}", torn.reason);
}

#[test]
fn broken_lines_in_between_are_named_and_the_rest_is_read() {
    let mut bytes = bytes_of(&[header()]);
    bytes.extend(b"{\"t_s\": 1.0, \"kind\": \"dance\"}\n\n\xff\xfe\n\0\0\0\0\n");
    bytes.extend(bytes_of(&every_kind()[1..]));
    let recording = read_bytes(&bytes).unwrap();
    assert_eq!(recording.events, every_kind()[1..]);
    assert!(recording.is_complete() && recording.torn.is_none());
    let numbers: Vec<usize> = recording.bad.iter().map(|bad| bad.number).collect();
    assert_eq!(numbers, [2, 4, 5]); // the empty line 3 is no fault
    assert!(recording.bad[0].reason.contains("dance"), "{:?}", recording.bad[0]);
    assert!(recording.bad[1].reason.contains("UTF-8"), "{:?}", recording.bad[1]);
}

#[test]
fn what_is_no_journal_is_refused_in_words() {
    let no_header = bytes_of(&every_kind()[1..]);
    for (bytes, expected) in [
        (b"".as_slice(), "it is empty"),
        (b"hello world\n", "first line"),
        (b"{\"t_s\":0.0,\"kind\":\"session\",\"id\":\"x", "first line"),
        (b"RIFF\xff\xff\xff\xffWAVE", "UTF-8"),
        (&no_header, "no \"session\" event"),
    ] {
        let error = read_bytes(bytes).unwrap_err();
        assert!(matches!(error, SessionError::NotAJournal { .. }), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let missing = read_journal(Path::new("there-is-no-such-file.jsonl")).unwrap_err();
    assert!(matches!(missing, SessionError::Read { .. }), "{missing:?}");
}

#[test]
fn a_newer_format_asks_for_an_update() {
    let mut newer = header();
    if let EventKind::Session(header) = &mut newer.kind {
        header.format = FORMAT_VERSION + 1;
    }
    let error = read_bytes(&bytes_of(&[newer])).unwrap_err();
    assert!(error.to_string().contains("update Gids"), "{error}");
}

#[test]
fn an_endless_line_does_not_fill_the_memory() {
    let mut bytes = bytes_of(&[header()]);
    bytes.resize(bytes.len() + 2 * LONGEST_LINE_BYTES, b' ');
    bytes.extend(b"\n");
    bytes.extend(bytes_of(&[utterance("u1", 0, 0.0, 1.0, "Ja.")]));
    assert_eq!(read_bytes(&bytes).unwrap().events.len(), 1);
}

/// The whole program is killed in the test of the workspace; here the journal is dropped without
/// its end, as the operating system leaves it.
#[test]
fn a_killed_session_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.jsonl");
    let mut journal = Journal::create(&path, &header()).unwrap();
    journal.append(&utterance("u1", 0, 0.0, 1.0, "Ja.")).unwrap();
    std::mem::forget(journal); // no destructor runs
    let recording = read_journal(&path).unwrap();
    assert_eq!((recording.events.len(), recording.is_complete()), (1, false));
}
