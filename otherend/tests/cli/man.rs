//! `otherend man`.

use std::fs;

use super::program::otherend;

#[test]
fn all_pages_go_to_stdout() {
    let outcome = otherend(&["man"]).run().succeeded();
    outcome.said(".TH otherend 1").said(".TH otherend-man 1");
}

#[test]
fn one_page_can_be_had() {
    let outcome = otherend(&["man", "man"]).run().succeeded();
    assert_eq!(outcome.stdout.matches(".TH ").count(), 1);
    outcome.said(".SH EXAMPLES");
}

#[test]
fn pages_go_into_a_folder_one_file_each() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let outcome = otherend(&["man", "--folder", pages.to_str().unwrap()]).run();
    outcome.succeeded();
    let page = fs::read_to_string(pages.join("otherend-interfaces.1")).unwrap();
    assert!(page.contains("otherend interfaces"));
}

#[test]
fn a_folder_that_cannot_be_is_file_trouble() {
    let program = otherend(&["man", "--folder", "file/below"]).file("file", "");
    program
        .run()
        .exited(2)
        .complained("cannot write file/below: ");
}

#[test]
fn a_command_that_is_not_there_is_a_mistake() {
    let outcome = otherend(&["man", "fly"]).run().exited(2);
    outcome.complained("`otherend` has no command `fly`");
}
