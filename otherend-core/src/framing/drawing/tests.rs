use super::*;

#[test]
fn every_short_name_is_a_drawing() {
    for (name, drawing) in Drawing::catalogue() {
        let by_name: Drawing = name.parse().unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(
            (by_name.to_string().as_str(), by_name.name()),
            (name, Some(name))
        );
        let drawn: Drawing = drawing.parse().unwrap();
        assert_eq!(by_name.layout.slots, drawn.layout.slots, "{name}");
        let again: Drawing = drawn.to_string().parse().unwrap();
        assert_eq!(again, drawn, "{name}: {drawn}");
    }
}

#[test]
fn what_is_shown_is_what_is_read() {
    for text in [
        r"{body:128}",
        r"\x02{head:2}{body}\x03{sum:crc-16/xmodem le}",
        r"{len:u24le of all +3}{body}\xff\{",
        r"{len:hex4 -2}\\{body}",
        r"{body} idle 2.5ms",
        r"{body} idle 1.000001s",
        r"{body}é\0\t",
        r"{body}\x20idle 4ms",
    ] {
        let drawing: Drawing = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        let shown = drawing.to_string();
        let again: Drawing = shown.parse().unwrap_or_else(|e| panic!("{shown}: {e}"));
        assert_eq!(again, drawing, "{text} {shown}");
    }
}

/// The text with what is wrong in it between angle brackets.
#[track_caller]
fn is_wrong(marked: &str, because: &str) {
    let text = marked.replace(['<', '>'], "");
    let error = text.parse::<Drawing>().unwrap_err();
    let span = error.span();
    let found = format!(
        "{}<{}>{}",
        &text[..span.start],
        &text[span.clone()],
        &text[span.end..]
    );
    assert_eq!(found, marked, "{error}");
    assert!(error.wrong().contains(because), "{error}");
}

#[test]
fn what_cannot_work_is_said_where_it_stands() {
    is_wrong("<u61>", "did you mean u16?");
    is_wrong("<\\x02\\x03>", "no {body}");
    is_wrong("<crfl>", "did you mean crlf?");
    is_wrong("<morse>", "or draw the frame");
    is_wrong("{len:<u61>}{body}", "did you mean u16?");
    is_wrong("<{bdy}>\\n", "did you mean {body}?");
    is_wrong("{body}<{body}>\\n", "one {body}");
    is_wrong("<{body}>", "nothing ends the message");
    is_wrong("{len:u8}<{body:4}>", "two things");
    is_wrong("{len:u8}<{body}> idle 4ms", "two things");
    is_wrong("<{body}>\\r idle 4ms", "two things");
    is_wrong("{body} idle <soon>", "needs a time");
    is_wrong("{len:u8}<{len:u8}>{body}", "one length");
    is_wrong("<{len:dec}>{body}", "end at a byte");
    is_wrong("<{len:dec}>5{body}", "end at a byte");
    is_wrong("<{len:varint of all}>{body}", "width of its own");
    is_wrong("{len:u8 <of>}{body}", "of all");
    is_wrong("{body}\\n<{head:4}>", "before the body");
    is_wrong("<{sum:xor}>{body}\\n", "behind the body");
    is_wrong("{body}{sum:<crc-16/modbsu> le}\\n", "crc-16/modbus");
    is_wrong("<{body slip}>\\xc1", "ends at");
    is_wrong("<{body cobs}>{sum:xor}\\0", "alone");
    is_wrong("<{lines Content-Length}>{body}", "empty one");
    is_wrong("\\x02<{body\\x03>", "ends with }");
    is_wrong("<\\q>{body}\\n", "no such escape");
    is_wrong("{body}<\\x0>", "two hex digits");
    is_wrong("{head<:0>}{body}\\n", "size");
    is_wrong("{head<:99999999999>}{body}\\n", "size");
}
