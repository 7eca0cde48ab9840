use std::collections::BTreeMap;

use timeline::{
    Coarse, Cue, Lang, LatencyMs, Moment, PractitionerClass, Role, Rung, SampleIdx, SessionEvent,
    Strength, Technique, TimedWord, UtteranceEvent,
};

use super::*;

pub(crate) fn header() -> SessionEvent {
    SessionEvent::new(
        SampleIdx::ZERO,
        EventKind::Session(SessionHeader {
            id: "2026-11-21_2213-ab".to_owned(),
            version: "0.1.0".to_owned(),
            format: crate::FORMAT_VERSION,
            started_at: "2026-11-21T22:13:00.000Z".to_owned(),
            lang: Lang::Nl,
            source: "knie|rug.flac".to_owned(),
            models: vec![("demo-asr".to_owned(), "00ff".to_owned())],
            config: vec![("budget".to_owned(), "3".to_owned())],
            consent: None,
        }),
    )
}

pub(crate) fn utterance(id: &str, voice: u8, start_s: f64, end_s: f64, text: &str) -> SessionEvent {
    let speaker = if voice == 0 { Speaker::Practitioner } else { Speaker::Client };
    SessionEvent {
        t_s: end_s,
        kind: EventKind::Utterance(UtteranceEvent {
            id: id.to_owned(),
            speaker,
            confidence: 0.83,
            voice: VoiceId(voice),
            start_s,
            end_s,
            text: text.to_owned(),
            words: vec![TimedWord { text: "Je".to_owned(), start_s, end_s: start_s + 0.1 }],
        }),
    }
}

pub(crate) fn coded(id: &str, speaker: Speaker, code: Code) -> SessionEvent {
    SessionEvent {
        t_s: 3.5,
        kind: EventKind::Coded {
            id: id.to_owned(),
            speaker,
            coded: CodedUtterance {
                codes: vec![code, Code::GiveInfo],
                coarse: Coarse::Practitioner(PractitionerClass::Input),
                probs: BTreeMap::from([(Code::Advise, 0.81), (Code::GiveInfo, 0.62)]),
                righting_reflex: 0.9,
            },
        },
    }
}

pub(crate) fn cue(after: &str) -> SessionEvent {
    SessionEvent {
        t_s: 3.7,
        kind: EventKind::Cue(CueEvent {
            at_s: 3.25,
            cue: Cue {
                at: SampleIdx::from_secs(3.25),
                after: after.to_owned(),
                moment: Moment::UnsolicitedAdvice,
                strength: Strength::Firm,
                technique: Technique::AskPermission,
                mark: "advies".to_owned(),
                headline: "Vraag toestemming".to_owned(),
                suggestion: "Mag ik vertellen wat anderen helpt?".to_owned(),
                lang: Lang::Nl,
                source: after.to_owned(),
                evidence: None,
            },
            provisional: false,
            taken_up: None,
            latency_ms: Some(LatencyMs {
                capture: None,
                partial: Some(120.5),
                final_text: Some(310.0),
                cue: 420.25,
            }),
        }),
    }
}

pub(crate) fn event(t_s: f64, kind: EventKind) -> SessionEvent {
    SessionEvent { t_s, kind }
}

/// One of every kind, the header first and the end last.
pub(crate) fn every_kind() -> Vec<SessionEvent> {
    vec![
        header(),
        event(
            1.0,
            EventKind::Partial {
                segment: 0,
                start_s: 0.5,
                text: "Je moet".to_owned(),
                stable_words: 1,
            },
        ),
        utterance("u1", 0, 0.5, 3.25, "Je moet elke dag oefenen, dat weet je."),
        coded("u1", Speaker::Practitioner, Code::Advise),
        cue("u1"),
        event(4.0, EventKind::Status { lag_ms: 250, rung: Rung::Full }),
        event(5.0, EventKind::Gap { start_s: 4.0, end_s: 5.25 }),
        utterance("u2", 1, 5.5, 8.0, "Ja, maar ik had het zo druk."),
        event(
            8.1,
            EventKind::Roles {
                roles: vec![
                    Role { voice: VoiceId(0), speaker: Speaker::Practitioner },
                    Role { voice: VoiceId(1), speaker: Speaker::Client },
                ],
            },
        ),
        event(9.0, EventKind::Paused { paused: true }),
        event(
            9.5,
            EventKind::Fault { stage: "capture".to_owned(), message: "Plug it in.".to_owned() },
        ),
        event(
            10.0,
            EventKind::End(EndSummary {
                audio_s: 10.0,
                wall_s: 10.2,
                utterances: 2,
                cues: 1,
                cues_withdrawn: 0,
                lost_samples: 20_000,
                rejected_segments: 0,
                faults: 0,
                dropped_ui_events: 0,
            }),
        ),
    ]
}

