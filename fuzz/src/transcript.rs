//! Transcripts as text: any bytes are read or refused, and what was read is written the same.

use std::sync::Arc;

use otherend_core::transcript::{Plan, Recording, Transcript, generalise, lint};

/// Read `input` as the lines after the first, and as a whole file.
pub fn check(input: &[u8]) {
    settles(input);
    let mut file = b"otherend talk 1\n".to_vec();
    file.extend_from_slice(input);
    let settled = settles(&file);
    // Whatever the seals say, no reader panics, and a recording is a transcript. Without seals it is
    // the one that was just looked at.
    if let Ok(recording) = Recording::read(&file)
        && settled.as_ref() != Some(&recording.transcript)
    {
        settles(recording.transcript.to_string().as_bytes());
    }
}

/// Either there is an error that can be shown, or writing has found its final form.
fn settles(source: &[u8]) -> Option<Transcript> {
    let transcript = match Transcript::parse(source) {
        Ok(transcript) => transcript,
        Err(error) => {
            let screen = error.render("x.talk", source);
            assert!(screen.lines().count() >= 5, "{screen:?}");
            assert!(
                !screen.contains(|c: char| c.is_control() && c != '\n'),
                "{screen:?}"
            );
            return None;
        }
    };
    let written = transcript.to_string();
    let again = Transcript::parse(written.as_bytes()).expect("what was written is a transcript");
    assert_eq!(again, transcript);
    assert_eq!(again.to_string(), written);
    let general = generalise(&transcript).to_string();
    let general = Transcript::parse(general.as_bytes()).expect("holes leave it a transcript");
    // Whatever lint finds, it ends.
    let _ = lint(&Arc::new(Plan::new(general)));
    Some(transcript)
}
