//! The bundled model: its promises, odd texts, and errors.

mod support;

use std::fs;

use coding::{CodeInput, Coder, CodingError, ENCODER_FILE, NGRAMS_FILE, SPEC_FILE, tokenizer_file};
use timeline::{Coarse, Code, Lang, Speaker};

fn practitioner(text: &str) -> CodeInput<'_> {
    CodeInput { speaker: Speaker::Practitioner, lang: Lang::Nl, text }
}

#[test]
fn plain_righting_reflexes_are_found_and_their_look_alikes_are_not() {
    let mut coder = support::coder();
    let soft = coder.thresholds().soft;
    for reflex in [
        "Je moet gewoon elke dag een half uur wandelen.",
        "je moet gewoon elke dag een half uur wandelen",
        "Als je zo doorgaat zit je straks in een rolstoel.",
        "Ach, dat komt vanzelf goed.",
        "Maar denk eens aan je kinderen.",
    ] {
        let coded = coder.code(&practitioner(reflex)).unwrap();
        assert!(coded.righting_reflex >= soft, "{reflex} has only {}", coded.righting_reflex);
        assert!(coded.codes.iter().any(|code| code.is_righting_reflex()), "{:?}", coded.codes);
    }
    for sound in [
        "Wat zou het je opleveren?",
        "Je komt er niet aan toe.",
        "Waarom een zes en geen vier?",
        "Jij bepaalt of en wanneer.",
        "Mag ik je er iets over vertellen?",
        "Je dagen zitten vol, en tegelijk zou je het graag willen.",
    ] {
        let coded = coder.code(&practitioner(sound)).unwrap();
        assert!(coded.righting_reflex < soft, "{sound} has {}", coded.righting_reflex);
        assert!(!coded.codes.iter().any(|code| code.is_righting_reflex()), "{:?}", coded.codes);
    }
}

#[test]
fn odd_texts_get_a_sane_answer() {
    let mut coder = support::coder();
    let long = "en toen zei ik dat het niet ging ".repeat(1_500);
    let texts = ["", "   \n", "…!?", "👍👍", "你好，世界", "a", "\0\u{202e}", &long];
    for speaker in [Speaker::Practitioner, Speaker::Client] {
        for lang in [Lang::Nl, Lang::En] {
            for text in texts {
                let coded = coder.code(&CodeInput { speaker, lang, text }).unwrap();
                assert!(!coded.codes.is_empty());
                assert_eq!(coded.probs.len(), Code::of(speaker).len());
                assert!(coded.probs.values().all(|p| (0.0..=1.0).contains(p)), "{:?}", coded.probs);
                assert!((0.0..=1.0).contains(&coded.righting_reflex));
                assert!(matches!(
                    (speaker, coded.coarse),
                    (Speaker::Practitioner, Coarse::Practitioner(_))
                        | (Speaker::Client, Coarse::Client(_))
                ));
            }
        }
    }
    assert_eq!(coder.code(&practitioner(" ")).unwrap().codes, [Code::Facilitate]);
    assert_eq!(role_log_odds(&mut coder, "👍"), 0.0);
}

#[test]
fn a_batch_gives_what_single_calls_give_in_order() {
    let mut coder = support::coder();
    let texts = [
        "Hoe gaat het?",
        "",
        "Ja, maar dat lukt niet.",
        "Hm-m.",
        "Dan zie ik je volgende week weer.",
    ];
    let inputs: Vec<CodeInput<'_>> = texts
        .iter()
        .cycle()
        .take(80) // more than one call of the network
        .zip([Speaker::Practitioner, Speaker::Client, Speaker::Client].iter().cycle())
        .map(|(&text, &speaker)| CodeInput { speaker, lang: Lang::Nl, text })
        .collect();
    let batch = coder.code_batch(&inputs).unwrap();
    assert_eq!(batch.len(), inputs.len());
    for (input, from_batch) in inputs.iter().zip(&batch) {
        let alone = coder.code(input).unwrap();
        assert_eq!(alone.codes, from_batch.codes);
        assert!((alone.righting_reflex - from_batch.righting_reflex).abs() < 1e-4);
    }
    assert!(coder.code_batch(&[]).unwrap().is_empty());
}

#[test]
fn a_client_has_no_righting_reflex_and_roles_are_told_apart() {
    let mut coder = support::coder();
    let advice =
        CodeInput { speaker: Speaker::Client, lang: Lang::Nl, text: "Je moet gewoon stoppen." };
    assert_eq!(coder.code(&advice).unwrap().righting_reflex, 0.0);
    assert!(role_log_odds(&mut coder, "Wat zou het u opleveren om te stoppen?") > 0.5);
    assert!(role_log_odds(&mut coder, "Ik heb het gewoon te druk met mijn werk.") < -0.5);
}

#[test]
fn missing_and_damaged_files_are_named() {
    let dir = std::env::temp_dir().join(format!("mi-coder-test-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let failed = || Coder::load(&dir, support::environment()).unwrap_err();

    let error = failed();
    assert!(
        matches!(&error, CodingError::Read { path, .. } if path.ends_with(SPEC_FILE)),
        "{error}"
    );
    fs::write(dir.join(SPEC_FILE), "{}").unwrap();
    assert!(matches!(failed(), CodingError::Spec { .. }));

    // File by file: each next error names the next file that is missing.
    let put = |name: &str| {
        fs::copy(support::project("models/mi-coder").join(name), dir.join(name)).unwrap();
    };
    put(SPEC_FILE);
    for lang in [Lang::Nl, Lang::En] {
        let wanted = tokenizer_file(lang);
        let missing = failed();
        assert!(
            matches!(&missing, CodingError::Tokenizer { path, .. } if path.ends_with(wanted)),
            "{missing}"
        );
        put(wanted);
    }
    for name in [ENCODER_FILE, NGRAMS_FILE] {
        let missing = failed();
        assert!(
            matches!(&missing, CodingError::Read { path, .. } if path.ends_with(name)),
            "{missing}"
        );
        fs::write(dir.join(name), b"no network").unwrap();
        assert!(matches!(failed(), CodingError::Runtime { .. }));
        put(name);
    }
    Coder::load(&dir, support::environment()).unwrap();
    fs::remove_dir_all(&dir).unwrap();
}

fn role_log_odds(coder: &mut Coder, text: &str) -> f32 {
    let reading = coder.read(Lang::Nl, text).expect("it codes");
    coder.role_log_odds(&reading)
}
