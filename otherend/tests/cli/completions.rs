//! `otherend completions`.

use super::program::otherend;

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let outcome = otherend(&["completions", shell]).run().succeeded();
        outcome.said("otherend").said("interfaces");
    }
}
