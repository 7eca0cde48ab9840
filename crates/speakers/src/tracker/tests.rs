use super::*;
use crate::{ScriptedEmbedder, SpectralEmbedder, synth::Voice};

const A: [f32; 4] = [5.0, 5.0, 0.0, 0.0];
const B: [f32; 4] = [-5.0, -5.0, 0.0, 0.0];

fn heard(values: [f32; 4], speech_s: f32) -> Embedding {
    Embedding::new(values.to_vec(), speech_s)
}

fn cluster(script: Vec<Embedding>) -> Tracker<ScriptedEmbedder> {
    Tracker::new(Mode::Cluster, ScriptedEmbedder::new(script))
}

/// Pushes one utterance for each of `words`.
fn push_all(tracker: &mut Tracker<impl VoiceEmbedder>, words: &[f32]) -> Vec<Attribution> {
    words.iter().map(|w| tracker.push(&utterance(&[]), *w).unwrap()).collect()
}

fn utterance(samples: &[f32]) -> UtteranceAudio<'_> {
    UtteranceAudio { channel: ChannelId(0), span: Span::from_secs(0.0, 1.0), samples }
}

fn voices(attributions: &[Attribution]) -> Vec<u8> {
    attributions.iter().map(|a| a.voice.0).collect()
}

fn enrolment(values: &str, model: &str) -> Box<Enrolment> {
    let text = format!(
        r#"{{"format":"gids-enrolment","version":1,"model":"{model}","values":{values},"speech_s":9.0}}"#
    );
    Box::new(serde_json::from_str(&text).unwrap())
}

#[test]
fn two_voices_alternate_and_the_first_is_the_practitioner() {
    let mut tracker = cluster(vec![heard(A, 2.0), heard(B, 2.0), heard(A, 2.0), heard(B, 2.0)]);
    let all = push_all(&mut tracker, &[0.0; 4]);
    assert_eq!(voices(&all), [0, 1, 0, 1]);
    assert_eq!(all[0].speaker, Speaker::Practitioner);
    assert_eq!(all[1].speaker, Speaker::Client);
    assert!(all.iter().all(|a| (0.5..=1.0).contains(&a.confidence) && a.roles_changed.is_none()));
}

#[test]
fn the_same_voice_twice_is_one_voice() {
    let near_a = [4.2, 5.6, 0.5, -0.4];
    let mut tracker = cluster(vec![heard(A, 2.0), heard(near_a, 3.0), heard(B, 2.0)]);
    assert_eq!(voices(&push_all(&mut tracker, &[0.0; 3])), [0, 0, 1]);
}

#[test]
fn an_early_mistake_mends_and_names_stay() {
    let between = [1.2, 0.8, 0.0, 0.0];
    let mut script = vec![heard(A, 3.0), heard(between, 0.6)];
    script.extend((0..6).map(|i| heard(if i % 2 == 0 { [-1.0, -1.2, 0.0, 0.0] } else { A }, 4.0)));
    let mut tracker = cluster(script);
    let all = push_all(&mut tracker, &[0.0; 8]);
    let State::ByVoice(partition) = &tracker.state else { panic!("not by voice") };
    // Whatever it was called at first, in the end it goes with the voice that it is nearer to.
    assert_eq!(partition.labels(), [0, 1, 1, 0, 1, 0, 1, 0]);
    assert_eq!(voices(&all)[2..], [1, 0, 1, 0, 1, 0]);
}

#[test]
fn a_back_channel_gets_the_nearer_voice_and_moves_none() {
    let mut script = vec![heard(A, 3.0), heard(B, 3.0)];
    script.extend((0..20).map(|_| heard([-1.0, -3.0, 9.0, 9.0], 0.3)));
    script.push(heard(B, 3.0));
    let mut tracker = cluster(script);
    let all = push_all(&mut tracker, &[0.0; 23]);
    assert!(voices(&all)[2..22].iter().all(|v| *v == 1), "{:?}", voices(&all));
    let mut plain = cluster(vec![heard(A, 3.0), heard(B, 3.0), heard(B, 3.0)]);
    let sure = push_all(&mut plain, &[0.0; 3])[2].clone();
    assert_eq!(all[22].voice, sure.voice);
}

