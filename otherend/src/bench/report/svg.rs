//! Lines over two axes, as inline SVG in the colours of the page.
//!
//! By hand: plotters labels a logarithmic axis at powers of ten only, which leaves one label where
//! a server's latencies lie, and writes its colours into the picture, where the page follows the
//! reader's light or dark theme.

use maud::{Markup, html};

/// The picture in its own units, which the page scales: so large that whole numbers are fine enough.
const WIDTH: i32 = 1520;
const HEIGHT: i32 = 520;
/// Room for labels.
const LEFT: i32 = 128;
const RIGHT: i32 = 32;
const TOP: i32 = 24;
const BOTTOM: i32 = 68;

/// What an axis spans, and where its labels stand.
#[derive(Debug)]
pub(super) struct Axis {
    from: f64,
    to: f64,
    logarithmic: bool,
    labels: Vec<(f64, String)>,
}

impl Axis {
    /// From zero to `to`, with a label at every round number of a quarter or a bit more.
    pub(super) fn from_zero(to: f64, label: impl Fn(f64) -> String) -> Axis {
        let to = to.max(1e-3);
        let step = round_numbers(to / 4.0).find(|step| *step * 4.0 > to * 0.999);
        let step = step.unwrap_or(to);
        let labels = (0..5).map(|count| f64::from(count) * step);
        let labels = labels.filter(|value| *value <= to);
        Axis {
            from: 0.0,
            to,
            logarithmic: false,
            labels: labels.map(|value| (value, label(value))).collect(),
        }
    }

    /// Equal factors at equal distances, labelled at 1, 2 and 5 of every power of ten, or at 1 alone
    /// when there are many.
    pub(super) fn logarithmic(from: f64, to: f64, label: impl Fn(f64) -> String) -> Axis {
        let from = from.max(1.0);
        let to = to.max(from * 2.0);
        let labels = round_numbers(from)
            // 1, 2, 5, 10, … as long as there is room for them; over four decades every third,
            // which is 1, 10, 100.
            .step_by(if to / from > 1e4 { 3 } else { 1 })
            .skip_while(|value| *value < from)
            .take_while(|value| *value <= to);
        Axis {
            from,
            to,
            logarithmic: true,
            labels: labels.map(|value| (value, label(value))).collect(),
        }
    }

    /// From the first to the last of `labels`.
    pub(super) fn labelled(labels: Vec<(f64, String)>) -> Axis {
        Axis {
            from: labels.first().map_or(0.0, |first| first.0),
            to: labels.last().map_or(1.0, |last| last.0),
            logarithmic: false,
            labels,
        }
    }

    /// Where a value stands between `start` and `end`.
    fn place(&self, value: f64, (start, end): (i32, i32)) -> i32 {
        let scale = |value: f64| match self.logarithmic {
            true => value.max(self.from).ln(),
            false => value,
        };
        let share = (scale(value) - scale(self.from)) / (scale(self.to) - scale(self.from));
        start + (f64::from(end - start) * share.clamp(0.0, 1.0)).round() as i32
    }
}

/// 1, 2 and 5 times each power of ten, from the power at or below `from` on.
fn round_numbers(from: f64) -> impl Iterator<Item = f64> {
    let powers = from.log10().floor() as i32..=f64::MAX_10_EXP;
    powers.flat_map(|power| [1.0, 2.0, 5.0].map(|factor| factor * 10_f64.powi(power)))
}

/// The points of a line, and its class.
pub(super) type Line = (&'static str, Vec<(f64, f64)>);

/// A plot of `lines`, shaded up to `warm_up`; `title` is for those who hear the page.
pub(super) fn plot(title: &str, (x, y): (&Axis, &Axis), warm_up: f64, lines: &[Line]) -> Markup {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    let across = |value| x.place(value, (LEFT, right));
    let down = |value| y.place(value, (bottom, TOP));
    let path = |points: &[(f64, f64)]| {
        let points = points.iter();
        let points = points.map(|(x, y)| format!("{} {}", across(*x), down(*y)));
        format!("M{}", points.collect::<Vec<_>>().join("L"))
    };
    // An element of SVG is never void: `{}` closes it.
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(title) {
            @for (value, label) in &y.labels {
                path.grid d={ "M" (LEFT) " " (down(*value)) "H" (right) } {}
                text x=(LEFT - 12) y=(down(*value) + 8) text-anchor="end" { (label) }
            }
            @for (value, label) in &x.labels {
                path.grid d={ "M" (across(*value)) " " (TOP) "V" (bottom) } {}
                text x=(across(*value)) y=(bottom + 36) text-anchor="middle" { (label) }
            }
            @if warm_up > 0.0 {
                rect.shade x=(LEFT) y=(TOP) width=(across(warm_up) - LEFT) height=(bottom - TOP) {}
            }
            @for (class, points) in lines {
                path.line.(class) d=(path(points)) {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(axis: &Axis) -> Vec<f64> {
        axis.labels.iter().map(|label| label.0).collect()
    }

    #[test]
    fn an_axis_from_zero_has_round_labels() {
        let axis = Axis::from_zero(7.3, |value| value.to_string());
        assert_eq!(values(&axis), [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(
            [0.0, 3.65, 99.0].map(|value| axis.place(value, (0, 100))),
            [0, 50, 100]
        );
        let axis = Axis::from_zero(10.0, |value| value.to_string());
        assert_eq!(values(&axis), [0.0, 5.0, 10.0]);
        assert!(!values(&Axis::from_zero(0.0, |_| String::new())).is_empty());
    }

    #[test]
    fn a_logarithmic_axis_has_equal_distances_for_equal_factors() {
        let axis = Axis::logarithmic(1.0, 100.0, |value| value.to_string());
        assert_eq!(values(&axis), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        assert_eq!(
            [0.0, 10.0].map(|value| axis.place(value, (0, 100))),
            [0, 50]
        );
        let wide = Axis::logarithmic(50.0, 1e6, |value| value.to_string());
        assert_eq!(values(&wide), [100.0, 1e3, 1e4, 1e5, 1e6]);
    }

    #[test]
    fn a_line_goes_from_corner_to_corner() {
        let axis = Axis::from_zero(10.0, |value| value.to_string());
        let line = ("a", vec![(0.0, 0.0), (10.0, 10.0)]);
        let svg = plot("t", (&axis, &axis), 0.0, &[line]).into_string();
        assert!(svg.contains("d=\"M128 452L1488 24\"></path>"), "{svg}");
    }
}
