//! Temporary.
use coach::*;
use timeline::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let lang: Lang = a[1].parse().unwrap();
    let mode: Mode = a[2].parse().unwrap();
    let budget = if a[3] == "off" { Budget::Off } else { Budget::On };
    for f in &a[4..] {
        let mut c = Coach::new(CoachConfig { lang, mode, budget, seed: 1 }).unwrap();
        println!("== {f}");
        for l in std::fs::read_to_string(f).unwrap().lines() {
            let v: serde_json::Value = serde_json::from_str(l).unwrap();
            let codes: Vec<Code> = v["codes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| Code::from_name(c.as_str().unwrap()).unwrap())
                .collect();
            let sp = if v["speaker"] == "client" { Speaker::Client } else { Speaker::Practitioner };
            let rr = codes.iter().any(|c| c.is_righting_reflex());
            let h = Heard {
                id: v["id"].as_str().unwrap(),
                speaker: sp,
                span: Span::from_secs(v["start_s"].as_f64().unwrap(), v["end_s"].as_f64().unwrap()),
                text: v["text"].as_str().unwrap(),
                codes: &codes,
                righting_reflex: if rr { 1. } else { 0. },
                firm: rr,
            };
            let cue = c.push(&h);
            println!(
                "{} {:?} {} {}",
                if sp == Speaker::Client { "   C" } else { "P" },
                v["codes"].to_string().replace('"', ""),
                v["text"].as_str().unwrap(),
                v["expect"]
            );
            if let Some(q) = cue {
                println!(
                    "        >>> {:?} {:?} [{}] {} | {} | {:?} <{}>",
                    q.moment, q.strength, q.mark, q.headline, q.suggestion, q.technique, q.source
                );
            }
        }
    }
}
