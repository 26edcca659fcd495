//! The sections of the page on speed: a chart for each workload, and a graph for each curve.
//!
//! The charts are inline SVG in the colours of the page, with their figures as tables.

use askama::Template;

use crate::base::numbers::{self, figure, grouped};
use crate::base::statistics::Spread;
use crate::speed::results::{Curve, Entry, SpeedResults, Table, Target};

/// Renders the sections.
///
/// # Errors
///
/// What the template could not be filled with.
pub(super) fn render(results: &SpeedResults) -> Result<String, String> {
    let sections = Sections {
        results,
        charts: charts(results),
        graphs: results.curves.iter().enumerate().filter_map(Graph::of).collect(),
    };
    sections.render().map_err(|error| error.to_string())
}

#[derive(Template)]
#[template(path = "speed.html")]
struct Sections<'a> {
    results: &'a SpeedResults,
    charts: Vec<Chart<'a>>,
    graphs: Vec<Graph<'a>>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // templates pass references
impl Sections<'_> {
    fn ratio(spread: &Spread) -> String {
        numbers::ratio(spread)
    }

    fn value(spread: &Spread) -> String {
        numbers::spread(spread)
    }

    fn place(number: &f64) -> String {
        grouped(*number)
    }

    fn one_digit(number: &f64) -> String {
        format!("{number:.1}")
    }

    fn whole(number: &f64) -> String {
        format!("{number:.0}")
    }

    /// The target in words.
    fn target(target: &Target) -> String {
        match target {
            Target::Ratio(most) => format!("at most {most} of the best peer"),
            Target::Figure(most) => format!("at most {most}"),
        }
    }

    /// The queues of this pool that have ratios in a table.
    fn own<'t>(table: &&'t Table) -> Vec<&'t str> {
        table.standings.iter().map(|standing| &*standing.pool).collect()
    }

    fn ratio_of(entry: &Entry, own: &str) -> String {
        entry.ratios.get(own).map_or_else(|| "–".to_owned(), Self::ratio)
    }
}

/// The width of charts, in their own units.
const WIDTH: f64 = 760.0;

/// Where bars begin, and the length of the longest one.
const LEFT: f64 = 170.0;
const LONGEST: f64 = 430.0;

/// The height of a row.
const ROW: f64 = 20.0;

/// All tables of a workload, as bars.
struct Chart<'a> {
    workload: &'a str,
    text: &'a str,
    width: f64,
    height: f64,
    panels: Vec<Panel<'a>>,
    tables: Vec<&'a Table>,
}

/// A table of a workload.
struct Panel<'a> {
    title: String,
    baseline: f64,
    bars: Vec<Bar<'a>>,
}

/// The figure of a pool.
struct Bar<'a> {
    pool: &'a str,
    /// `own`, `peer` or `less`.
    kind: &'static str,
    top: f64,
    baseline: f64,
    middle: f64,
    left: f64,
    length: f64,
    lower: f64,
    upper: f64,
    /// Where its text begins.
    end: f64,
    text: String,
}

fn charts(results: &SpeedResults) -> Vec<Chart<'_>> {
    let mut charts: Vec<Chart<'_>> = Vec::new();
    for table in &results.tables {
        let known = charts.iter().position(|chart| chart.workload == table.workload);
        let index = known.unwrap_or_else(|| {
            charts.push(Chart {
                workload: &table.workload,
                text: &table.text,
                width: WIDTH,
                height: 0.0,
                panels: Vec::new(),
                tables: Vec::new(),
            });
            charts.len() - 1
        });
        let chart = &mut charts[index];
        let (panel, bottom) = panel(table, chart.height);
        chart.panels.push(panel);
        chart.height = bottom;
        chart.tables.push(table);
    }
    charts
}

