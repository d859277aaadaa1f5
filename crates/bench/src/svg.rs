//! The plot: how the latencies of each kind of call are distributed, over a logarithmic axis.

use std::fmt::Write as _;

use crate::{
    figure::Step,
    print::{connections, span},
    report::Report,
};

/// Size of the picture.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 480.0;
/// The plot within it; the names stand at its right.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 660.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 420.0;
/// Height of a line of text.
const LINE: f64 = 20.0;
/// Colours that are told apart also by those who see fewer of them.
const COLOURS: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#777777",
];
/// From one round of the colours to the next.
const DASHES: [&str; 3] = ["none", "6 3", "2 3"];

/// One curve.
struct Curve<'a> {
    name: String,
    steps: &'a [Step],
}

/// The report as a picture.
pub(crate) fn plot(report: &Report) -> String {
    let mut curves: Vec<Curve<'_>> = report
        .figures
        .iter()
        .map(|figure| Curve {
            name: format!(
                "{}, {}: p50 {}",
                figure.name,
                connections(figure.connections),
                span(figure.latency.p50)
            ),
            steps: &figure.distribution,
        })
        .collect();
    let commit = &report.floors.bare_commit;
    curves.push(Curve {
        name: format!("bare durable commit: p50 {}", span(commit.latency.p50)),
        steps: &commit.distribution,
    });
    let place = &report.place;
    let title = format!("ratchetd {}: how long calls take", place.version);
    let machine = format!(
        "{}, {} processors, {}",
        place.processor.as_deref().unwrap_or("processor unknown"),
        place.processors,
        place.filesystem.as_deref().unwrap_or("file system unknown")
    );
    let mut svg = Svg::default();
    svg.text(LEFT, TOP - 2.0 * LINE, "start", &title);
    svg.text(LEFT, TOP - LINE, "start", &machine);
    draw(&mut svg, &curves);
    svg.whole()
}

fn draw(svg: &mut Svg, curves: &[Curve<'_>]) {
    let all = || curves.iter().flat_map(|curve| curve.steps);
    let first = all().map(|step| step.from_us).fold(f64::MAX, f64::min);
    let last = all().map(|step| step.to_us).fold(0.0, f64::max);
    if last <= 0.0 {
        return;
    }
    let (first, last) = (decade(first), decade(last) + 1);
    let decades = f64::from((last - first).max(1));
    let x = |us: f64| LEFT + (us.log10() - f64::from(first)) / decades * (RIGHT - LEFT);
    let highest = curves
        .iter()
        .flat_map(|curve| shares(curve.steps))
        .fold(0.0, f64::max);
    let y = |share: f64| BOTTOM - share / highest * (BOTTOM - TOP);
    for exponent in first..=last {
        let us = 10_f64.powi(exponent);
        svg.line((x(us), TOP), (x(us), BOTTOM));
        svg.text(x(us), BOTTOM + LINE, "middle", &tick(us));
    }
    svg.line((LEFT, BOTTOM), (RIGHT, BOTTOM));
    let top = format!("{:.0} %", highest * 100.0);
    svg.text(LEFT - 6.0, TOP + 4.0, "end", &top);
    svg.text(LEFT - 6.0, BOTTOM, "end", "0 %");
    let axis = "latency; a curve shows the share of its calls in each tenth of a power of ten";
    svg.text(LEFT, BOTTOM + 2.0 * LINE, "start", axis);
    for (number, curve) in curves.iter().enumerate() {
        let colour = COLOURS.get(number % COLOURS.len()).copied();
        let dashes = DASHES.get(number / COLOURS.len() % DASHES.len()).copied();
        let (colour, dashes) = (colour.unwrap_or("#000000"), dashes.unwrap_or("none"));
        let mut points = Vec::new();
        if let Some(step) = curve.steps.first() {
            points.push((x(step.from_us), y(0.0)));
        }
        for (step, share) in curve.steps.iter().zip(shares(curve.steps)) {
            points.push((x(step.from_us), y(share)));
            points.push((x(step.to_us), y(share)));
        }
        if let Some(step) = curve.steps.last() {
            points.push((x(step.to_us), y(0.0)));
        }
        svg.curve(&points, colour, dashes);
        let height = TOP + number as f64 * LINE;
        let at = RIGHT + LINE;
        svg.curve(
            &[(at, height - 4.0), (at + LINE, height - 4.0)],
            colour,
            dashes,
        );
        svg.text(at + 1.5 * LINE, height, "start", &curve.name);
    }
}

/// The power of ten that a span begins with.
fn decade(us: f64) -> i32 {
    // A bound that lies on a power of ten may have come out a little below it.
    (us.log10() + 1e-9).floor() as i32
}

/// A power of ten of microseconds, in words.
fn tick(us: f64) -> String {
    match us {
        us if us < 1e3 => format!("{us} µs"),
        us if us < 1e6 => format!("{} ms", us / 1e3),
        us => format!("{} s", us / 1e6),
    }
}

/// How much of all each step has.
fn shares(steps: &[Step]) -> impl Iterator<Item = f64> {
    let all: u64 = steps.iter().map(|step| step.count).sum();
    steps
        .iter()
        .map(move |step| step.count as f64 / all.max(1) as f64)
}

/// A picture that is being drawn. Writing to a string cannot fail.
#[derive(Default)]
struct Svg(String);

impl Svg {
    fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let mut escaped = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                character if character.is_control() => {}
                character => escaped.push(character),
            }
        }
        let _ = writeln!(
            self.0,
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}">{escaped}</text>"#
        );
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64)) {
        let _ = writeln!(
            self.0,
            r##"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="#bbbbbb"/>"##,
            from.0, from.1, to.0, to.1
        );
    }

    fn curve(&mut self, points: &[(f64, f64)], colour: &str, dashes: &str) {
        let mut path = String::new();
        for (x, y) in points {
            let _ = write!(path, "{x:.1},{y:.1} ");
        }
        let _ = writeln!(
            self.0,
            r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="1.5" stroke-dasharray="{dashes}"/>"#,
            path.trim_end()
        );
    }

    fn whole(self) -> String {
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">
<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>
{}</svg>
"##,
            self.0
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_picture() {
        let mut svg = Svg::default();
        svg.text(0.0, 0.0, "start", "a<b>&\u{1b}\"c");
        assert!(svg.0.contains(">a&lt;b&gt;&amp;\"c</text>"), "{}", svg.0);
    }

    #[test]
    fn curves_stay_within_the_plot() {
        let steps = |from: f64, counts: &[u64]| -> Vec<Step> {
            let bound = |step: usize| from * 10_f64.powf(step as f64 / 10.0);
            counts
                .iter()
                .enumerate()
                .map(|(step, count)| Step {
                    from_us: bound(step),
                    to_us: bound(step + 1),
                    count: *count,
                })
                .collect()
        };
        let (short, long) = (steps(0.8, &[1, 0, 9]), steps(1e6, &[5; 12]));
        let curves = [&short, &long].map(|steps| Curve {
            name: String::new(),
            steps,
        });
        let mut svg = Svg::default();
        draw(&mut svg, &curves);
        let drawn = svg.0.lines().filter_map(|line| line.split('"').nth(1));
        let drawn: Vec<&str> = drawn.filter(|points| points.contains(',')).collect();
        assert_eq!(drawn.len(), 4, "two curves, and a sample of each");
        for point in drawn.into_iter().flat_map(str::split_whitespace) {
            let (x, y) = point.split_once(',').unwrap();
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            assert!((LEFT..=WIDTH).contains(&x), "{point}");
            assert!((TOP - LINE..=BOTTOM).contains(&y), "{point}");
        }
    }
}
