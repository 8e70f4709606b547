//! Plots as inline SVG: two axes, lines, bars, a shaded part. Colours are the page's classes.

use std::fmt::Write as _;

/// The picture in its own units; the page scales it.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 260.0;
/// Room for labels: left, right, top, bottom.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;

/// One axis: what it spans, how, and where its labels stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    min: f64,
    max: f64,
    logarithmic: bool,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From zero to a round number at or above `max`.
    pub(super) fn from_zero(max: f64, label: impl Fn(f64) -> String) -> Axis {
        let step = round_step(max.max(f64::MIN_POSITIVE) / 4.0);
        let steps = (max / step).ceil().max(1.0) as u32;
        let tick = |number| {
            let value = f64::from(number) * step;
            (value, label(value))
        };
        Axis {
            min: 0.0,
            max: f64::from(steps) * step,
            logarithmic: false,
            ticks: (0..=steps).map(tick).collect(),
        }
    }

    /// Logarithmic from `min` to `max`, both above zero, labelled at 1, 2 and 5 of each power of ten.
    pub(super) fn logarithmic(min: f64, max: f64, label: impl Fn(f64) -> String) -> Axis {
        let (min, max) = (min, max.max(min * 2.0));
        let powers = min.log10().floor() as i32..=max.log10().ceil() as i32;
        let wide = max / min > 1e4;
        let factors: &[f64] = if wide { &[1.0] } else { &[1.0, 2.0, 5.0] };
        let ticks = powers
            .flat_map(|power| {
                factors
                    .iter()
                    .map(move |factor| factor * 10_f64.powi(power))
            })
            .filter(|value| (min..=max).contains(value))
            .map(|value| (value, label(value)))
            .collect();
        Axis {
            min,
            max,
            logarithmic: true,
            ticks,
        }
    }

    /// Labels where `ticks` says, between its first and its last.
    pub(super) fn labelled(ticks: Vec<(f64, String)>) -> Axis {
        Axis {
            min: ticks.first().map_or(0.0, |tick| tick.0),
            max: ticks.last().map_or(1.0, |tick| tick.0),
            logarithmic: false,
            ticks,
        }
    }

    /// End at `max`, and leave out the labels behind it.
    pub(super) fn cut(&mut self, max: f64) {
        self.ticks.retain(|tick| tick.0 <= max);
        self.max = max;
    }

    /// Where a value stands, 0 to 1.
    fn place(&self, value: f64) -> f64 {
        let scale = |value: f64| match self.logarithmic {
            true => value.max(self.min).ln(),
            false => value,
        };
        let span = scale(self.max) - scale(self.min);
        match span > 0.0 {
            true => ((scale(value) - scale(self.min)) / span).clamp(0.0, 1.0),
            false => 0.0,
        }
    }
}

/// 1, 2 or 5 times a power of ten, at or above `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let factors = [1.0, 2.0, 5.0];
    let fits = factors.iter().map(|factor| factor * power);
    fits.into_iter()
        .find(|candidate| *candidate >= step * 0.999)
        .unwrap_or(10.0 * power)
}

/// A picture under construction.
#[derive(Debug)]
pub(super) struct Plot {
    x: Axis,
    y: Axis,
    body: String,
}

impl Plot {
    /// An empty plot with its grid; `title` is for those who hear the page.
    pub(super) fn new(title: &str, x: Axis, y: Axis) -> Plot {
        let mut plot = Plot {
            x,
            y,
            body: String::new(),
        };
        let _ = write!(
            plot.body,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">"
        );
        plot.grid();
        plot
    }

    fn grid(&mut self) {
        for (value, label) in self.y.ticks.clone() {
            let y = self.down(value);
            let _ = write!(
                self.body,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0
            );
        }
        for (value, label) in self.x.ticks.clone() {
            let x = self.across(value);
            let (bottom, text) = (HEIGHT - BOTTOM, HEIGHT - BOTTOM + 18.0);
            let _ = write!(
                self.body,
                "<path class=\"grid\" d=\"M{x:.1} {TOP}V{bottom:.1}\"/>\
                 <text x=\"{x:.1}\" y=\"{text:.1}\" text-anchor=\"middle\">{label}</text>"
            );
        }
    }

