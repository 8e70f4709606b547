//! `otherend completions`.

use super::program::{otherend, program};

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let outcome = otherend(&["completions", shell]).run().succeeded();
        outcome.said("otherend").said("interfaces");
    }
}

#[test]
fn bash_completes_flags_and_their_values() {
    let script = otherend(&["completions", "bash"]).run().succeeded().stdout;
    let completed = |words: &str, typed: &str| {
        let count = words.split(' ').count();
        let ask = format!(
            "{script}\nCOMP_WORDS=({words} '{typed}') COMP_CWORD={count}
            _otherend otherend '{typed}' '{last}'; echo \"${{COMPREPLY[@]}}\"",
            last = words.rsplit(' ').next().unwrap_or_default(),
        );
        program("bash", &["-c", &ask]).run().succeeded().stdout
    };
    assert_eq!(completed("otherend", "interf"), "interfaces\n");
    assert_eq!(completed("otherend serve", "--eng"), "--engine\n");
    assert_eq!(
        completed("otherend serve --engine", ""),
        "single threads async\n"
    );
    assert_eq!(completed("otherend connect --framing", "d"), "dotnet\n");
}
