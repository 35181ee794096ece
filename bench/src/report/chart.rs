//! A run as a bar chart in SVG: how many times as much as Plugsmith the peer costs.
//!
//! It is drawn from the JSON of a run, so that one can be drawn anew without measuring anew. The scale is
//! logarithmic, since ratios are. Colours follow the reader's preference for light or dark, and nothing
//! but stripes is drawn behind the bars.

use std::fmt::Write as _;

use serde_json::Value;

use super::times;

const WIDTH: f64 = 1000.0;
const MARGIN: f64 = 16.0;
/// Where bars may begin and end. What is left of it is for words, and right of it for a number.
const LEFT: f64 = 530.0;
const RIGHT: f64 = 930.0;
/// Where the first row begins.
const TOP: f64 = 96.0;
const ROW: f64 = 24.0;
const BAR: f64 = 14.0;
/// From the last row to the bottom.
const FOOT: f64 = 58.0;

/// Ratios beside that of equals that have a line and a number, if they are in sight.
const TICKS: [f64; 6] = [0.5, 2.0, 5.0, 10.0, 50.0, 100.0];

const STYLE: &str = "\
    text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #1f2328 }\n\
    .title { font-size: 18px; font-weight: 600 }\n\
    .number { font-weight: 600 }\n\
    .note { font-size: 11px; fill: #59636e }\n\
    .stripe { fill: #818b98; fill-opacity: 0.09 }\n\
    .time { fill: #0969da }\n\
    .memory { fill: #8250df }\n\
    .worse { fill: #bc4c00 }\n\
    .limit { fill: #818b98; fill-opacity: 0.3 }\n\
    .line { stroke: #818b98; stroke-opacity: 0.35; stroke-dasharray: 2 3 }\n\
    .even { stroke: #59636e; stroke-opacity: 0.9 }\n\
    @media (prefers-color-scheme: dark) {\n\
    text { fill: #f0f6fc }\n\
    .note { fill: #9198a1 }\n\
    .time { fill: #4493f8 }\n\
    .memory { fill: #ab7df8 }\n\
    .worse { fill: #db6d28 }\n\
    .even { stroke: #9198a1 }\n\
    }\n";

/// From one meaning to the next; only the last may be long.
const LEGEND_STEP: f64 = 125.0;

/// What the colours mean.
const LEGEND: [(&str, &str); 4] = [
    ("time", "time"),
    ("memory", "memory"),
    ("worse", "Extism costs less"),
    ("limit", "the limit: wasmtime by itself, or the copies that cannot be spared"),
];

/// One row of the chart.
struct Bar<'a> {
    about: &'a str,
    is_memory: bool,
    /// How many times as much as Plugsmith the peer costs, and how many times as much as the limit.
    ahead: f64,
    possible: Option<f64>,
}

impl<'a> Bar<'a> {
    /// Reads a measure of the JSON, if it has a ratio of costs.
    fn of(measure: &'a Value) -> Option<Self> {
        let median = |key: &str| measure[key]["median"].as_f64().filter(|ratio| *ratio > 0.0);
        let is_memory = match measure["unit"].as_str()? {
            "ns" => false,
            "bytes" => true,
            _ => return None,
        };
        let ahead = median("extism_over_plugsmith")?;
        let behind = median("plugsmith_over_limit");
        let about = measure["about"].as_str()?;
        // What the limit is, is a matter for the table.
        let about = about.split_once("; limit").map_or(about, |(about, _)| about);
        Some(Self { about, is_memory, ahead, possible: behind.map(|behind| ahead * behind) })
    }

    fn class(&self) -> &'static str {
        match (self.ahead < 1.0, self.is_memory) {
            (true, _) => "worse",
            (false, true) => "memory",
            (false, false) => "time",
        }
    }
}

/// From ratios to places: logarithmic, with all bars in sight, and with the ratio of equals.
struct Scale {
    least: f64,
    largest: f64,
}