    fn across(&self, value: f64) -> f64 {
        LEFT + self.x.place(value) * (WIDTH - LEFT - RIGHT)
    }

    fn down(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.place(value) * (HEIGHT - TOP - BOTTOM)
    }

    /// A line through points.
    pub(super) fn line(&mut self, class: &str, points: impl IntoIterator<Item = (f64, f64)>) {
        let mut path = String::new();
        for (x, y) in points {
            let letter = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{letter}{:.1} {:.1}", self.across(x), self.down(y));
        }
        let _ = write!(self.body, "<path class=\"line {class}\" d=\"{path}\"/>");
    }

    /// A bar from `from` to `to`, with a text for whoever points at it.
    pub(super) fn bar(&mut self, (from, to): (f64, f64), height: f64, text: &str) {
        let (left, right, top) = (self.across(from), self.across(to), self.down(height));
        let _ = write!(
            self.body,
            "<rect class=\"bar\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" \
             height=\"{:.1}\"><title>{text}</title></rect>",
            (right - left - 0.6).max(0.6),
            // What is there at all is seen.
            (HEIGHT - BOTTOM - top).max(if height > 0.0 { 0.8 } else { 0.0 })
        );
    }

    /// Shade a part of the x axis.
    pub(super) fn shade(&mut self, (from, to): (f64, f64), text: &str) {
        let (left, right) = (self.across(from), self.across(to));
        let _ = write!(
            self.body,
            "<rect class=\"shade\" x=\"{left:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{text}</text>",
            right - left,
            HEIGHT - TOP - BOTTOM,
            left + 6.0,
            HEIGHT - BOTTOM - 6.0
        );
    }

    /// A dashed mark across the whole height, with a word at its top.
    pub(super) fn mark(&mut self, value: f64, text: &str, row: u32) {
        let x = self.across(value);
        // On the side where there is room.
        let (anchor, beside) = match x > WIDTH - 90.0 {
            true => ("end", -4.0),
            false => ("start", 4.0),
        };
        let _ = write!(
            self.body,
            "<path class=\"mark\" d=\"M{x:.1} {TOP}V{:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{text}</text>",
            HEIGHT - BOTTOM,
            x + beside,
            TOP + 10.0 + f64::from(row) * 14.0
        );
    }

    /// The finished picture.
    pub(super) fn finish(mut self) -> String {
        self.body.push_str("</svg>\n");
        self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(axis: &Axis) -> Vec<f64> {
        axis.ticks.iter().map(|tick| tick.0).collect()
    }

    #[test]
    fn an_axis_from_zero_ends_at_a_round_number() {
        let axis = Axis::from_zero(7.3, |value| value.to_string());
        assert_eq!(values(&axis), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(
            (axis.place(0.0), axis.place(4.0), axis.place(99.0)),
            (0.0, 0.5, 1.0)
        );
        assert_eq!(Axis::from_zero(0.0, |_| String::new()).ticks.len(), 2);
    }

    #[test]
    fn a_logarithmic_axis_has_equal_distances_for_equal_factors() {
        let axis = Axis::logarithmic(1.0, 100.0, |value| value.to_string());
        assert_eq!(values(&axis), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        assert!((axis.place(10.0) - 0.5).abs() < 1e-9);
        assert_eq!(axis.place(0.0), 0.0);
    }

    #[test]
    fn a_plot_is_one_closed_picture() {
        let axis = || Axis::from_zero(10.0, |value| value.to_string());
        let mut plot = Plot::new("t", axis(), axis());
        plot.line("a", [(0.0, 0.0), (10.0, 10.0)]);
        plot.bar((0.0, 5.0), 3.0, "five");
        let svg = plot.finish();
        assert!(svg.contains("d=\"M64.0 226.0L744.0 12.0\""), "{svg}");
        assert_eq!(svg.matches("<svg").count(), svg.matches("</svg>").count());
    }
}
