//! A report as a bar chart in SVG: how many times as much as Plugsmith the peer costs.
//!
//! The scale is logarithmic, since ratios are. Colours follow the reader's preference for light or
//! dark, and nothing is drawn behind the bars.

use std::fmt::Write as _;

use super::{Report, times};

const WIDTH: f64 = 1000.0;
/// Where bars begin.
const LEFT: f64 = 530.0;
/// Where the longest may end, so that there is room for its number.
const RIGHT: f64 = 940.0;
const TOP: f64 = 64.0;
const ROW: f64 = 24.0;
const BAR: f64 = 15.0;
/// Below the last bar.
const FOOT: f64 = 44.0;

const STYLE: &str = "\
    text { font: 13px system-ui, sans-serif; fill: #24292f }\n\
    .title { font-size: 16px; font-weight: 600 }\n\
    .note { font-size: 11px; fill: #57606a }\n\
    .bar { fill: #0969da }\n\
    .line { stroke: #d0d7de }\n\
    @media (prefers-color-scheme: dark) {\n\
    text { fill: #e6edf3 }\n\
    .note { fill: #8b949e }\n\
    .bar { fill: #58a6ff }\n\
    .line { stroke: #30363d }\n\
    }\n";

/// Draws the rows that have a ratio.
pub(crate) fn write(report: &Report) -> String {
    let bars: Vec<(&str, f64)> = report
        .rows
        .iter()
        .filter_map(|row| Some((row.about.as_str(), row.figures()?.ahead.as_ref()?.median)))
        .collect();
    let largest = bars.iter().map(|(_, ratio)| *ratio).fold(10.0, f64::max);
    let x = |ratio: f64| LEFT + (RIGHT - LEFT) * (ratio.max(1.0).log10() / largest.log10());
    let bottom = bars.iter().fold(TOP, |bottom, _| bottom + ROW);
    let height = bottom + FOOT;

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n\
         <title>Extism compared with Plugsmith</title>\n<style>\n{STYLE}</style>\n"
    );
    let mut draw = |element: String| {
        writeln!(svg, "{element}").expect("writing to a string cannot fail");
    };
    let title = "How many times as much as Plugsmith Extism takes";
    draw(format!("<text class=\"title\" x=\"12\" y=\"26\">{title}</text>"));
    for ratio in [1.0, 10.0, 100.0].into_iter().filter(|ratio| *ratio <= largest) {
        let (x, label) = (x(ratio), TOP - 10.0);
        draw(format!(
            "<line class=\"line\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>"
        ));
        draw(format!(
            "<text class=\"note\" x=\"{x:.1}\" y=\"{label}\" text-anchor=\"middle\">{ratio}×</text>"
        ));
    }
    let mut top = TOP;
    for (about, ratio) in bars {
        let (baseline, width) = (top + BAR, x(ratio) - LEFT);
        let (label, number, bar) = (LEFT - 10.0, x(ratio) + 6.0, top + (ROW - BAR) / 2.0);
        draw(format!(
            "<text x=\"{label}\" y=\"{baseline}\" text-anchor=\"end\">{}</text>",
            escape(about)
        ));
        draw(format!(
            "<rect class=\"bar\" x=\"{LEFT}\" y=\"{bar}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"2\"/>"
        ));
        draw(format!("<text x=\"{number:.1}\" y=\"{baseline}\">{}</text>", times(ratio)));
        top += ROW;
    }
    let machine = &report.machine;
    for (line, above) in [(machine.versions(), 24.0), (machine.place(), 8.0)] {
        let y = height - above;
        draw(format!("<text class=\"note\" x=\"12\" y=\"{y}\">{}</text>", escape(&line)));
    }
    svg.push_str("</svg>\n");
    svg
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::{super::tests::report, *};

    #[test]
    fn each_ratio_is_a_bar() {
        let svg = write(&report());
        assert_eq!(svg.matches("<rect").count(), 2);
        assert!(svg.contains(">62×</text>") && svg.contains(">124×</text>"), "{svg}");
        // The largest takes all the room there is.
        assert!(svg.contains(&format!("width=\"{:.1}\"", RIGHT - LEFT)), "{svg}");
        assert!(svg.contains("about &lt;empty&gt;") && !svg.contains("<empty>"), "{svg}");
    }

    #[test]
    fn a_chart_without_bars_is_one() {
        let svg = write(&Report { rows: Vec::new(), ..report() });
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    }
}