pub(crate) fn recording(events: Vec<SessionEvent>) -> Recording {
    let mut events = events.into_iter();
    let Some(SessionEvent { kind: EventKind::Session(header), .. }) = events.next() else {
        panic!("the first event is the header");
    };
    Recording { header, events: events.collect(), torn: None, bad: Vec::new() }
}

#[test]
fn codes_and_cues_go_to_their_utterance() {
    let transcript = Transcript::from(&recording(every_kind()));
    let [first, second] = transcript.lines.as_slice() else { panic!("{transcript:?}") };
    assert_eq!((first.id.as_str(), first.speaker), ("u1", Speaker::Practitioner));
    assert_eq!(first.codes, [Code::Advise, Code::GiveInfo]);
    assert_eq!(first.cues.len(), 1);
    assert_eq!(second.speaker, Speaker::Client);
    assert!(second.codes.is_empty() && second.cues.is_empty());
    assert_eq!(transcript.gaps, [LostAudio { start_s: 4.0, end_s: 5.25 }]);
    assert_eq!(transcript.faults.len(), 1);
    assert_eq!(transcript.end.map(|end| end.utterances), Some(2));
}

#[test]
fn the_last_roles_hold_for_all_that_came_before() {
    let swapped = |speaker: Speaker| {
        event(
            4.0,
            EventKind::Roles {
                roles: vec![
                    Role { voice: VoiceId(0), speaker: speaker.other() },
                    Role { voice: VoiceId(1), speaker },
                ],
            },
        )
    };
    let transcript = Transcript::from(&recording(vec![
        header(),
        swapped(Speaker::Client),
        utterance("u1", 0, 0.0, 1.0, "Het lukt niet."),
        coded("u1", Speaker::Practitioner, Code::Advise),
        coded("u1", Speaker::Client, Code::Sustain),
        swapped(Speaker::Practitioner),
        utterance("u2", 7, 1.0, 2.0, "Wie is dit?"),
    ]));
    assert_eq!(transcript.lines[0].speaker, Speaker::Client);
    assert_eq!(transcript.lines[0].codes[0], Code::Sustain);
    // A voice that no `roles` event names keeps the speaker that its utterance was given.
    assert_eq!(transcript.lines[1].speaker, Speaker::Client);
}

#[test]
fn roles_that_were_swapped_before_anybody_was_heard_change_nothing_afterwards() {
    let transcript = Transcript::from(&recording(vec![
        header(),
        event(0.5, EventKind::Roles { roles: Vec::new() }),
        utterance("u1", 1, 1.0, 2.0, "Zo staat het er al goed."),
    ]));
    assert_eq!(transcript.lines[0].speaker, Speaker::Client);
}

#[test]
fn codes_made_for_the_other_speaker_are_not_shown() {
    let transcript = Transcript::from(&recording(vec![
        header(),
        utterance("u1", 0, 0.0, 1.0, "Het lukt niet."),
        coded("u1", Speaker::Client, Code::Sustain),
    ]));
    assert_eq!(transcript.lines[0].speaker, Speaker::Practitioner);
    assert!(transcript.lines[0].codes.is_empty());
}

#[test]
fn lines_are_in_the_order_in_which_they_begin() {
    let transcript = Transcript::from(&recording(vec![
        header(),
        utterance("u1", 0, 2.0, 3.0, "Hm."),
        utterance("u2", 1, 0.0, 4.0, "Een lang\nverhaal."),
    ]));
    let ids: Vec<&str> = transcript.lines.iter().map(|line| line.id.as_str()).collect();
    assert_eq!(ids, ["u2", "u1"]);
    assert_eq!(transcript.lines[0].text, "Een lang verhaal.");
}
