//! An index finds what trying one after the other would.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::transcript::plan::template::{Gap, Piece};
use crate::transcript::plan::values::Values;
use crate::transcript::{Hole, Kind};

fn trigger(before: &str, after: &str) -> Template {
    let hole = Arc::new(Hole {
        name: None,
        kind: Kind::Int,
        sample: b"1".to_vec(),
    });
    let literal = |text: &str| Piece::Literal(text.as_bytes().into());
    let hole = Piece::Hole(Gap { hole, slot: None });
    Template::from_iter([literal(before), hole, literal(after)])
}

fn find(rules: &HoledRules, heard: &[u8], before: Option<usize>) -> Option<usize> {
    let (mut file, mut connection) = (Values::default(), Values::default());
    let mut known = Known {
        file: &mut file,
        connection: &mut connection,
    };
    rules.find(heard, before, (&mut known, &mut Vec::new()), &mut 0)
}

proptest! {
    #[test]
    fn the_first_that_fits_is_found(
        texts in prop::collection::vec(("[ab]{0,3}", "[ab]{0,3}"), 1..40),
        heard in "[ab]{0,4}[0-9]{0,2}[ab]{0,4}",
        before in prop::option::of(0usize..80),
    ) {
        let mut rules = HoledRules::default();
        for (index, (before, after)) in texts.iter().enumerate() {
            rules.push(trigger(before, after), 2 * index);
        }
        let one_by_one = find(&rules, heard.as_bytes(), before);
        rules.index = Index::of(&rules.rules);
        prop_assert_eq!(find(&rules, heard.as_bytes(), before), one_by_one);
    }
}

#[test]
fn of_many_rules_few_are_tried() {
    let mut rules = HoledRules::default();
    for index in 0..10_000 {
        rules.push(trigger(&format!("GET key {index} of "), "\n"), index);
        rules.push(
            trigger(
                &format!("a line that begins like all others, but for {index}:"),
                "\n",
            ),
            10_000 + index,
        );
    }
    rules.finish();
    let (mut file, mut connection) = (Values::default(), Values::default());
    let mut known = Known {
        file: &mut file,
        connection: &mut connection,
    };
    let mut tried = 0;
    let takes = &mut Vec::new();
    let found = rules.find(
        b"GET key 9000 of 7\n",
        None,
        (&mut known, takes),
        &mut tried,
    );
    assert_eq!((found, tried), (Some(9000), 1));
}