/// The bars of a table, from `top` down, and the height below them.
fn panel(table: &Table, top: f64) -> (Panel<'_>, f64) {
    let mut valued: Vec<_> =
        table.entries.iter().filter_map(|entry| Some((entry, entry.value?))).collect();
    valued.sort_by(|(_, one), (_, other)| one.median.total_cmp(&other.median));
    let most = valued.iter().map(|(_, value)| value.upper).fold(0.0, f64::max);
    let scale = |value: f64| if most > 0.0 { value / most * LONGEST } else { 0.0 };
    let mut top = top + ROW * 1.4;
    let baseline = top - 6.0;
    let bars = valued
        .into_iter()
        .map(|(entry, value)| {
            let bar = Bar {
                pool: &entry.pool,
                kind: match (entry.own, entry.is_compared) {
                    (true, _) => "own",
                    (false, true) => "peer",
                    (false, false) => "less",
                },
                top: top + 3.0,
                baseline: top + 14.0,
                middle: top + ROW / 2.0,
                left: LEFT,
                length: scale(value.median).max(1.0),
                lower: LEFT + scale(value.lower),
                upper: LEFT + scale(value.upper),
                end: LEFT + scale(value.upper).max(1.0) + 6.0,
                text: bar_text(entry, value, &table.unit),
            };
            top += ROW;
            bar
        })
        .collect();
    let title = format!("{}: {}, in {}", table.setting, table.figure, table.unit);
    (Panel { title, baseline, bars }, top)
}

fn bar_text(entry: &Entry, value: Spread, unit: &str) -> String {
    let ratio = entry.ratios.values().next();
    let ratio = ratio.map_or_else(String::new, |ratio| format!(" · ratio {:.2}", ratio.median));
    format!("{} {unit}{ratio}", figure(value.median))
}

/// The area of a graph: left, top, width and height.
const PLANE: (f64, f64, f64, f64) = (70.0, 16.0, 560.0, 280.0);

/// A curve as a graph.
struct Graph<'a> {
    id: String,
    curve: &'a Curve,
    sentence: String,
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    across: Vec<Tick>,
    up: Vec<Tick>,
    lines: Vec<Stroke<'a>>,
}

/// A mark on an axis.
struct Tick {
    at: f64,
    text: String,
}

/// A line of a curve.
struct Stroke<'a> {
    pool: &'a str,
    /// `own` or `peer`, and a number that tells lines apart.
    kind: String,
    path: String,
    dots: Vec<Dot>,
    label_x: f64,
    label_y: f64,
}

/// A point and its text.
struct Dot {
    x: f64,
    y: f64,
    text: String,
}

/// Maps figures to coordinates.
#[derive(Clone, Copy)]
struct Scale {
    logarithmic: bool,
    from: f64,
    to: f64,
    at: f64,
    length: f64,
}

impl Scale {
    fn place(&self, value: f64) -> f64 {
        let bend = |value: f64| if self.logarithmic { value.log10() } else { value };
        let (from, to) = (bend(self.from), bend(self.to));
        let part = if to > from { (bend(value) - from) / (to - from) } else { 0.5 };
        self.at + part * self.length
    }

    /// Round figures within the scale.
    fn ticks(&self) -> Vec<f64> {
        let mut ticks = Vec::new();
        if self.logarithmic {
            let mut power = 10_f64.powf(self.from.log10().floor());
            while power <= self.to {
                ticks.extend([1.0, 2.0, 5.0].map(|digit| digit * power));
                power *= 10.0;
            }
        } else {
            let step = 10_f64.powf(((self.to - self.from) / 4.0).log10().floor());
            let steps = (self.to - self.from) / step;
            let step = step
                * [1.0, 2.0, 5.0, 10.0].into_iter().find(|by| steps / by <= 6.0).unwrap_or(10.0);
            let mut tick = (self.from / step).ceil() * step;
            while tick <= self.to {
                ticks.push(tick);
                tick += step;
            }
        }
        ticks.retain(|tick| (self.from..=self.to).contains(tick));
        ticks
    }
}

