//! One hole needs no search, and finds what a search would.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::transcript::plan::values::Values;
use crate::transcript::{Hole, Pattern};

fn kind() -> impl Strategy<Value = Kind> {
    let named = Kind::NAMED.map(|(_, kind)| kind);
    let pattern = Pattern::new("a*b?|0+").expect("a pattern");
    prop_oneof![
        8 => prop::sample::select(named.to_vec()),
        2 => Just(Kind::Regex(pattern)),
    ]
}

/// Few different bytes: literals are found inside holes, and holes often fit.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[ab0 :.=\\r\\n-]{0,6}",
        "20(26-03-02|26-03-0)",
        "(::1|1\\.0\\.0\\.[0-9a])",
        "12345678-1234-1234-1234-1234567890a[bx]",
    ]
    .prop_map(String::into_bytes)
}

fn template(before: Vec<u8>, kind: Kind, after: Vec<u8>) -> Template {
    let hole = Arc::new(Hole {
        name: None,
        kind,
        sample: Vec::new(),
    });
    let hole = Piece::Hole(Gap { hole, slot: None });
    let literal = |bytes: Vec<u8>| Piece::Literal(bytes.into());
    Template::from_iter([literal(before), hole, literal(after)])
}

/// Kinds of which a longer hole may fit before a shorter one does.
fn forked_kind() -> impl Strategy<Value = Kind> {
    let patterns = ["b..0|a", "a|0b*a", "(ab)*0?"].map(|pattern| {
        let pattern = Pattern::new(pattern).expect("a pattern");
        Kind::Regex(pattern)
    });
    let others = [Kind::Text, Kind::Int, Kind::Word];
    prop::sample::select([&patterns[..], &others].concat())
}

fn taken(takes: &[Take]) -> Vec<(usize, usize, usize)> {
    let taken = takes.iter().map(|take| (take.part, take.start, take.end));
    taken.collect()
}

proptest! {
    #[test]
    fn one_hole_takes_what_a_search_gives_it(
        (before, kind, after) in (bytes(), kind(), bytes()),
        inside in bytes(),
        changes in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let mut heard = [&before[..], &inside, &after].concat();
        if let Some((at, byte)) = changes && !heard.is_empty() {
            let at = at.index(heard.len());
            heard[at] = byte;
        }
        let template = template(before, kind, after);
        let (mut file, mut connection) = (Values::default(), Values::default());
        let known = Known { file: &mut file, connection: &mut connection };
        let (mut quick, mut searched) = (Vec::new(), Vec::new());
        let fits = template.fit(&heard, Extent::Whole, &known, &mut quick);
        let search = Search::new(&template, &heard, Extent::Whole, &known, &mut searched).run();
        prop_assert_eq!(fits, search);
        if fits.is_some() {
            prop_assert_eq!(taken(&quick), taken(&searched));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    /// Whether its bytes came at once or one by one makes no difference to an unfinished step.
    #[test]
    fn a_beginning_fits_as_soon_as_it_can(
        pieces in prop::collection::vec((forked_kind(), "[ab0]{0,1}"), 1..4),
        heard in "[ab0]{0,12}",
    ) {
        let pieces = pieces.into_iter().flat_map(|(kind, after)| {
            template(Vec::new(), kind, after.into_bytes()).parts().to_vec()
        });
        let unfinished: Template = pieces.collect();
        let heard = heard.into_bytes();
        let mut values = [Values::default(), Values::default()];
        let [file, connection] = &mut values;
        let known = Known { file, connection };
        let fit = |heard: &[u8]| {
            let mut takes = Vec::new();
            let fit = unfinished.fit(heard, Extent::Beginning, &known, &mut takes);
            fit.map(|count| (count, taken(&takes)))
        };
        let one_by_one = (0..=heard.len()).find_map(|count| fit(&heard[..count]));
        prop_assert_eq!(fit(&heard), one_by_one);
    }
}