impl Scale {
    fn of(bars: &[Bar<'_>]) -> Self {
        let ratios = bars.iter().flat_map(|bar| [Some(bar.ahead), bar.possible]).flatten();
        let (least, largest) = ratios
            .fold((1.0, 10.0), |(least, largest), ratio| (ratio.min(least), ratio.max(largest)));
        Self { least, largest }
    }

    fn x(&self, ratio: f64) -> f64 {
        let share = (ratio / self.least).log10() / (self.largest / self.least).log10();
        LEFT + (RIGHT - LEFT) * share
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        TICKS.into_iter().filter(|tick| (self.least..=self.largest).contains(tick))
    }
}

/// Draws the measures that have a ratio of costs, from the JSON of a run.
pub(crate) fn write(run: &Value) -> String {
    let measures = run["measures"].as_array().map(Vec::as_slice).unwrap_or_default();
    let bars: Vec<Bar<'_>> = measures.iter().filter_map(Bar::of).collect();
    let scale = Scale::of(&bars);
    let bottom = bars.iter().fold(TOP, |bottom, _| bottom + ROW);
    let mut svg = Svg::new(bottom + FOOT);
    svg.text("title", MARGIN, 30.0, "", "How many times as much as Plugsmith Extism costs");
    svg.legend();
    svg.axis(&scale, bottom);
    let mut top = TOP;
    for (idx, bar) in bars.iter().enumerate() {
        svg.row(bar, &scale, top, idx % 2 == 0);
        top += ROW;
    }
    let text = |pointer: &str| run.pointer(pointer).and_then(Value::as_str).unwrap_or("none");
    let [plugsmith, extism, wasmtime] =
        ["/versions/plugsmith", "/versions/extism", "/versions/wasmtime"].map(text);
    let versions = format!("Plugsmith {plugsmith}, Extism {extism}, wasmtime {wasmtime}");
    let [processor, system] = ["/machine/processor", "/machine/system"].map(text);
    let place = format!("{processor}, {} cores, {system}", run["machine"]["cores"]);
    svg.text("note", MARGIN, bottom + 28.0, "", &versions);
    svg.text("note", MARGIN, bottom + 44.0, "", &place);
    svg.finish()
}

/// A drawing under way.
struct Svg(String);

impl Svg {
    fn new(height: f64) -> Self {
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
             <title>Extism compared with Plugsmith</title>\n<style>\n{STYLE}</style>\n"
        ))
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{element}").expect("writing to a string cannot fail");
    }

    fn rectangle(&mut self, class: &str, [x, y, width, height]: [f64; 4]) {
        self.add(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\" rx=\"3\"/>"
        ));
    }

    /// Writes text that begins at `x`, or has its middle or end there.
    fn text(&mut self, class: &str, x: f64, baseline: f64, anchor: &str, text: &str) {
        let anchor = if anchor.is_empty() { "start" } else { anchor };
        self.add(format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{baseline:.1}\" text-anchor=\"{anchor}\">{}</text>",
            escape(text)
        ));
    }

    fn legend(&mut self) {
        let mut x = MARGIN;
        for (class, meaning) in LEGEND {
            self.rectangle(class, [x, 44.0, 12.0, 12.0]);
            self.text("note", x + 18.0, 54.0, "", meaning);
            x += LEGEND_STEP;
        }
    }

    fn axis(&mut self, scale: &Scale, bottom: f64) {
        let mut draw = |class: &str, ratio: f64| {
            let x = scale.x(ratio);
            self.add(format_args!(
                "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>"
            ));
            self.text("note", x, TOP - 8.0, "middle", &format!("{ratio}×"));
        };
        scale.ticks().for_each(|ratio| draw("line", ratio));
        draw("even", 1.0);
    }

    fn row(&mut self, bar: &Bar<'_>, scale: &Scale, top: f64, has_stripe: bool) {
        if has_stripe {
            self.rectangle("stripe", [MARGIN / 2.0, top, WIDTH - MARGIN, ROW]);
        }
        let (y, baseline) = (top + (ROW - BAR) / 2.0, top + 16.5);
        let mut draw = |class: &str, ratio: f64, inset: f64| {
            let (start, end) = (scale.x(ratio.min(1.0)), scale.x(ratio.max(1.0)));
            self.rectangle(class, [start, y + inset, end - start, BAR - 2.0 * inset]);
        };
        if let Some(possible) = bar.possible {
            draw("limit", possible, 4.0);
        }
        draw(bar.class(), bar.ahead, 0.0);
        self.text("", LEFT - 12.0, baseline, "end", bar.about);
        let longest = bar.possible.unwrap_or(1.0).max(bar.ahead).max(1.0);
        self.text("number", scale.x(longest) + 8.0, baseline, "", &times(bar.ahead));
    }

    fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{json, tests::report},
        *,
    };

    #[test]
    fn each_ratio_of_costs_is_a_bar() {
        let svg = write(&json::value(&report()));
        assert_eq!(svg.matches("class=\"time\"").count(), 3, "with the legend's: {svg}");
        assert!(svg.contains(">62×</text>") && svg.contains(">124×</text>"), "{svg}");
        assert!(svg.contains("about &lt;empty&gt;") && !svg.contains("<empty>"), "{svg}");
        assert!(svg.contains("Plugsmith 0.1.0, Extism 1.41.0, wasmtime 48.0.0"), "{svg}");
        assert!(svg.contains("Some CPU 7, 2 cores, linux 6.1"), "{svg}");
    }

    #[test]
    fn bars_go_from_equals_to_either_side() {
        let measure = |ahead: f64, behind: f64| {
            json!({
                "about": "work; limit: less work",
                "unit": "ns",
                "extism_over_plugsmith": { "median": ahead },
                "plugsmith_over_limit": { "median": behind },
            })
        };
        let run = json!({ "measures": [measure(0.5, 1.0), measure(10.0, 5.0)] });
        let svg = write(&run);
        let bars: Vec<_> = run["measures"].as_array().unwrap().iter().filter_map(Bar::of).collect();
        assert_eq!(bars.iter().map(Bar::class).collect::<Vec<_>>(), ["worse", "time"]);
        let scale = Scale::of(&bars);
        let places = [0.5, 5.0, 50.0].map(|ratio| format!("{:.1}", scale.x(ratio)));
        assert_eq!(places, ["530.0", "730.0", "930.0"]);
        assert!(svg.contains(">work</text>") && svg.contains(">0.50×</text>"), "{svg}");
    }

    #[test]
    fn a_chart_without_bars_is_one() {
        for run in [json!({ "measures": [] }), json!({}), json!(null)] {
            let svg = write(&run);
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
        }
    }
}
