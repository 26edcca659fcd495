//! The sections of the page on speed: tables with bars for each workload, and a graph for each curve.
//!
//! The graphs are inline SVG in the colours of the page, with their figures as tables.

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
        workloads: workloads(results),
        graphs: results.curves.iter().enumerate().filter_map(Graph::of).collect(),
    };
    sections.render().map_err(|error| error.to_string())
}

#[derive(Template)]
#[template(path = "speed.html")]
struct Sections<'a> {
    results: &'a SpeedResults,
    workloads: Vec<Workload<'a>>,
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

/// All tables of a workload.
struct Workload<'a> {
    name: &'a str,
    text: &'a str,
    tables: Vec<Bars<'a>>,
}

/// A table of a workload, with a bar for each figure.
struct Bars<'a> {
    table: &'a Table,
    /// The pools, the smallest figure first, those without a figure last.
    rows: Vec<Bar<'a>>,
}

/// The figure of a pool as a bar.
struct Bar<'a> {
    entry: &'a Entry,
    /// `own`, `peer` or `less`.
    kind: &'static str,
    /// The length of the bar, as a percentage of the longest one.
    percent: f64,
}

fn workloads(results: &SpeedResults) -> Vec<Workload<'_>> {
    let mut workloads: Vec<Workload<'_>> = Vec::new();
    for table in &results.tables {
        let known = workloads.iter().position(|workload| workload.name == table.workload);
        let index = known.unwrap_or_else(|| {
            let (name, text) = (&*table.workload, &*table.text);
            workloads.push(Workload { name, text, tables: Vec::new() });
            workloads.len() - 1
        });
        workloads[index].tables.push(Bars::of(table));
    }
    workloads
}

impl<'a> Bars<'a> {
    fn of(table: &'a Table) -> Self {
        let figure = |entry: &Entry| entry.value.map(|value| value.median);
        let longest = table.entries.iter().filter_map(figure).fold(0.0, f64::max);
        let mut entries: Vec<_> = table.entries.iter().collect();
        let key = |entry: &Entry| figure(entry).unwrap_or(f64::INFINITY);
        entries.sort_by(|one, other| key(one).total_cmp(&key(other)));
        let bar = |entry: &'a Entry| Bar {
            entry,
            kind: match (entry.own, entry.is_compared) {
                (true, _) => "own",
                (false, true) => "peer",
                (false, false) => "less",
            },
            percent: figure(entry).map_or(0.0, |figure| {
                if longest > 0.0 {
                    (figure / longest * 100.0).max(0.5)
                } else {
                    0.5
                }
            }),
        };
        Bars { table, rows: entries.into_iter().map(bar).collect() }
    }
}

/// The width of graphs, in their own units.
const WIDTH: f64 = 760.0;

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
    use super::Scale;
    use crate::speed::results::tests::results;

    #[test]
    fn bars_are_as_long_as_their_figures() {
        let results = results();
        let workloads = super::workloads(&results);
        let rows = &workloads[0].tables[0].rows;
        let names: Vec<_> = rows.iter().map(|row| (&*row.entry.pool, row.kind)).collect();
        let expected =
            [("careless", "less"), ("last-call", "own"), ("slow", "peer"), ("stuck", "peer")];
        assert_eq!(names, expected);
        let percent: Vec<_> = rows.iter().map(|row| row.percent.round()).collect();
        assert_eq!(percent, [5.0, 50.0, 100.0, 0.0]);
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
    fn a_table_has_its_figures_and_a_graph_its_sentence() {
        let page = super::render(&results()).unwrap();
        for part in ["<title", "<desc", "<figcaption", "does not wait", "killed"] {
            assert!(page.contains(part), "{part} is not in: {page}");
        }
        // Among the standings, and among the figures.
        assert_eq!(page.matches("0.50 (0.50–0.50)").count(), 2, "{page}");
        assert!(page.contains("From 1 to 64 workers: last-call: 50.0 ns, then 1500"), "{page}");
        assert!(page.contains("it &#60;waits&#62;") || page.contains("it &lt;waits&gt;"), "{page}");
    }
}