impl<'a> Graph<'a> {
    fn of((index, curve): (usize, &'a Curve)) -> Option<Self> {
        let (left, top, length, height) = PLANE;
        let (first, last) = curve.range()?;
        let values =
            || curve.lines.iter().flat_map(|line| &line.points).map(|(_, spread)| spread.median);
        let lowest = values().min_by(f64::total_cmp)?;
        let highest = values().max_by(f64::total_cmp)?;
        let across = Scale { logarithmic: first > 0.0, from: first, to: last, at: left, length };
        // A linear scale begins at zero.
        let logarithmic = lowest > 0.0 && highest / lowest > 15.0;
        let (from, to) = if logarithmic {
            (lowest / 1.3, highest * 1.3)
        } else {
            (0.0, if highest > 0.0 { highest * 1.1 } else { 1.0 })
        };
        let up = Scale { logarithmic, from, to, at: top + height, length: -height };
        let mut places: Vec<_> =
            curve.lines.iter().flat_map(|line| &line.points).map(|(place, _)| *place).collect();
        places.sort_by(f64::total_cmp);
        places.dedup();
        let lines = curve.lines.iter().filter(|line| !line.points.is_empty());
        let mut lines: Vec<_> = lines
            .enumerate()
            .map(|(number, line)| {
                let dot = |(at, spread): &(f64, Spread)| Dot {
                    x: across.place(*at),
                    y: up.place(spread.median),
                    text: format!(
                        "{}, {} {}: {} {}",
                        line.pool,
                        grouped(*at),
                        curve.along,
                        figure(spread.median),
                        curve.unit
                    ),
                };
                let dots: Vec<_> = line.points.iter().map(dot).collect();
                let path: Vec<_> =
                    dots.iter().map(|dot| format!("{:.1},{:.1}", dot.x, dot.y)).collect();
                let end = dots.last().map_or((0.0, 0.0), |dot| (dot.x, dot.y));
                Stroke {
                    pool: &line.pool,
                    kind: format!("{} line{}", if line.own { "own" } else { "peer" }, number % 4),
                    path: path.join(" "),
                    dots,
                    label_x: end.0 + 8.0,
                    label_y: end.1 + 4.0,
                }
            })
            .collect();
        separate_labels(&mut lines);
        let tick = |value: f64, scale: &Scale, text: String| Tick { at: scale.place(value), text };
        Some(Graph {
            id: format!("curve-{index}"),
            curve,
            sentence: curve.sentence().unwrap_or_default(),
            width: WIDTH,
            height: top + height + 48.0,
            left,
            right: left + length,
            top,
            bottom: top + height,
            across: places.iter().map(|at| tick(*at, &across, grouped(*at))).collect(),
            up: up.ticks().into_iter().map(|at| tick(at, &up, axis(at))).collect(),
            lines,
        })
    }
}

/// A figure on an axis, without trailing zeros.
fn axis(number: f64) -> String {
    if number >= 1.0 || number == 0.0 {
        grouped(number.round())
    } else {
        format!("{number:.3}").trim_end_matches('0').to_owned()
    }
}

/// Moves overlapping labels at the ends of lines apart.
fn separate_labels(lines: &mut [Stroke<'_>]) {
    let mut order: Vec<_> = (0..lines.len()).collect();
    order.sort_by(|one, other| lines[*one].label_y.total_cmp(&lines[*other].label_y));
    let mut free = f64::NEG_INFINITY;
    for index in order {
        let line = &mut lines[index];
        line.label_y = line.label_y.max(free);
        free = line.label_y + 15.0;
    }
}

#[cfg(test)]
mod tests {
    use super::{Scale, LEFT, LONGEST};
    use crate::speed::results::tests::results;

    #[test]
    fn bars_are_as_long_as_their_figures() {
        let results = results();
        let charts = super::charts(&results);
        let bars = &charts[0].panels[0].bars;
        let names: Vec<_> = bars.iter().map(|bar| (bar.pool, bar.kind)).collect();
        assert_eq!(names, [("careless", "less"), ("last-call", "own"), ("slow", "peer")]);
        assert!((bars[1].length * 2.0 - bars[2].length).abs() < 1e-6);
        assert!(bars.iter().all(|bar| bar.upper <= LEFT + LONGEST));
        assert!(bars[2].top > bars[1].top && charts[0].height > bars[2].top);
    }

    #[test]
    fn a_scale_keeps_figures_in_their_place() {
        let scale = Scale { logarithmic: true, from: 1.0, to: 100.0, at: 0.0, length: 10.0 };
        assert!((scale.place(10.0) - 5.0).abs() < 1e-9);
        assert_eq!(scale.ticks(), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        let scale = Scale { logarithmic: false, from: 0.0, to: 10.0, at: 5.0, length: -10.0 };
        assert!((scale.place(2.5) - 2.5).abs() < 1e-9);
        assert_eq!(scale.ticks(), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
    }

    #[test]
    fn a_chart_has_a_title_a_description_and_its_figures() {
        let page = super::render(&results()).unwrap();
        for part in
            ["<title", "<desc", "<figcaption", "0.50 (0.50–0.50)", "does not wait", "killed"]
        {
            assert!(page.contains(part), "{part} is not in: {page}");
        }
        // Among the standings, and among the figures.
        assert_eq!(page.matches("0.50 (0.50–0.50)").count(), 2, "{page}");
        assert!(page.contains("From 1 to 64 workers: last-call: 50.0 ns, then 1500"), "{page}");
        assert!(page.contains("it &#60;waits&#62;") || page.contains("it &lt;waits&gt;"), "{page}");
    }
}