#[test]
fn silence_is_no_error_and_follows_the_turns() {
    let mut tracker =
        cluster(vec![Embedding::none(), heard(A, 2.0), heard(B, 2.0), Embedding::none()]);
    let all = push_all(&mut tracker, &[0.0; 4]);
    assert_eq!(all[3].voice, all[1].voice, "the other's turn");
    assert!(all[3].confidence < 0.6, "{}", all[3].confidence);
}

#[test]
fn the_words_change_the_roles_but_one_line_does_not() {
    let script: Vec<Embedding> =
        (0..6).map(|i| heard(if i % 2 == 0 { A } else { B }, 2.0)).collect();
    let mut tracker = cluster(script);
    // The client opens: "it hurts" (-), "what brings you here?" (+), …
    let all = push_all(&mut tracker, &[-9.0, 0.5, -1.5, 1.5, -1.5, 1.5]);
    assert_eq!(all[0].roles_changed, None, "one odd line, however odd");
    assert_eq!(all[0].speaker, Speaker::Practitioner);
    let at = all.iter().position(|a| a.roles_changed.is_some()).unwrap();
    assert_eq!(
        all[at].roles_changed.as_deref(),
        Some(
            &[
                Role { voice: VoiceId(0), speaker: Speaker::Client },
                Role { voice: VoiceId(1), speaker: Speaker::Practitioner },
            ][..]
        )
    );
    assert_eq!(all.iter().filter(|a| a.roles_changed.is_some()).count(), 1);
    assert_eq!(all[5].speaker, Speaker::Practitioner);
    assert!(all[5].confidence > 0.9);
    assert_eq!(all[5].voice, VoiceId(1));
}

#[test]
fn a_swap_by_the_user_stands() {
    let script: Vec<Embedding> =
        (0..8).map(|i| heard(if i % 2 == 0 { A } else { B }, 2.0)).collect();
    let mut tracker = cluster(script);
    push_all(&mut tracker, &[1.0, -1.0]);
    let roles = tracker.swap();
    assert_eq!(roles[0], Role { voice: VoiceId(0), speaker: Speaker::Client });
    let after = push_all(&mut tracker, &[1.5, -1.5, 1.5, -1.5, 1.5, -1.5]);
    assert!(after.iter().all(|a| a.roles_changed.is_none()));
    assert_eq!(after[4].speaker, Speaker::Client);
    assert_eq!(tracker.swap()[0].speaker, Speaker::Practitioner);
}

#[test]
fn an_enrolment_tells_who_speaks_from_the_first_utterance_on() {
    let script = vec![heard(B, 2.0), heard(A, 2.0), heard(B, 2.0), heard(A, 2.0)];
    let mode = Mode::Enrolled(enrolment("[5.2,4.9,0.1,0.0]", "scripted"));
    let mut tracker = Tracker::new(mode, ScriptedEmbedder::new(script));
    let all = push_all(&mut tracker, &[0.0; 4]);
    let speakers: Vec<Speaker> = all.iter().map(|a| a.speaker).collect();
    use Speaker::{Client, Practitioner};
    assert_eq!(speakers, [Client, Practitioner, Client, Practitioner]);
    assert_eq!(all[0].voice, VoiceId(1));
}

#[test]
fn an_enrolment_from_another_room_still_names_the_nearer_voice() {
    // Room and microphone move both voices by the same.
    let shift = |v: [f32; 4]| [v[0] - 3.0, v[1] - 3.0, v[2], v[3]];
    let script = (0..8).map(|i| heard(shift(if i % 2 == 0 { B } else { A }), 2.0)).collect();
    let mode = Mode::Enrolled(enrolment("[5.0,5.0,0.0,0.0]", "scripted"));
    let mut tracker = Tracker::new(mode, ScriptedEmbedder::new(script));
    let all = push_all(&mut tracker, &[0.0; 8]);
    assert_eq!(voices(&all)[2..], [1, 0, 1, 0, 1, 0]);
}

