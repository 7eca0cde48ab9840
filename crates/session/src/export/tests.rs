use std::io;

use super::*;
use crate::transcript::tests::{every_kind, header, recording, utterance};

fn transcript() -> Transcript {
    Transcript::from(&recording(every_kind()))
}

fn text(transcript: &Transcript, format: Format, lang: Lang) -> String {
    let mut out = Vec::new();
    export(transcript, format, lang, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn txt() {
    let expected = "\
Sessie: 2026-11-21_2213-ab
Begonnen: 2026-11-21T22:13:00.000Z
Duur: 00:10
Taal: Nederlands
Bron: knie|rug.flac
Modellen: demo-asr
Status: volledig

[00:00] Behandelaar: Je moet elke dag oefenen, dat weet je.
    > advies > Vraag toestemming: \"Mag ik vertellen wat anderen helpt?\"
[00:04] (1,2 s geluid gemist)
[00:05] Cliënt: Ja, maar ik had het zo druk.
[00:09] (Storing, capture: Plug it in.)
";
    assert_eq!(text(&transcript(), Format::Txt, Lang::Nl), expected);
}

#[test]
fn md() {
    let expected = "\
# 2026-11-21\\_2213-ab

| | |
| --- | --- |
| Session | 2026-11-21\\_2213-ab |
| Started | 2026-11-21T22:13:00.000Z |
| Duration | 00:10 |
| Language | Dutch |
| Source | knie\\|rug.flac |
| Models | demo-asr |
| State | complete |

**Practitioner** \\[00:00\\] Je moet elke dag oefenen, dat weet je.

> advies → **Vraag toestemming**: *Mag ik vertellen wat anderen helpt?*

*\\[00:04\\] 1.2 s of audio lost*

**Client** \\[00:05\\] Ja, maar ik had het zo druk.

*\\[00:09\\] Fault, capture: Plug it in.*
";
    assert_eq!(text(&transcript(), Format::Md, Lang::En), expected);
}

#[test]
fn srt() {
    let expected = "\
1
00:00:00,500 --> 00:00:03,250
Behandelaar: Je moet elke dag oefenen, dat
weet je.

2
00:00:05,500 --> 00:00:08,000
Cliënt: Ja, maar ik had het zo druk.

";
    assert_eq!(text(&transcript(), Format::Srt, Lang::Nl), expected);
}

#[test]
fn vtt() {
    let expected = "\
WEBVTT

00:00:00.500 --> 00:00:03.250
<v Behandelaar>Je moet elke dag oefenen, dat weet je.</v>

00:00:05.500 --> 00:00:08.000
<v Cliënt>Ja, maar ik had het zo druk.</v>

";
    assert_eq!(text(&transcript(), Format::Vtt, Lang::Nl), expected);
}

#[test]
fn csv() {
    let expected = "\
id,speaker,start_s,end_s,text,codes,cue_at_s,cue_mark,cue_headline,cue_suggestion,cue_technique\r
u1,practitioner,0.500,3.250,\"Je moet elke dag oefenen, dat weet je.\",advise; give_info,3.250,advies,\
Vraag toestemming,Mag ik vertellen wat anderen helpt?,ask_permission\r
u2,client,5.500,8.000,\"Ja, maar ik had het zo druk.\",,,,,,\r
";
    assert_eq!(text(&transcript(), Format::Csv, Lang::Nl), expected);
}

#[test]
fn csv_quotes_quotes() {
    let said = recording(vec![header(), utterance("u1", 0, 0.0, 1.0, "Hij zei \"nee\".")]);
    let csv = text(&Transcript::from(&said), Format::Csv, Lang::En);
    assert!(csv.contains(",\"Hij zei \"\"nee\"\".\","), "{csv}");
}

#[test]
fn json() {
    let json: serde_json::Value =
        serde_json::from_str(&text(&transcript(), Format::Json, Lang::Nl)).unwrap();
    assert_eq!(json["format"], 1);
    assert_eq!(json["session"]["id"], "2026-11-21_2213-ab");
    assert_eq!(json["end"]["lost_samples"], 20_000);
    let line = &json["lines"][0];
    assert_eq!(line["speaker"], "practitioner");
    assert_eq!(line["start_s"], 0.5);
    assert_eq!(line["codes"], serde_json::json!(["advise", "give_info"]));
    assert_eq!(line["cues"][0]["moment"], "unsolicited_advice");
    assert_eq!(line["cues"][0]["latency_ms"]["final"], 310.0);
    assert_eq!(json["gaps"][0], serde_json::json!({"start_s": 4.0, "end_s": 5.25}));
    assert_eq!(json["faults"][0]["stage"], "capture");
}

#[test]
fn a_session_that_was_cut_off_says_so() {
    let mut events = every_kind();
    events.pop();
    let transcript = Transcript::from(&recording(events));
    let txt = text(&transcript, Format::Txt, Lang::Nl);
    assert!(txt.contains("Status: afgebroken"), "{txt}");
    assert!(txt.contains("Duur: 00:08"), "{txt}");
    let json = text(&transcript, Format::Json, Lang::Nl);
    assert!(json.contains("\"end\": null"), "{json}");
}

#[test]
fn nothing_that_was_said_is_taken_for_markup() {
    let said = recording(vec![
        header(),
        utterance("u1", 0, 0.0, 2.0, "a <b>& --> [c](d) *e* |"),
        utterance("u2", 1, 2.0, 2.0, ""),
    ]);
    let transcript = Transcript::from(&said);
    let vtt = text(&transcript, Format::Vtt, Lang::En);
    assert!(vtt.contains(">a &lt;b&gt;&amp; --&gt; [c](d) *e* |</v>"), "{vtt}");
    let srt = text(&transcript, Format::Srt, Lang::En);
    assert!(srt.contains("Practitioner: a ‹b›& → [c](d) *e* |"), "{srt}");
    assert_eq!(srt.matches("-->").count(), 1, "{srt}"); // what is empty is not shown
    let md = text(&transcript, Format::Md, Lang::En);
    assert!(md.contains(r"a \<b\>\& --\> \[c\](d) \*e\* \|"), "{md}");
}

/// Start, end and text of each subtitle.
fn parse_srt(srt: &str) -> Vec<(u64, u64, String)> {
    let ms = |code: &str| -> u64 {
        let parts: Vec<u64> = code.split([':', ',']).map(|p| p.parse().unwrap()).collect();
        ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1_000 + parts[3]
    };
    srt.trim_end()
        .split("\n\n")
        .enumerate()
        .map(|(index, block)| {
            let mut lines = block.lines();
            assert_eq!(lines.next().unwrap(), (index + 1).to_string());
            let (start, end) = lines.next().unwrap().split_once(" --> ").unwrap();
            (ms(start), ms(end), lines.collect::<Vec<_>>().join("\n"))
        })
        .collect()
}

#[test]
fn subtitles_follow_each_other_whatever_the_times() {
    let long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft \
                en dan nog een heleboel gewone woorden achter elkaar omdat het een lang verhaal is "
        .repeat(3);
    let said = recording(vec![
        header(),
        utterance("u1", 0, -1.0, 0.1, "Kort."),
        utterance("u2", 1, 0.05, 20.0, &long),
        utterance("u3", 0, 5.0, 5.0, "Ja?"), // speaks through u2, with no length
        utterance("u4", 1, 5.0, 4.0, "Hm."), // ends before it begins
        utterance("u5", 0, 3_700.0, 3_701.0, "Later."),
    ]);
    let srt = text(&Transcript::from(&said), Format::Srt, Lang::Nl);
    let subtitles = parse_srt(&srt);
    let mut free_from = 0;
    for (start, end, text) in &subtitles {
        assert!(*start >= free_from, "{start} overlaps {free_from}:\n{srt}");
        assert!(*end >= start + 500, "{start}..{end} is too short:\n{srt}");
        let lines: Vec<&str> = text.lines().collect();
        assert!((1..=2).contains(&lines.len()), "{text}");
        assert!(lines.iter().all(|line| line.chars().count() <= 42), "{text}");
        free_from = *end;
    }
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let shown: String = subtitles.iter().map(|(_, _, text)| letters(text)).collect();
    assert!(shown.contains(&letters(&long)), "{srt}");
    assert_eq!(subtitles.last().unwrap().0, 3_700_000);
}

#[test]
fn speakers_have_names_in_both_languages() {
    let names = |lang| {
        let events = vec![
            header(),
            utterance("u1", 0, 0.0, 1.0, "Goedemorgen."),
            utterance("u2", 1, 1.0, 2.0, "Hoi."),
            utterance("u3", 2, 2.0, 3.0, "Koffie?"),
        ];
        let transcript = Transcript::from(&recording(events));
        let labels = labels::Labels::of(lang);
        let csv = text(&transcript, Format::Csv, lang);
        assert!(csv.contains("u3,other,"), "{csv}");
        transcript.lines.iter().map(|line| labels.speaker(line)).collect::<Vec<_>>()
    };
    assert_eq!(names(Lang::Nl), ["Behandelaar", "Cliënt", "Iemand anders"]);
    assert_eq!(names(Lang::En), ["Practitioner", "Client", "Someone else"]);
}

#[test]
fn every_format_has_its_name() {
    for format in Format::ALL {
        assert_eq!(format.name().parse::<Format>().unwrap(), format);
        assert_eq!(format.to_string(), format.name());
        assert!(!text(&transcript(), format, Lang::Nl).is_empty());
    }
    assert!("SRT".parse::<Format>().is_err());
}

#[test]
fn an_export_that_cannot_be_written_says_so() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = export(&transcript(), Format::Txt, Lang::Nl, &mut Full).unwrap_err();
    assert!(error.to_string().contains("free some space"), "{error}");
}