#[test]
fn an_enrolment_of_another_model_is_an_error() {
    for (values, model) in [("[5.0,5.0,0.0,0.0]", "other"), ("[5.0]", "scripted")] {
        let mode = Mode::Enrolled(enrolment(values, model));
        let mut tracker = Tracker::new(mode, ScriptedEmbedder::new(vec![heard(A, 1.0)]));
        let error = tracker.push(&utterance(&[]), 0.0).unwrap_err();
        assert!(matches!(error, SpeakersError::OtherModel { .. }));
        assert!(error.to_string().contains("enrol again"));
    }
}

#[test]
fn an_embedding_of_the_wrong_length_is_an_error() {
    let script = vec![heard(A, 1.0), Embedding::new(vec![1.0], 1.0)];
    let mut tracker = cluster(script);
    tracker.push(&utterance(&[]), 0.0).unwrap();
    let error = tracker.push(&utterance(&[]), 0.0).unwrap_err();
    assert!(matches!(error, SpeakersError::Dimension { want: 4, got: 1, .. }));
}

#[test]
fn by_channel_no_voice_is_needed() {
    let mode = Mode::ByChannel { practitioner: ChannelId(1) };
    let mut tracker = Tracker::new(mode, ScriptedEmbedder::new(Vec::new()));
    let mut say = |channel| {
        tracker
            .push(&UtteranceAudio { channel: ChannelId(channel), ..utterance(&[]) }, 0.0)
            .unwrap()
    };
    assert_eq!(say(0).speaker, Speaker::Client);
    assert_eq!(say(1).speaker, Speaker::Practitioner);
    assert!(say(1).confidence > 0.99);
    assert_eq!(tracker.swap().len(), 2);
}

#[test]
fn a_long_session_stays_right() {
    // A regular scatter, as wide as the model says (variance 0.75).
    let scatter = |i: usize, d: usize| ((i * 7 + d * 13) % 11) as f32 / 11.0 * 2.8 - 1.4;
    let script = (0..400).map(|i| {
        let centre = if i % 3 == 0 { A } else { B };
        heard(std::array::from_fn(|d| 0.4 * centre[d] + scatter(i, d)), 2.0)
    });
    let mut tracker = cluster(script.collect());
    let all = push_all(&mut tracker, &[0.0; 400]);
    // One A and two Bs came before the voices could be told apart: the Bs keep the name.
    let right = all.iter().enumerate().filter(|(i, a)| (a.voice.0 == 1) == (i % 3 == 0)).count();
    assert!(right >= 392, "{right} of 400");
    // And the role of the first to speak has moved along with the one A.
    let change = all.iter().find_map(|a| a.roles_changed.clone()).unwrap();
    assert_eq!(change, tracker.roles());
    assert_eq!(change[1], Role { voice: VoiceId(1), speaker: Speaker::Practitioner });
}

#[test]
fn made_voices_are_told_apart_by_their_sound() {
    for other in [Voice::HIGH, Voice::LOW_BUT_SHORT_TRACT] {
        let mut tracker = Tracker::new(Mode::Cluster, SpectralEmbedder::new());
        let said: Vec<u8> = (0..10u32)
            .map(|i| {
                let voice = if i % 2 == 0 { Voice::LOW } else { other };
                let samples = voice.say(1.5 + 0.5 * (i % 4) as f32, i + 1);
                tracker.push(&utterance(&samples), 0.0).unwrap().voice.0
            })
            .collect();
        assert_eq!(said, [0, 1, 0, 1, 0, 1, 0, 1, 0, 1], "{other:?}");
    }
}
